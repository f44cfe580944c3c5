import { printable, printableJson } from '#platform/values/printable.ts';

// All that commands print. Texts of others (names, mail servers' answers, arguments) cannot steer
// the terminal: only our own styles do.

// What `styleText` writes. Texts of the API have no escape character (client/api.ts).
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is the escape character
const STYLE = /(\u001b\[\d{1,2}m)/;

/** A text as it is printed; it keeps the styles of `Screen.paint`. */
export function styled(text: string): string {
  return text
    .split(STYLE)
    .map((part, index) => (index % 2 === 1 ? part : printable(part)))
    .join('');
}

export function print(text: string): void {
  process.stdout.write(`${styled(text)}\n`);
}

/** Prints JSON; its value stays the same. */
export function printJson(json: string): void {
  process.stdout.write(`${printableJson(json.trim())}\n`);
}

/** Prints lines of CSV, which end as RFC 4180 says. */
export function printCsv(lines: string[]): void {
  process.stdout.write(lines.map((line) => `${printable(line)}\r\n`).join(''));
}

/** Moves the cursor home and clears the screen of a terminal. */
export function clearScreen(): void {
  if (process.stdout.isTTY) process.stdout.write('\x1b[H\x1b[2J');
}

export function printError(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** Asks a question: the answer follows on the same line. */
export function printQuestion(text: string): void {
  process.stderr.write(printable(text));
}
