import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LettersToResend, ResendResult } from '#contracts/notifications.ts';
import * as contract from '#contracts/operator.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, jsonArray } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';

const SOME_ID = '0198c0de-0000-7000-8000-000000000000';
const REASON_LENGTH_MAX = 200;

interface Options {
  since?: string;
  until?: string;
  reason?: string;
  kind?: 'happiness' | 'grief';
  all?: true;
  dryRun?: true;
}

/** `operator resend`: one letter, or the failed ones that match. */
export function addResendCommand(operator: Command, { say, run, example }: CommandRegistrar): void {
  const moment = (text: string): string => {
    const ms = Date.parse(text);
    if (Number.isNaN(ms)) throw new InvalidArgumentError(say('badMoment', text));
    return new Date(ms).toISOString();
  };
  const reason = (text: string): string => {
    if (text !== '' && [...text].length <= REASON_LENGTH_MAX) return text;
    throw new InvalidArgumentError(say('badReason'));
  };
  example(
    operator
      .command('resend')
      .description(say('resend'))
      .argument('[letter]', say('argLetterOrFilter'))
      .option('--since <time>', say('optionSince'), moment)
      .option('--until <time>', say('optionUntil'), moment)
      .option('--reason <text>', say('optionFailure'), reason)
      .addOption(
        new Option('--kind <kind>', `${say('optionKind')}: happiness, grief`).choices([
          'happiness',
          'grief',
        ]),
      )
      .option('--all', say('optionAllFailed'))
      .option('--dry-run', say('optionDryRun'))
      .action(run(resend)),
    `operator resend ${SOME_ID}`,
    'operator resend --since 2026-03-05T09:00 --reason "5.7.1" --dry-run',
  );
}

async function resend(context: CommandContext, options: Options, id?: string) {
  const { since, until, reason, kind, all, dryRun } = options;
  const filter: LettersToResend = {
    ...(since !== undefined && { failedSince: since }),
    ...(until !== undefined && { failedUntil: until }),
    ...(reason !== undefined && { failure: reason }),
    ...(kind !== undefined && { kind }),
  };
  const byFilter = all === true || Object.keys(filter).length > 0;
  if (byFilter === (id !== undefined)) {
    throw new CliError(EXIT.usage, context.say('letterOrFilter'));
  }
  if (id === undefined) return resendMatching(context, filter, dryRun === true);
  if (dryRun) throw new CliError(EXIT.usage, context.say('dryRunOfOne'));
  const params = { letterId: checkedId(context, id) };
  const answer = await context.call(contract.resendAnyLetter, { params });
  context.show(answer.text, () => context.say('resent'));
  return undefined;
}

/** Follows the cursors to the end: each answer looks at some thousand letters. */
async function resendMatching(context: CommandContext, filter: LettersToResend, dryRun: boolean) {
  const texts: string[] = [];
  const total = { matched: 0, resent: 0 };
  let cursor: string | undefined;
  do {
    const body = { ...filter, ...(cursor !== undefined && { cursor }), ...(dryRun && { dryRun }) };
    const answer: { body: ResendResult; text: string } = await context.call(
      contract.resendFailedLetters,
      { body },
    );
    texts.push(answer.text);
    total.matched += answer.body.matched;
    total.resent += answer.body.resent;
    cursor = answer.body.nextCursor ?? undefined;
  } while (cursor !== undefined);
  context.show(jsonArray(texts), () =>
    dryRun
      ? context.say('lettersMatch', total.matched)
      : context.say('lettersResent', total.resent),
  );
  return undefined;
}
