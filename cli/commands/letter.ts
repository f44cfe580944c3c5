import type { Command } from 'commander';
import { readLetter, readLetters } from '#contracts/gateway.ts';
import { checkedId, type Shell } from '../terminal/command-context.ts';
import type { Declaring } from '../terminal/command-registrar.ts';
import { table } from '../terminal/screen.ts';
import { letterRow, letterText } from '../views/letter.ts';
import { limitOption, listPages } from '../views/list.ts';

/** The own letters. */
export function addLetterCommands(program: Command, { say, run, example }: Declaring): void {
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

async function listLetters(shell: Shell, { limit }: { limit?: number }) {
  await listPages(shell, {
    all: false,
    more: 'moreByLimit',
    read: (cursor) => shell.call(readLetters, { query: { limit, cursor } }),
    view: (letters) =>
      table(
        shell,
        letters.map((letter) => letterRow(shell, letter)),
      ),
  });
  return undefined;
}

async function showLetter(shell: Shell, _options: unknown, id: string) {
  const answer = await shell.call(readLetter, { params: { letterId: checkedId(shell, id) } });
  shell.show(answer.text, () => letterText(shell, answer.body));
  return undefined;
}
