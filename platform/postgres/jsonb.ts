// JSON.stringify escapes U+0000 and halves of surrogate pairs so, and jsonb refuses both.
const REFUSED = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g;

/**
 * JSON text that a jsonb column accepts. Characters that PostgreSQL cannot store become U+FFFD, so
 * that one member, which we may not even read, does not make the whole message unstorable.
 */
export function jsonbOf(value: unknown): string {
  return JSON.stringify(value).replace(REFUSED, '$1\ufffd');
}

/**
 * SQL that is true of every id, and that the planner takes to be true of few. It plans JSON rows as
 * a hundred, and would rather read a whole table that is small than look up so many (decision 14).
 * @param id a column of type uuid
 */
export const isFew = (id: string): string =>
  `${id} between '00000000-0000-0000-0000-000000000000' and 'ffffffff-ffff-ffff-ffff-ffffffffffff'`;
