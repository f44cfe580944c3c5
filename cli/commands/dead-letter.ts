import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, jsonArray, SOME_ID } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { deadLetters, deadLetterText } from '../views/dead-letter.ts';
import { listOf, showOf } from '../views/list.ts';
import { discard } from './acknowledge.ts';

/** Events that could not become letters. */
export function addDeadLetterCommands(registrar: CommandRegistrar): void {
  const { add, below, choice, listOptions, option, reason } = registrar;
  const list = listOf('readDeadLetters', deadLetters);
  const state = choice('--state <state>', 'optionState', ['dead', 'redriven', 'discarded']);
  const listExamples = ['operator dead-letters --state dead'];
  add('dead-letters', 'deadLetters', list, listExamples, [state, ...listOptions()]);
  const show = showOf('readDeadLetter', 'deadLetterId', deadLetterText);
  const one = add('dead-letter <id>', 'deadLetterShow', show, [`operator dead-letter ${SOME_ID}`]);
  const discardExamples = [`operator dead-letter discard ${SOME_ID} --reason "a test message"`];
  below(one).add('discard <id...>', 'discard', discard, discardExamples, [
    reason('optionDiscardReason'),
  ]);
  const examples = [`operator redrive ${SOME_ID}`, 'operator redrive --all'];
  add('redrive [id]', 'redrive', redrive, examples, [option('--all', 'optionAllDead')]);
}

async function redrive(context: CommandContext, { all }: { all?: true }, id?: string) {
  if ((id === undefined) !== (all === true)) throw new CliError(EXIT.usage, context.say('idOrAll'));
  return id === undefined ? redriveAll(context) : redriveOne(context, id);
}

async function redriveOne(context: CommandContext, id: string) {
  const params = { deadLetterId: checkedId(context, id) };
  const { body, text } = await context.call('redriveOne', { params });
  const dead = body.state === 'dead';
  context.show(text, () =>
    dead ? context.say('stillDead', body.error) : context.say('becameLetter'),
  );
  return dead ? EXIT.refused : EXIT.done;
}

/** Each call takes up to 100, least recently tried first, until each was tried once. */
async function redriveAll(context: CommandContext) {
  const texts: string[] = [];
  let redriven = 0;
  let refused = 0;
  let dead: number;
  for (;;) {
    const { body, text } = await context.call('redriveMany');
    texts.push(text);
    redriven += body.redriven;
    refused += body.refused;
    dead = body.dead;
    if (body.redriven + body.refused === 0 || refused >= dead) break;
  }
  context.show(jsonArray(texts), () =>
    context.say('redriveResult', redriven, Math.min(refused, dead), dead),
  );
  return refused > 0 ? EXIT.refused : EXIT.done;
}
