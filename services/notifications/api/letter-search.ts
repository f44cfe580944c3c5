import type { Static } from 'typebox';
import type * as contract from '#contracts/notifications.ts';
import { uuidCursor } from '#contracts/patterns.ts';
import type { ViolationPlace } from '#platform/errors.ts';
import { amountRangeOf, momentOf, timeRangeOf } from '#platform/http/list-range.ts';
import { decodeCursor, encodeCursor } from '#platform/http/page.ts';
import type { Database } from '#platform/postgres/database.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import { type LetterSearch, searchLetters } from './letter-list-store.ts';

const LETTERS_CURSOR = uuidCursor('all-letters');

type LetterQuery = Static<typeof contract.listAllLetters.query>;
type LetterFilter = LetterQuery | contract.LettersToResend;

export const keyOf = ({ id }: { id: string }) => `all-letters:${id}`;

export const inQuery = (name: string): ViolationPlace => ({ parameter: name });
export const inBody = (name: string): ViolationPlace => ({ pointer: `/${name}` });

/**
 * @param placeOf where the client gave a member
 * @throws AppError also where no letter can be within the moments or the amounts
 */
export function searchOf(
  filter: LetterFilter,
  placeOf: (name: string) => ViolationPlace,
): LetterSearch {
  const {
    customerId = null,
    orderId = null,
    state = null,
    cursor,
    kind = null,
    acknowledged = null,
  } = filter as LetterQuery;
  const { letterIds: ids = null } = filter as contract.LettersToResend;
  const before = decodeCursor(cursor, LETTERS_CURSOR, placeOf('cursor'));
  const failedSince = momentOf(filter.failedSince, placeOf('failedSince'));
  const failedUntil = momentOf(filter.failedUntil, placeOf('failedUntil'));
  return {
    customerId,
    orderId,
    // Only failed letters are acknowledged or not; their index finds them.
    state: acknowledged === null ? state : (state ?? 'failed'),
    kind,
    before,
    failedSince,
    failedUntil,
    acknowledged,
    ids,
    // Only queries have them.
    ...amountRangeOf(filter as LetterQuery),
    ...timeRangeOf(filter as LetterQuery),
  };
}

/** Whether the query has a filter that no index of letters answers. */
export function isNarrowed(query: LetterQuery): boolean {
  return NARROWING.some((filter) => query[filter] !== undefined);
}

const NARROWING = [
  'failedSince',
  'failedUntil',
  'failure',
  'kind',
  'minAmount',
  'maxAmount',
  'acknowledged',
] as const;

/**
 * One part of the letters whose reason contains a text. The text is compared with the masked reason,
 * so that an operator cannot guess an address character by character.
 * @returns also the last letter that was read; null when there are no more
 */
export async function findLetters(
  database: Database,
  search: LetterSearch,
  reason: string | undefined,
) {
  const { found, last } = await searchLetters(database, search);
  const text = reason?.toLowerCase();
  const matching = found.filter(
    ({ failure }) =>
      text === undefined ||
      (failure !== null && maskAddresses(failure).toLowerCase().includes(text)),
  );
  return { ids: matching.map(({ id }) => id), last };
}

/** The first `limit` ids, and the cursor after them. */
export function firstOf({ ids, last }: { ids: string[]; last: string | null }, limit: number) {
  const taken = ids.slice(0, limit);
  const end = taken.length < ids.length ? (taken.at(-1) ?? null) : last;
  return { taken, nextCursor: end && encodeCursor(keyOf({ id: end })) };
}
