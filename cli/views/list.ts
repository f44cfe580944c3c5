import type { Answer, AnswerOf, ItemOf, OperationId, PagedId } from '../client/api.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, jsonArray } from '../terminal/command-context.ts';
import type { Handler } from '../terminal/command-registrar.ts';
import { type CsvColumn, csvHead, csvLine } from '../terminal/csv.ts';
import { printCsv } from '../terminal/output.ts';
import { type Column, table } from '../terminal/table.ts';
import type { TextKey } from '../texts/messages.ts';

/** An answer that may have another one after it. */
interface Part {
  nextCursor: string | null;
}

type Read<B> = (cursor: string | undefined) => Promise<Answer<B>>;

/** Follows the cursors to the end. */
export async function readAll<B extends Part>(
  read: Read<B>,
): Promise<{ bodies: B[]; json: string }> {
  const answers: Answer<B>[] = [];
  for await (const answer of answersOf(read)) answers.push(answer);
  const json = jsonArray(answers.map(({ text }) => text));
  return { bodies: answers.map(({ body }) => body), json };
}

async function* answersOf<B extends Part>(read: Read<B>): AsyncGenerator<Answer<B>> {
  let cursor: string | undefined;
  do {
    const answer = await read(cursor);
    yield answer;
    cursor = answer.body.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

/** How items are listed. */
export interface ListView<T> {
  columns: Column<T>[];
  /** With `--csv`. */
  csv?: CsvColumn<T>[];
}

interface ListOptions {
  all?: true;
  csv?: true;
  [filter: string]: unknown;
}

interface ListSettings {
  /** How to get the rest. */
  more?: TextKey;
  /** The parameters of the path, from the arguments. */
  paramsOf?: (context: CommandContext, ...args: string[]) => Promise<Record<string, string>>;
  /** The query of the API, from the options and the arguments; without it the options themselves. */
  queryOf?: (
    context: CommandContext,
    // biome-ignore lint/suspicious/noExplicitAny: commander passes what the command declares
    options: any,
    ...args: string[]
  ) => Promise<Record<string, unknown>>;
}

/**
 * The handler of a command that prints a list as a table or as CSV: one page, or every page with
 * `--all`. Its JSON is the page as it came, or an array of the pages.
 */
export function listOf<I extends PagedId>(
  operation: I,
  view: ListView<ItemOf<I>>,
  settings: ListSettings = {},
): Handler {
  const { paramsOf = async () => ({}), queryOf = async (_, options) => options } = settings;
  return async (context, { all, csv, ...options }: ListOptions, ...args) => {
    if (csv === true && context.json) throw new CliError(EXIT.usage, context.say('csvOrJson'));
    const params = await paramsOf(context, ...args);
    const query = await queryOf(context, options, ...args);
    const read: Read<Page<ItemOf<I>>> = (cursor) =>
      context.call(operation, ...([{ params, query: { ...query, cursor } }] as never)) as never;
    const pages = all === true ? answersOf(read) : firstPage(read);
    if (csv === true) return printAsCsv(pages, view.csv ?? []);
    const answers = await Array.fromAsync(pages);
    const texts = answers.map(({ text }) => text);
    context.show(all === true ? jsonArray(texts) : (texts[0] ?? ''), () =>
      pagesText(
        context,
        view,
        answers.map(({ body }) => body),
        settings.more,
      ),
    );
  };
}

interface Page<T> extends Part {
  data: T[];
}

/** The first page with an item: a page may be empty and still have another one after it. */
async function* firstPage<B extends Page<unknown>>(read: Read<B>): AsyncGenerator<Answer<B>> {
  let last: Answer<B> | undefined;
  for await (const answer of answersOf(read)) {
    last = answer;
    if (answer.body.data.length > 0) break;
  }
  if (last !== undefined) yield last;
}

/** Page by page: the list may be longer than the memory. A call that fails at once prints nothing. */
async function printAsCsv<T>(pages: AsyncIterable<Answer<Page<T>>>, columns: CsvColumn<T>[]) {
  let head = [csvHead(columns)];
  for await (const { body } of pages) {
    printCsv([...head, ...body.data.map((item) => csvLine(columns, item))]);
    head = [];
  }
}

/** Pages of a list as one table. */
export function pagesText<T>(
  context: CommandContext,
  { columns }: ListView<T>,
  pages: Page<T>[],
  more: TextKey = 'moreByLimit',
): string {
  const items = pages.flatMap(({ data }) => data);
  if (items.length === 0) return context.say('nothing');
  const complete = pages.at(-1)?.nextCursor === null;
  return table(context, columns, items) + (complete ? '' : `\n${context.say(more)}`);
}

/** The handler of a command that prints what has the given id. */
export function showOf<I extends OperationId>(
  operation: I,
  parameter: string,
  text: (context: CommandContext, body: AnswerOf<I>) => string,
  idOf: (context: CommandContext, text: string) => string | Promise<string> = checkedId,
): Handler {
  return async (context, _options, id) => {
    const params = { [parameter]: await idOf(context, id) };
    const answer = await context.call(operation, ...([{ params }] as never));
    context.show(answer.text, () => text(context, answer.body));
  };
}
