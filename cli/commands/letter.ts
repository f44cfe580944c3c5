import type { Command } from 'commander';
import { readLetter, readLetters } from '#contracts/gateway.ts';
import { type CommandContext, checkedId } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { table } from '../terminal/screen.ts';
import { letterRow, letterText } from '../views/letter.ts';
import { limitOption, listPages } from '../views/list.ts';

/** The own letters. */
export function addLetterCommands(program: Command, { say, run, example }: CommandRegistrar): void {
  const letters = program.command('letters').description(say('letters'));
  example(limitOption(letters, say).action(run(listLetters)), 'letters --limit 5');
  example(
    program
      .command('letter')
      .description(say('letter'))
      .argument('<letter>', say('argLetter'))
      .action(run(showLetter)),
    'letter 0198c0de-0000-7000-8000-000000000000',
  );
}

async function listLetters(context: CommandContext, { limit }: { limit?: number }) {
  await listPages(context, {
    all: false,
    more: 'moreByLimit',
    read: (cursor) => context.call(readLetters, { query: { limit, cursor } }),
    view: (letters) =>
      table(
        context,
        letters.map((letter) => letterRow(context, letter)),
      ),
  });
  return undefined;
}

async function showLetter(context: CommandContext, _options: unknown, id: string) {
  const answer = await context.call(readLetter, { params: { letterId: checkedId(context, id) } });
  context.show(answer.text, () => letterText(context, answer.body));
  return undefined;
}
