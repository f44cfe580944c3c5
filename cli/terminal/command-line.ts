/** How the program is called from the checkout. */
export const PROGRAM = 'npm run orderbell --';

/** A command as it can be pasted into a context. */
export function commandLine(words: readonly string[]): string {
  return [PROGRAM, ...words.map(quoted)].join(' ');
}

/** POSIX quoting: everything between single quotes is taken as it is. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
