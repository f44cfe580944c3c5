import { writeFile } from 'node:fs/promises';
import { printableJson } from '#platform/values/printable.ts';
import { loadServices } from './system/services.ts';

// `npm run contracts`: writes the OpenAPI and AsyncAPI documents of all services.

export const PUBLISHED_FOLDER = new URL('../contracts/published/', import.meta.url);

/** The texts of the published files, by file name. */
export async function publishedTexts(): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const { descriptions = {} } of await loadServices()) {
    for (const [file, describe] of Object.entries(descriptions)) {
      // Patterns name characters that no editor shows.
      texts.set(file, printableJson(`${JSON.stringify(await describe(), null, 2)}\n`));
    }
  }
  return texts;
}

if (import.meta.main) {
  for (const [name, text] of await publishedTexts()) {
    await writeFile(new URL(name, PUBLISHED_FOLDER), text);
  }
}
