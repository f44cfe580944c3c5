import { randomUUID } from 'node:crypto';
import { InvalidArgumentError, Option } from 'commander';
import { minorUnitDigits } from '#contracts/currency.ts';
import { IDEMPOTENCY_KEY } from '#contracts/patterns.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import type { Say, TextKey } from '../texts/messages.ts';
import type { CommandContext } from './command-context.ts';
import type { CommandRegistrar } from './command-registrar.ts';
import { printError } from './output.ts';

/** Options of commands that can be repeated with the same key. */
export interface Repeating {
  key?: string;
  /** Milliseconds. */
  wait: number;
  currency?: string;
}

const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const WAIT_S = 15;
const WAIT_MAX_S = 3_600;

/** The options `--key`, `--wait` and `--currency`. */
export function repeatingOptions(registrar: CommandRegistrar): Option[] {
  const { option, say } = registrar;
  return [
    option('--key <key>', 'optionKey', checked(IDEMPOTENCY_KEY, say('badKey'))),
    waitOption(registrar, 'optionWait', WAIT_S),
    option('--currency <code>', 'optionCurrency', currencyOf(say)),
  ];
}

/** The option `--wait`; its value is in milliseconds. */
export function waitOption({ say }: CommandRegistrar, about: TextKey, seconds: number): Option {
  return new Option('--wait <seconds>', `${say(about)} (${seconds})`)
    .default(seconds * 1_000)
    .argParser(waitMsOf(say));
}

function currencyOf(say: Say) {
  return (code: string): string => {
    if (minorUnitDigits(code) === undefined) throw new InvalidArgumentError(say('badCurrency'));
    return code;
  };
}

function checked(pattern: string, fault: string) {
  return (text: string): string => {
    if (!new RegExp(pattern).test(text)) throw new InvalidArgumentError(fault);
    return text;
  };
}

function waitMsOf(say: Say) {
  return (text: string): number => {
    const seconds = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
    if (!(seconds <= WAIT_MAX_S)) throw new InvalidArgumentError(say('badWait'));
    return seconds * 1_000;
  };
}

/** Given to the call, which repeats the request. */
interface Repetition {
  key: string;
  deadlineMs: number;
}

/**
 * Sends a request under the given or a new key. If its outcome stays unknown, the error names the
 * command that repeats it under that key.
 * @param words the command without its options
 */
export async function repeatSafely<A extends { status: number }>(
  context: CommandContext,
  { key = randomUUID(), wait, currency }: Repeating,
  words: string[],
  send: (repetition: Repetition) => Promise<A>,
): Promise<A & { again: string[] }> {
  const options = currency === undefined ? [] : ['--currency', currency];
  const again = [context.say('again'), `  ${context.again(...words, ...options, '--key', key)}`];
  // If the command is stopped now, only this key allows a safe repetition.
  const onStop = () => {
    printError(again.join('\n'));
    process.exit(EXIT.noAnswer);
  };
  for (const signal of STOPS) process.once(signal, onStop);
  try {
    const answer = await send({ key, deadlineMs: wait });
    return { ...answer, again };
  } catch (error) {
    if (error instanceof CliError && error.open) {
      error.hints.push(...again);
      if (error.exitCode !== EXIT.signedOut) error.exitCode = EXIT.noAnswer;
    }
    throw error;
  } finally {
    for (const signal of STOPS) process.off(signal, onStop);
  }
}
