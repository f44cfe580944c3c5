import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, SOME_NUMBER } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { table } from '../terminal/table.ts';
import { hitColumns } from '../views/customer.ts';

/** One command that finds orders, customers, letters and operations by any of their ids. */
export function addSearchCommand({ add }: CommandRegistrar): void {
  const examples = ['operator search anna@example.com', `operator search ${SOME_NUMBER}`];
  add('search <text>', 'search', search, examples);
}

async function search(context: CommandContext, _options: unknown, text: string) {
  if (text.trim() === '') throw new CliError(EXIT.usage, context.say('emptySearch'));
  const answer = await context.call('search', { query: { q: text } });
  const { data, unavailable } = answer.body;
  context.show(answer.text, () => {
    const lines = [data.length === 0 ? context.say('nothing') : table(context, hitColumns, data)];
    if (unavailable.length > 0) {
      lines.push(context.paint('yellow', context.say('missingParts', unavailable.join(', '))));
    }
    return lines.join('\n');
  });
  if (unavailable.length > 0) return EXIT.noAnswer;
  return data.length === 0 ? EXIT.refused : EXIT.done;
}
