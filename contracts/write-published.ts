import { writeFile } from 'node:fs/promises';
import { publishedDescriptions, publishedText } from './published.ts';

for (const [name, description] of Object.entries(publishedDescriptions())) {
  await writeFile(new URL(`published/${name}`, import.meta.url), publishedText(description));
}
