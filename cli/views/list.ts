import { type Command, InvalidArgumentError } from 'commander';
import type { ApiAnswer } from '../client/api.ts';
import { type CommandContext, jsonArray } from '../terminal/command-context.ts';
import { type Cell, table } from '../terminal/screen.ts';
import type { Say } from '../texts/messages.ts';

/** An answer that may have another one after it. */
interface Part {
  nextCursor: string | null;
}

/** Declares `--limit`. */
export function limitOption(command: Command, say: Say): Command {
  return command.option('--limit <number>', say('optionLimit'), (text) => {
    const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
    if (limit < 1 || limit > 100) throw new InvalidArgumentError(say('badLimit'));
    return limit;
  });
}

/** Follows the cursors to the end. */
export async function readAll<B extends Part>(
  read: (cursor: string | undefined) => Promise<ApiAnswer<B>>,
): Promise<{ bodies: B[]; json: string }> {
  const answers: ApiAnswer<B>[] = [];
  let cursor: string | undefined;
  do {
    const answer = await read(cursor);
    answers.push(answer);
    cursor = answer.body.nextCursor ?? undefined;
  } while (cursor !== undefined);
  const json = jsonArray(answers.map(({ text }) => text));
  return { bodies: answers.map(({ body }) => body), json };
}

/**
 * Prints a list as a table: one page, or every page with `all`. Its JSON is the page as it came, or
 * an array of the pages.
 * @param options.all undefined where the command has no `--all`
 */
export async function showList<T>(
  context: CommandContext,
  options: {
    all?: boolean;
    read: (cursor: string | undefined) => Promise<ApiAnswer<Part & { data: T[] }>>;
    row: (context: CommandContext, item: T) => Cell[];
  },
): Promise<void> {
  const { all, read, row } = options;
  const show = (json: string, data: T[], complete: boolean) =>
    context.show(json, () => {
      if (data.length === 0) return context.say('nothing');
      const rows = data.map((item) => row(context, item));
      const more = context.say(all === undefined ? 'moreByLimit' : 'more');
      return complete ? table(context, rows) : `${table(context, rows)}\n${more}`;
    });
  if (all === true) {
    const { bodies, json } = await readAll(read);
    show(
      json,
      bodies.flatMap(({ data }) => data),
      true,
    );
  } else {
    const { body, text } = await read(undefined);
    show(text, body.data, body.nextCursor === null);
  }
}
