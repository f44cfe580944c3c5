import { type Command, InvalidArgumentError } from 'commander';
import type { ApiAnswer } from '../client/api.ts';
import { type CommandContext, jsonArray } from '../terminal/command-context.ts';
import type { Say, TextKey } from '../texts/messages.ts';

interface Page<T> {
  data: T[];
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

/**
 * Prints a list: one page, or with `all` every page. For programs that is the page as it came, or
 * an array of the pages.
 * @param more says that there is more
 */
export async function listPages<T>(
  context: CommandContext,
  options: {
    all: boolean;
    more: TextKey;
    read: (cursor: string | undefined) => Promise<ApiAnswer<Page<T>>>;
    view: (data: T[]) => string;
  },
): Promise<void> {
  const { all, more, read, view } = options;
  const pages: ApiAnswer<Page<T>>[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    pages.push(page);
    cursor = page.body.nextCursor ?? undefined;
  } while (all && cursor !== undefined);
  const texts = pages.map(({ text }) => text);
  context.show(all ? jsonArray(texts) : (texts[0] as string), () => {
    const data = pages.flatMap(({ body }) => body.data);
    if (data.length === 0) return context.say('nothing');
    return cursor === undefined ? view(data) : `${view(data)}\n${context.say(more)}`;
  });
}
