import type { Option } from 'commander';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, SOME_ID, SOME_NUMBER } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { waitOption } from '../terminal/retry.ts';
import { readAll } from '../views/list.ts';
import { resendOf } from './resend-one.ts';

/** Which failures: when, why, and of which kind of letter. */
export function failureOptions(
  { choice, moment, option }: CommandRegistrar,
  since = '--since',
  until = '--until',
): Option[] {
  return [
    moment(`${since} <time>`, 'optionSince'),
    moment(`${until} <time>`, 'optionUntil'),
    option('--reason <text>', 'optionFailure'),
    choice('--kind <kind>', 'optionKind', ['happiness', 'grief']),
  ];
}

interface ResendOptions {
  since?: string;
  until?: string;
  reason?: string;
  kind?: 'happiness' | 'grief';
  all?: true;
  dryRun?: true;
  /** Milliseconds, or false for none. */
  wait: number | false;
}

/** Letters that are sent again: by their ids, or by why they failed. */
export function addResendCommand(registrar: CommandRegistrar): void {
  const { add, option } = registrar;
  const examples = [
    `operator resend ${SOME_NUMBER} ${SOME_ID}`,
    'operator resend --since 2026-03-05T09:00 --reason "5.7.1" --dry-run',
  ];
  add('resend [letter...]', 'resend', resend, examples, [
    ...failureOptions(registrar),
    option('--all', 'optionAllFailed'),
    option('--dry-run', 'optionDryRun'),
    waitOption(registrar, 'optionResendWait', RESEND_WAIT_S),
    option('--no-wait', 'optionNoWait'),
  ]);
}

const RESEND_WAIT_S = 30;
const REASON_MAX = 200;

async function resend(context: CommandContext, options: ResendOptions, words: string[]) {
  const { since, until, reason, kind, all, dryRun, wait } = options;
  if (reason !== undefined && (reason === '' || [...reason].length > REASON_MAX)) {
    throw new CliError(EXIT.usage, context.say('badReason'));
  }
  const filter = { failedSince: since, failedUntil: until, failure: reason, kind };
  const byFilter = all === true || Object.values(filter).some((value) => value !== undefined);
  if (byFilter === words.length > 0) {
    throw new CliError(EXIT.usage, context.say('letterOrFilter'));
  }
  if (byFilter) return resendMatching(context, filter, dryRun === true);
  if (dryRun) throw new CliError(EXIT.usage, context.say('dryRunOfOne'));
  return resendOf(context, words, wait === false ? 0 : wait);
}

/** Each answer covers some thousand letters. */
async function resendMatching(
  context: CommandContext,
  filter: Record<string, string | undefined>,
  dryRun: boolean,
) {
  const { bodies, json } = await readAll((cursor) =>
    context.call('resendFailedLetters', {
      body: { ...filter, cursor, ...(dryRun && { dryRun }) },
    }),
  );
  const count = dryRun ? 'matched' : 'resent';
  const total = bodies.reduce((sum, body) => sum + body[count], 0);
  context.show(json, () => context.say(dryRun ? 'lettersMatch' : 'lettersResent', total));
  return EXIT.done;
}
