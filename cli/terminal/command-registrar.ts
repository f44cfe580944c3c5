import type { Command } from 'commander';
import type { ExitCode } from '../client/exit-codes.ts';
import type { Say } from '../texts/messages.ts';
import type { CommandContext } from './command-context.ts';

// biome-ignore lint/suspicious/noExplicitAny: commander passes what the command declares
type Parsed = any;

/** A command's work; resolves with its exit code, or nothing for 0. */
export type Handler = (
  context: CommandContext,
  options: Parsed,
  ...args: Parsed[]
) => Promise<ExitCode | undefined>;

/** What a group of commands is declared with. */
export interface CommandRegistrar {
  say: Say;
  /** The action of a command: opens its context and keeps its exit code. */
  run: (handler: Handler) => (...args: unknown[]) => Promise<void>;
  /** Puts an example below the help of a command. */
  example: (command: Command, ...lines: string[]) => Command;
}
