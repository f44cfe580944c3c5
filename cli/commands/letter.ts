import type { Command } from 'commander';
import { readLetter, readLetters } from '#contracts/gateway.ts';
import { type CommandContext, checkedId } from '../terminal/command-context.ts';
import { SOME_ID } from '../terminal/command-line.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { letterRow, letterText } from '../views/letter.ts';
import { limitOption, showList } from '../views/list.ts';

/** The customer's own letters. */
export function addLetterCommands(program: Command, { say, run, example }: CommandRegistrar): void {
  const letters = program.command('letters').description(say('letters'));
  example(limitOption(letters, say).action(run(listLetters)), 'letters --limit 5');
  example(
    program
      .command('letter')
      .description(say('letter'))
      .argument('<letter>', say('argLetter'))
      .action(run(showLetter)),
    `letter ${SOME_ID}`,
  );
}

async function listLetters(context: CommandContext, { limit }: { limit?: number }) {
  await showList(context, {
    read: (cursor) => context.call(readLetters, { query: { limit, cursor } }),
    row: letterRow,
  });
}

async function showLetter(context: CommandContext, _options: unknown, id: string) {
  const answer = await context.call(readLetter, { params: { letterId: checkedId(context, id) } });
  context.show(answer.text, () => letterText(context, answer.body));
}
