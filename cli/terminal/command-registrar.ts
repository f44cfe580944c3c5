import { type Command, Option } from 'commander';
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
  // biome-ignore lint/suspicious/noConfusingVoidType: most handlers return nothing
) => Promise<ExitCode | undefined | void>;

/** The tools to declare a group of commands with. */
export interface CommandRegistrar {
  say: Say;
  /** The action of a command: opens its context and records its exit code. */
  run: (handler: Handler) => (...args: unknown[]) => Promise<void>;
  /** Puts an example below the help of a command. */
  example: (command: Command, ...lines: string[]) => Command;
}

/** An option with a few values, which its help lists. */
export function choiceOption(flags: string, description: string, choices: string[]): Option {
  return new Option(flags, `${description}: ${choices.join(', ')}`).choices(choices);
}
