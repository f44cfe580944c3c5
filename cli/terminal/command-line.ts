/** The program as called from the checkout. */
export const PROGRAM = 'npm run orderbell --';

/** An id for examples. */
export const SOME_ID = '0198c0de-0000-7000-8000-000000000000';

/** A command as it can be pasted into a shell. */
export function commandLine(words: readonly string[]): string {
  return [PROGRAM, ...words.map(quoted)].join(' ');
}

/** POSIX quoting: everything between single quotes is taken as it is. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
