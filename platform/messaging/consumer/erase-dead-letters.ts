import type { Database, Queryable } from '../../postgres/database.ts';

// A message may have 1 MB, and a page is in memory.
const PAGE = 10;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';
// A shorter text is an id such as `7`, which is part of many others: it must be a whole value.
const PART_LENGTH_MIN = 16;

interface DeadMessage {
  id: string;
  key: Buffer | null;
  value: Buffer | null;
  headers: [name: string, base64: string][];
  error: string;
}

/** Empties the dead letters of a page that contain one of the texts. The row and its digest stay. */
export async function eraseDeadLetters(
  database: Database,
  texts: string[],
  after: string | null,
): Promise<string | null> {
  const { rows } = await database.query<DeadMessage>(
    `select id, key, value, headers, error from dead_letters where id > $1
      order by id limit ${PAGE}`,
    [after ?? BEFORE_ALL],
  );
  const isIn = matcherOf(texts);
  const found = rows.filter((message) => partsOf(message).some(isIn));
  if (found.length > 0) await emptyDeadLetters(database, found);
  return rows.length < PAGE ? null : (rows.at(-1)?.id ?? null);
}

/** The digest stays, so that a message that is delivered again does not come back. */
async function emptyDeadLetters(db: Queryable, messages: DeadMessage[]): Promise<void> {
  await db.query(
    `update dead_letters set key = null, value = null, headers = emptied.headers,
        error = 'erased with the data of its customer', redriven_at = coalesce(redriven_at, now())
      from unnest($1::uuid[], $2::json[]) as emptied (id, headers)
      where dead_letters.id = emptied.id`,
    [messages.map(({ id }) => id), messages.map(idHeaderOf)],
  );
}

/** The id of the event, by which the journey of its order finds the row. */
function idHeaderOf({ headers }: DeadMessage): string {
  const isId = ([name, base64]: [string, string]) =>
    name === 'ce_id' && /^[0-9a-f-]{36}$/i.test(Buffer.from(base64, 'base64').toString());
  return JSON.stringify(headers.filter(isId));
}

/** The texts of a message, and its value as JSON with the shortest escapes. */
function partsOf({ key, value, headers, error }: DeadMessage): string[] {
  const text = value?.toString() ?? '';
  return [
    key?.toString() ?? '',
    text,
    unescaped(text),
    error,
    ...headers.map(([, base64]) => Buffer.from(base64, 'base64').toString()),
  ];
}

function unescaped(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return '';
  }
}

function matcherOf(texts: string[]): (part: string) => boolean {
  const wanted = texts.map((text) => text.toLowerCase());
  return (part) => {
    const lower = part.toLowerCase();
    return wanted.some((text) =>
      text.length >= PART_LENGTH_MIN || text.includes('@')
        ? lower.includes(text)
        : lower === text || lower.includes(JSON.stringify(text)),
    );
  };
}
