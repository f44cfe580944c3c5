import { readFile } from 'node:fs/promises';
import { pageAt } from '#platform/values/program.ts';

/** The part of our documentation that helps where a remedy does not. */
export const DAMAGED_FILES = `"Damaged files" in ${pageAt('docs/reference/starting.md')}`;

/** A file that a start needs, with the texts of the error when it is damaged. */
export interface KeptFile {
  path: string;
  /** Its purpose, as a sentence. */
  purpose: string;
  /** The instruction to the user, as a sentence. */
  remedy: string;
}

/** A damaged file: the start ends, and overwrites nothing. The message is one line for people. */
export class DamagedFileError extends Error {
  /** @param wrong its fault, as in "is empty" */
  constructor({ path, purpose, remedy }: KeptFile, wrong: string) {
    super(`${path} ${wrong}. ${purpose} ${remedy}`);
    this.name = 'DamagedFileError';
  }
}

/**
 * @returns undefined when there is no such file
 * @throws DamagedFileError when it is empty or cannot be read
 */
export async function readKeptFile(file: KeptFile): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(file.path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new DamagedFileError(file, whyUnreadable(error));
  }
  if (text.trim() === '') throw new DamagedFileError(file, 'is empty');
  return text;
}

export function whyUnreadable(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `may not be used by this user (uid ${process.getuid?.() ?? '?'})`;
    case 'EISDIR':
      return 'is a folder';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'is not a folder';
    case 'EROFS':
      return 'is on a read-only file system';
    case 'ENOSPC':
      return 'is on a full disk';
    default:
      return `cannot be used (${message})`;
  }
}
