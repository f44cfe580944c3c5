import type { DeadLetter } from '#contracts/notifications.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, jsonArray, SOME_ID } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import type { Cell } from '../terminal/screen.ts';
import { listOf } from '../views/list.ts';

/** Events that could not become letters. */
export function addDeadLetterCommands({ add, choice, limit, option }: CommandRegistrar): void {
  const list = listOf('readDeadLetters', deadLetterRow);
  const state = choice('--state <state>', 'optionState', ['dead', 'redriven']);
  add('dead-letters', 'deadLetters', list, ['operator dead-letters'], [state, limit()]);
  const examples = [`operator redrive ${SOME_ID}`, 'operator redrive --all'];
  add('redrive [id]', 'redrive', redrive, examples, [option('--all', 'optionAllDead')]);
}

function deadLetterRow({ moment, say }: CommandContext, deadLetter: DeadLetter): Cell[] {
  const { createdAt, error, id, offset, partition, state, topic } = deadLetter;
  return [
    moment(createdAt),
    { text: say(state), colour: state === 'dead' ? 'red' : 'green' },
    `${topic} ${partition}/${offset}`,
    id,
    error,
  ];
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
