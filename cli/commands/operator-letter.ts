import { InvalidArgumentError } from 'commander';
import { type CommandContext, SOME_ID, SOME_NUMBER } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { letterIdOf } from '../terminal/order-argument.ts';
import { table } from '../terminal/table.ts';
import { allLetters, letterText, previewText } from '../views/letter.ts';
import { listOf, showOf } from '../views/list.ts';
import { templateColumns } from '../views/template.ts';
import { acknowledge } from './acknowledge.ts';
import { queryOf, rangeOptions } from './filters.ts';
import { addResendCommand, failureOptions } from './resend.ts';

const STATES = ['queued', 'sending', 'sent', 'failed'];

/** Letters of all customers. */
export function addOperatorLetterCommands(registrar: CommandRegistrar): void {
  const { add, below, choice, listOptions, option, reason } = registrar;
  const examples = [
    'operator letters --state failed',
    'operator letters --state failed --csv --all',
  ];
  const list = listOf('readAllLetters', allLetters, { queryOf: letterQueryOf });
  add('letters', 'operatorLetters', list, examples, [
    choice('--state <state>', 'optionState', STATES),
    option('--customer <customer>', 'optionOfCustomer'),
    option('--order <order>', 'optionOfOrder'),
    option('--acknowledged', 'optionAcknowledged'),
    option('--unacknowledged', 'optionUnacknowledged').conflicts('acknowledged'),
    ...rangeOptions(registrar),
    ...failureOptions(registrar, '--failed-since', '--failed-until'),
    ...listOptions(),
  ]);
  const show = showOf('readAnyLetter', 'letterId', letterText, letterIdOf);
  const showExamples = [`operator letter ${SOME_ID}`, `operator letter ${SOME_NUMBER}`];
  const letter = add('letter <letter>', 'letter', show, showExamples);
  const why = `--reason "address is gone"`;
  const acknowledgeExamples = [`operator letter acknowledge ${SOME_NUMBER} ${why}`];
  below(letter).add('acknowledge <letter...>', 'acknowledge', acknowledge, acknowledgeExamples, [
    reason('optionAcknowledgeReason'),
  ]);
  addPreviewCommand(registrar);
  add('letter-templates', 'letterTemplates', showTemplates, ['operator letter-templates']);
  addResendCommand(registrar);
}

/** Only what is given: an answer of an older gateway does not know the new filters. */
function letterQueryOf(
  context: CommandContext,
  // biome-ignore lint/suspicious/noExplicitAny: commander passes what the command declares
  { acknowledged, unacknowledged, failedSince, failedUntil, reason, ...filters }: any,
) {
  const answer = acknowledged === true ? true : unacknowledged === true ? false : undefined;
  const failures = { failedSince, failedUntil, failure: reason };
  return queryOf(context, { ...filters, ...failures, acknowledged: answer });
}

async function showTemplates(context: CommandContext) {
  const answer = await context.call('readLetterTemplates');
  context.show(answer.text, () => table(context, templateColumns, answer.body.data));
}

interface PreviewOptions {
  templateVersion?: number;
  letters?: 'ru' | 'en';
}

function addPreviewCommand({ add, option, say }: CommandRegistrar): void {
  const version = (text: string): number => {
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw new InvalidArgumentError(say('badTemplate', text));
  };
  const examples = [
    `operator preview ${SOME_NUMBER}`,
    `operator preview ${SOME_NUMBER} --template-version 2 --letters en`,
  ];
  add('preview <letter>', 'preview', preview, examples, [
    option('--template-version <number>', 'optionTemplate', version),
    option('--letters <language>', 'optionPreviewLanguage').choices(['ru', 'en']),
  ]);
}

async function preview(
  context: CommandContext,
  { letters: locale, templateVersion }: PreviewOptions,
  text: string,
) {
  const params = { letterId: await letterIdOf(context, text) };
  const answer = await context.call('previewAnyLetter', {
    params,
    query: { templateVersion, locale },
  });
  context.show(answer.text, () => previewText(context, answer.body));
}
