import type { Answer, AnswerOf, ItemOf, OperationId, PagedId } from '../client/api.ts';
import { type CommandContext, checkedId, jsonArray } from '../terminal/command-context.ts';
import type { Handler } from '../terminal/command-registrar.ts';
import { type Cell, table } from '../terminal/screen.ts';
import type { TextKey } from '../texts/messages.ts';

/** An answer that may have another one after it. */
interface Part {
  nextCursor: string | null;
}

/** Follows the cursors to the end. */
export async function readAll<B extends Part>(
  read: (cursor: string | undefined) => Promise<Answer<B>>,
): Promise<{ bodies: B[]; json: string }> {
  const answers: Answer<B>[] = [];
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
 * The handler of a command that prints a list as a table: one page, or every page with `--all`. Its
 * JSON is the page as it came, or an array of the pages.
 * @param settings.more how to get the rest
 * @param settings.paramsOf the parameters of the path, from the arguments
 */
export function listOf<I extends PagedId>(
  operation: I,
  row: (context: CommandContext, item: ItemOf<I>) => Cell[],
  settings: {
    more?: TextKey;
    paramsOf?: (context: CommandContext, ...args: string[]) => Promise<Record<string, string>>;
  } = {},
): Handler {
  const { more = 'moreByLimit', paramsOf = async () => ({}) } = settings;
  return async (context, { all, ...query }, ...args) => {
    const params = await paramsOf(context, ...args);
    const read = (cursor: string | undefined) =>
      context.call(operation, ...([{ params, query: { ...query, cursor } }] as never)) as Promise<
        Answer<Part & { data: ItemOf<I>[] }>
      >;
    const first = all === true ? null : await read(undefined);
    const { bodies, json } = first
      ? { bodies: [first.body], json: first.text }
      : await readAll(read);
    context.show(json, () => {
      const rows = bodies.flatMap(({ data }) => data).map((item) => row(context, item));
      if (rows.length === 0) return context.say('nothing');
      const complete = bodies.at(-1)?.nextCursor === null;
      return table(context, rows) + (complete ? '' : `\n${context.say(more)}`);
    });
  };
}

/** The handler of a command that prints what has the given id. */
export function showOf<I extends OperationId>(
  operation: I,
  parameter: string,
  text: (context: CommandContext, body: AnswerOf<I>) => string,
): Handler {
  return async (context, _options, id) => {
    const params = { [parameter]: checkedId(context, id) };
    const answer = await context.call(operation, ...([{ params }] as never));
    context.show(answer.text, () => text(context, answer.body));
  };
}
