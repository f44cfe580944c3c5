import { type Command, InvalidArgumentError } from 'commander';
import type { LettersToResend } from '#contracts/notifications.ts';
import * as contract from '#contracts/operator.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId } from '../terminal/command-context.ts';
import { SOME_ID } from '../terminal/command-line.ts';
import { type CommandRegistrar, choiceOption } from '../terminal/command-registrar.ts';
import { facts } from '../terminal/screen.ts';
import { letterRow, letterText } from '../views/letter.ts';
import { limitOption, readAll, showList } from '../views/list.ts';

const REASON_LENGTH_MAX = 200;

/** Letters of all customers. */
export function addOperatorLetterCommands(operator: Command, registrar: CommandRegistrar): void {
  const { say, run, example } = registrar;
  const states = ['queued', 'sending', 'sent', 'failed'];
  const letters = operator
    .command('letters')
    .description(say('operatorLetters'))
    .addOption(choiceOption('--state <state>', say('optionState'), states));
  example(limitOption(letters, say).action(run(listLetters)), 'operator letters --state failed');

  const handlers = { letter: showLetter, preview: showPreview };
  for (const [name, handler] of Object.entries(handlers)) {
    example(
      operator
        .command(name)
        .description(say(name as keyof typeof handlers))
        .argument('<letter>', say('argLetter'))
        .action(run(handler)),
      `operator ${name} ${SOME_ID}`,
    );
  }
  addResendCommand(operator, registrar);
}

async function listLetters(
  context: CommandContext,
  { limit, state }: { limit?: number; state?: string },
) {
  await showList(context, {
    read: (cursor) => context.call(contract.readAllLetters, { query: { state, limit, cursor } }),
    row: letterRow,
  });
}

const letterParams = (context: CommandContext, id: string) => ({
  params: { letterId: checkedId(context, id) },
});

async function showLetter(context: CommandContext, _options: unknown, id: string) {
  const answer = await context.call(contract.readAnyLetter, letterParams(context, id));
  context.show(answer.text, () => letterText(context, answer.body));
}

async function showPreview(context: CommandContext, _options: unknown, id: string) {
  const answer = await context.call(contract.previewAnyLetter, letterParams(context, id));
  context.show(answer.text, () => {
    const { locale, subject, text, to } = answer.body;
    const head = facts(context, [
      [context.say('to'), to],
      [context.say('subject'), subject],
      [context.say('lettersIn'), locale],
    ]);
    return `${head}\n\n${text.trimEnd()}`;
  });
}

interface ResendOptions {
  since?: string;
  until?: string;
  reason?: string;
  kind?: 'happiness' | 'grief';
  all?: true;
  dryRun?: true;
}

function addResendCommand(operator: Command, { say, run, example }: CommandRegistrar): void {
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
      .addOption(choiceOption('--kind <kind>', say('optionKind'), ['happiness', 'grief']))
      .option('--all', say('optionAllFailed'))
      .option('--dry-run', say('optionDryRun'))
      .action(run(resend)),
    `operator resend ${SOME_ID}`,
    'operator resend --since 2026-03-05T09:00 --reason "5.7.1" --dry-run',
  );
}

async function resend(context: CommandContext, options: ResendOptions, id?: string) {
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
  const answer = await context.call(contract.resendAnyLetter, letterParams(context, id));
  context.show(answer.text, () => context.say('resent'));
}

/** Each answer covers some thousand letters. */
async function resendMatching(context: CommandContext, filter: LettersToResend, dryRun: boolean) {
  const { bodies, json } = await readAll((cursor) => {
    const body = { ...filter, ...(cursor !== undefined && { cursor }), ...(dryRun && { dryRun }) };
    return context.call(contract.resendFailedLetters, { body });
  });
  const count = dryRun ? 'matched' : 'resent';
  const total = bodies.reduce((sum, body) => sum + body[count], 0);
  context.show(json, () => context.say(dryRun ? 'lettersMatch' : 'lettersResent', total));
}
