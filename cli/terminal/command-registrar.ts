import type { Command } from 'commander';
import type { ExitCode } from '../client/exit-codes.ts';
import type { Say } from '../texts/messages.ts';
import type { Shell } from './command-context.ts';

/** A command's work; resolves with its exit code, or nothing for 0. */
// biome-ignore lint/suspicious/noExplicitAny: commander passes what the command declares
export type Handler = (shell: Shell, options: any, ...args: any[]) => Promise<ExitCode | undefined>;

/** What a group of commands is declared with. */
export interface Declaring {
  say: Say;
  /** The action of a command: opens its shell and keeps its exit code. */
  run: (handler: Handler) => (...args: unknown[]) => Promise<void>;
  /** Puts an example below the help of a command. */
  example: (command: Command, ...lines: string[]) => Command;
}
