import { printable } from '../values/printable.ts';

/** Writes a line to standard output. What it quotes of others cannot steer the terminal. */
export function print(text: string): void {
  console.log(printable(text));
}

/** The same to standard error. */
export function printError(text: string): void {
  console.error(printable(text));
}
