import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { printError, printQuestion } from './output.ts';

/**
 * Asks for a password: hidden on a terminal, otherwise from the first line of standard input.
 * @returns null without a line, or after Ctrl-C
 */
export function askPassword(question: string): Promise<string | null> {
  const terminal = process.stdin.isTTY === true;
  if (terminal) printQuestion(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal });
  return new Promise((resolve) => {
    const end = (password: string | null) => {
      resolve(password);
      lines.close();
      if (terminal) printError('');
    };
    lines.once('line', end);
    lines.once('SIGINT', () => end(null));
    lines.once('close', () => resolve(null));
  });
}
