import { writeFile } from 'node:fs/promises';
import { GENERATED_FOLDER, generatedTexts } from './operation-types.ts';

// `npm run client:types`: writes the operations and types of the client.

for (const [name, text] of await generatedTexts()) {
  await writeFile(new URL(name, GENERATED_FOLDER), text);
}
