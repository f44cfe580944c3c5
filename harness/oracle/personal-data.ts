import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { queryRows } from '../database.ts';

/** Every form in which a table, a file or a log may hold a text. */
function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const ascii = JSON.stringify(text)
    .slice(1, -1)
    .replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return [text, ascii, bytes.toString('hex'), encodeURIComponent(text), ...base64FormsOf(bytes)];
}

/** What all base64 texts have in common that contain these bytes, at each of the three offsets. */
function base64FormsOf(bytes: Buffer): string[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    // The first and the last character depend on the text around the value.
    return text.slice(offset === 0 ? 0 : offset + 1).replace(/.?=*$/, '');
  });
}

/** All tables and columns of a database that hold one of the texts, in any form or case. */
export async function tablesWith(databaseUrl: string, texts: string[]): Promise<string[]> {
  const tables = await queryRows(
    databaseUrl,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
  );
  const forms = texts.flatMap(formsOf).map((form) => form.toLowerCase());
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await queryRows(
      databaseUrl,
      `select each::text as text from ${name} as each
        where exists (select from unnest($1::text[]) as form
          where position(form in lower(each::text)) > 0) limit 3`,
      [forms],
    );
    found.push(...rows.map(({ text }) => `${name}: ${text}`));
  }
  return found;
}

/** Files below a folder that hold one of the texts. */
export function filesWith(
  folder: string,
  texts: string[],
  isLeftOut: (path: string) => boolean = () => false,
): string[] {
  const forms = texts.flatMap(formsOf).map((form) => form.toLowerCase());
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !isLeftOut(path))
    .filter((path) => {
      const content = readFileSync(path).toString().toLowerCase();
      return forms.some((form) => content.includes(form));
    });
}
