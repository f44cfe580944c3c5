import { AppError, commonProblems, type ViolationPlace } from '../errors.ts';

/** A page of a list, newest first, with the cursor of the next page. */
export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

/**
 * Cuts a page from the rows of a query for `limit` + 1: the extra row shows that there is a next
 * page.
 * @param keyOf the row's key in the list's order
 */
export function pageOf<T>(rows: T[], limit: number, keyOf: (row: T) => string): Page<T> {
  return pageWith(rows.slice(0, limit), rows.length > limit, keyOf);
}

/** A page for lists that detect the end without an extra row. */
export function pageWith<T>(data: T[], more: boolean, keyOf: (row: T) => string): Page<T> {
  const last = data.at(-1);
  return { data, nextCursor: more && last !== undefined ? encodeCursor(keyOf(last)) : null };
}

/** Opaque to clients, so that the key can change. */
export function encodeCursor(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

/**
 * The key inside a cursor.
 * @param shape pattern of this list's keys; it starts with the list's name, and its first group is
 *   returned
 * @param place location of the cursor in the request (default: the query)
 * @throws AppError `invalid-request` for a cursor of another list
 */
export function decodeCursor(
  cursor: string | undefined,
  shape: RegExp,
  place: ViolationPlace = { parameter: 'cursor' },
): string | null {
  if (cursor === undefined) return null;
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  const match = encodeCursor(key) === cursor ? shape.exec(key) : null;
  if (match === null) {
    throw new AppError(commonProblems.invalidRequest, 'malformed cursor', {
      violations: [{ ...place, rule: 'cursor' }],
    });
  }
  return match[1] ?? key;
}
