import { AppError, commonProblems, type ViolationPlace } from '../errors.ts';

/** A page of a list, newest first, with the cursor of the next page. */
export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

/**
 * A page ends here, with one row at least. Without this limit a page of the largest rows would have
 * megabytes in each service that it passes. Of 256 KiB, 8 are for what the gateway adds to rows.
 */
export const PAGE_BYTES_MAX = 248 * 1024;

/**
 * Cuts a page from the rows of a query for `limit` + 1: the extra row shows that there is a next
 * page. The page ends earlier when it is full (PAGE_BYTES_MAX).
 * @param keyOf the row's key in the list's order
 * @param viewOf the row as the page shows it
 */
export function pageOf<R, T = R>(
  rows: R[],
  limit: number,
  keyOf: (row: R) => string,
  viewOf?: (row: R) => T,
): Page<T> {
  return pageWith(rows.slice(0, limit), rows.length > limit, keyOf, viewOf);
}

/** A page for lists that detect the end without an extra row. */
export function pageWith<R, T = R>(
  rows: R[],
  more: boolean,
  keyOf: (row: R) => string,
  viewOf: (row: R) => T = (row) => row as unknown as T,
): Page<T> {
  const data: T[] = [];
  let bytes = 0;
  for (const row of rows) {
    const view = viewOf(row);
    bytes += Buffer.byteLength(JSON.stringify(view)) + 1;
    if (data.length > 0 && bytes > PAGE_BYTES_MAX) break;
    data.push(view);
  }
  const last = rows[data.length - 1];
  const goesOn = last !== undefined && (more || data.length < rows.length);
  return { data, nextCursor: goesOn ? encodeCursor(keyOf(last)) : null };
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
