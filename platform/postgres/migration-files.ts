import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

/** A numbered SQL file, applied once. */
export interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of its text, whichever line ends a checkout gives it. */
  checksum: string;
  /**
   * False when its first line is `-- no-transaction`, for statements such as `create index
   * concurrently`. It may stop half way and run again from its beginning, so each statement must
   * bear a repetition: begin with `drop index concurrently if exists …`, as an index that was not
   * completed stays, invalid.
   */
  inTransaction: boolean;
}

const MARKER = /^-- no-transaction\s*$/m;

/** Reads the `*.sql` files of folders: folder by folder, in name order. */
export async function readMigrations(folders: readonly URL[]): Promise<Migration[]> {
  const files = await Promise.all(
    folders.map(async (folder) => {
      const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
      return Promise.all(names.map((name) => readMigration(folder, name)));
    }),
  );
  return files.flat();
}

async function readMigration(folder: URL, name: string): Promise<Migration> {
  const sql = (await readFile(new URL(name, folder), 'utf8')).replaceAll('\r\n', '\n');
  const [firstLine = ''] = sql.split('\n', 1);
  return { name, sql, checksum: hash('sha256', sql), inTransaction: !MARKER.test(firstLine) };
}

/**
 * The statements of a file without a transaction: several in one message would be one. Each ends
 * with a semicolon at the end of a line.
 */
export function statementsOf({ sql }: Migration): string[] {
  return sql
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replaceAll(/^\s*--.*$/gm, '').trim() !== '');
}
