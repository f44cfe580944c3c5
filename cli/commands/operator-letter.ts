import { InvalidArgumentError } from 'commander';
import type { LetterPreview } from '#contracts/notifications.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, SOME_ID } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { facts } from '../terminal/screen.ts';
import { letterRow, letterText } from '../views/letter.ts';
import { listOf, readAll, showOf } from '../views/list.ts';

const REASON_LENGTH_MAX = 200;

/** Letters of all customers. */
export function addOperatorLetterCommands(registrar: CommandRegistrar): void {
  const { add, choice, limit } = registrar;
  const states = choice('--state <state>', 'optionState', ['queued', 'sending', 'sent', 'failed']);
  const list = listOf('readAllLetters', letterRow);
  add('letters', 'operatorLetters', list, ['operator letters --state failed'], [states, limit()]);
  const show = showOf('readAnyLetter', 'letterId', letterText);
  add('letter <letter>', 'letter', show, [`operator letter ${SOME_ID}`]);
  const preview = showOf('previewAnyLetter', 'letterId', previewText);
  add('preview <letter>', 'preview', preview, [`operator preview ${SOME_ID}`]);
  addResendCommand(registrar);
}

function previewText(context: CommandContext, { locale, subject, text, to }: LetterPreview) {
  const head = facts(context, [
    [context.say('to'), to],
    [context.say('subject'), subject],
    [context.say('lettersIn'), locale],
  ]);
  return `${head}\n\n${text.trimEnd()}`;
}

interface ResendOptions {
  since?: string;
  until?: string;
  reason?: string;
  kind?: 'happiness' | 'grief';
  all?: true;
  dryRun?: true;
}

function addResendCommand({ add, choice, moment, option, say }: CommandRegistrar): void {
  const reason = (text: string): string => {
    if (text !== '' && [...text].length <= REASON_LENGTH_MAX) return text;
    throw new InvalidArgumentError(say('badReason'));
  };
  const examples = [
    `operator resend ${SOME_ID}`,
    'operator resend --since 2026-03-05T09:00 --reason "5.7.1" --dry-run',
  ];
  add('resend [letter]', 'resend', resend, examples, [
    moment('--since <time>', 'optionSince'),
    moment('--until <time>', 'optionUntil'),
    option('--reason <text>', 'optionFailure', reason),
    choice('--kind <kind>', 'optionKind', ['happiness', 'grief']),
    option('--all', 'optionAllFailed'),
    option('--dry-run', 'optionDryRun'),
  ]);
}

async function resend(context: CommandContext, options: ResendOptions, id?: string) {
  const { since, until, reason, kind, all, dryRun } = options;
  const filter = { failedSince: since, failedUntil: until, failure: reason, kind };
  const byFilter = all === true || Object.values(filter).some((value) => value !== undefined);
  if (byFilter === (id !== undefined)) {
    throw new CliError(EXIT.usage, context.say('letterOrFilter'));
  }
  if (id === undefined) return resendMatching(context, filter, dryRun === true);
  if (dryRun) throw new CliError(EXIT.usage, context.say('dryRunOfOne'));
  const answer = await context.call('resendAnyLetter', {
    params: { letterId: checkedId(context, id) },
  });
  context.show(answer.text, () => context.say('resent'));
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
}
