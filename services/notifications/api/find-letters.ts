import { maskAddresses } from '#platform/values/mask-addresses.ts';
import type { FoundLetter, LetterSearch } from './letter-list-store.ts';

export interface FindLettersDeps {
  search: (search: LetterSearch) => Promise<{ found: FoundLetter[]; last: string | null }>;
}

/** Letters found so far, and the last one that was looked at; null when there are no more. */
export interface FoundLetters {
  ids: string[];
  last: string | null;
}

/**
 * One part of the letters whose reason contains a text. It is compared with what the operator is
 * shown: a search cannot reveal an address letter by letter.
 * @param reason null for any
 */
export async function findLetters(
  deps: FindLettersDeps,
  search: LetterSearch,
  reason: string | null,
): Promise<FoundLetters> {
  const { found, last } = await deps.search(search);
  const text = reason?.toLowerCase() ?? '';
  const matching = found.filter(({ failure }) => {
    if (reason === null) return true;
    return failure !== null && maskAddresses(failure).toLowerCase().includes(text);
  });
  return { ids: matching.map(({ id }) => id), last };
}

export interface ResendLettersDeps extends FindLettersDeps {
  /** Makes failed letters due now. @returns how many of them */
  queueFailedAgain: (ids: string[]) => Promise<number>;
  /** Called after letters became due. */
  onDue: () => void;
}

/**
 * Makes failed letters due again by the same rules as one alone. Repeating it does nothing twice:
 * a letter that is due has not failed.
 * @param part `limit` bounds the letters that become due; null only counts
 */
export async function resendLetters(
  deps: ResendLettersDeps,
  search: LetterSearch,
  { reason, limit }: { reason: string | null; limit: number | null },
): Promise<{ matched: number; resent: number; last: string | null }> {
  const { ids, last } = await findLetters(deps, { ...search, state: 'failed' }, reason);
  if (limit === null) return { matched: ids.length, resent: 0, last };
  const taken = ids.slice(0, limit);
  const resent = taken.length === 0 ? 0 : await deps.queueFailedAgain(taken);
  if (resent > 0) deps.onDue();
  const goOn = taken.length < ids.length ? (taken.at(-1) ?? null) : last;
  return { matched: taken.length, resent, last: goOn };
}
