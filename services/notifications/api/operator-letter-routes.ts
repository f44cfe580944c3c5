import type { Static } from 'typebox';
import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import * as contract from '#contracts/notifications.ts';
import { uuidCursor } from '#contracts/patterns.ts';
import { AppError, commonProblems, type ViolationPlace } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { decodeCursor, encodeCursor, pageWith } from '#platform/http/page.ts';
import { recordAudit, recordRead } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import type { Sender } from '../letter/letter-mail.ts';
import {
  findLetter,
  getLetters,
  type LetterRow,
  type LetterSearch,
  listLetters,
  queueAgain,
  queueFailedAgain,
  searchLetters,
} from './letter-list-store.ts';
import { operatorLetterOf } from './letter-view.ts';
import { recordLetterRead } from './record-letter-read.ts';

const LETTERS_CURSOR = uuidCursor('all-letters');
// One statement, well within the statement timeout.
const RESEND_MAX = 1_000;

export interface AllLettersDeps {
  database: Database;
  sender: Sender;
  /** Called after a letter became due. */
  onDue: () => void;
}

type LetterQuery = Static<typeof contract.listAllLetters.query>;
type LetterFilter = LetterQuery | contract.LettersToResend;

const keyOf = ({ id }: { id: string }) => `all-letters:${id}`;

const inQuery = (name: string): ViolationPlace => ({ parameter: name });
const inBody = (name: string): ViolationPlace => ({ pointer: `/${name}` });

/** @param placeOf where the client gave a member */
function searchOf(filter: LetterFilter, placeOf: (name: string) => ViolationPlace): LetterSearch {
  const {
    customerId = null,
    orderId = null,
    state = null,
    cursor,
    kind = null,
  } = filter as LetterQuery;
  const before = decodeCursor(cursor, LETTERS_CURSOR, placeOf('cursor'));
  const failedSince = momentOf(filter.failedSince, placeOf('failedSince'));
  const failedUntil = momentOf(filter.failedUntil, placeOf('failedUntil'));
  return { customerId, orderId, state, kind, before, failedSince, failedUntil };
}

// The format also accepts an offset without minutes, which RFC 3339 forbids.
const OFFSET = /(?:Z|[+-]\d{2}:\d{2})$/i;

/** @throws AppError also for a leap second, which JavaScript cannot represent */
function momentOf(text: string | undefined, place: ViolationPlace): Date | null {
  if (text === undefined) return null;
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime()) || !OFFSET.test(text)) {
    throw new AppError(commonProblems.invalidRequest, `no moment: ${text}`, {
      violations: [{ ...place, rule: 'format' }],
    });
  }
  return moment;
}

/** Whether the query has a filter that no index of letters answers. */
function isNarrowed({ failedSince, failedUntil, failure, kind }: LetterQuery): boolean {
  return [failedSince, failedUntil, failure, kind].some((filter) => filter !== undefined);
}

/**
 * One part of the letters whose reason contains a text. The text is compared with the masked reason,
 * so that an operator cannot guess an address character by character.
 * @returns also the last letter that was read; null when there are no more
 */
async function findLetters(database: Database, search: LetterSearch, reason: string | undefined) {
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
function firstOf({ ids, last }: { ids: string[]; last: string | null }, limit: number) {
  const taken = ids.slice(0, limit);
  const end = taken.length < ids.length ? (taken.at(-1) ?? null) : last;
  return { taken, nextCursor: end && encodeCursor(keyOf({ id: end })) };
}

export async function getLetter(database: Database, id: string): Promise<LetterRow> {
  const row = await findLetter(database, id);
  if (row === null) throw new AppError(commonProblems.notFound, `no letter ${id}`);
  return row;
}

/** The letters of all customers, for the operator. */
export function serveAllLetters(
  api: InternalApi,
  { database, sender }: Pick<AllLettersDeps, 'database' | 'sender'>,
): void {
  const viewOf = (row: LetterRow) => operatorLetterOf(row, sender);

  /** A page of a search without an index. It may be empty and still have a next page. */
  async function searchPage(search: LetterSearch, reason: string | undefined, limit: number) {
    const { taken, nextCursor } = firstOf(await findLetters(database, search, reason), limit);
    const found =
      taken.length === 0 ? { rows: [], more: false } : await getLetters(database, taken);
    const page = pageWith(found.rows, found.more, keyOf, viewOf);
    return { ...page, nextCursor: page.nextCursor ?? nextCursor };
  }

  api.serve(contract.listAllLetters, async ({ query, request }) => {
    await recordRead(database, { actor: actorOf(request), action: 'list-letters', subject: {} });
    const limit = query.limit ?? PAGE_SIZE_DEFAULT;
    const search = searchOf(query, inQuery);
    if (isNarrowed(query)) {
      return { status: 200, body: await searchPage(search, query.failure, limit) };
    }
    const { rows, more } = await listLetters(database, { ...search, limit });
    return { status: 200, body: pageWith(rows, more, keyOf, viewOf) };
  });

  api.serve(contract.getAnyLetter, async ({ params, request }) => {
    const row = await getLetter(database, params.letterId);
    await recordLetterRead(database, actorOf(request), row);
    return { status: 200, body: operatorLetterOf(row, sender) };
  });
}

/** The operator's resend of one letter or of many. */
export function serveResends(api: InternalApi, deps: AllLettersDeps): void {
  const { database, sender } = deps;

  /** One entry for all of them, with the filters that are no text. @returns how many became due */
  async function resend(ids: string[], search: LetterSearch, actor: string | null) {
    if (ids.length === 0) return 0;
    const { kind } = search;
    const failedSince = search.failedSince?.toISOString() ?? null;
    const failedUntil = search.failedUntil?.toISOString() ?? null;
    return database.transaction(async (tx) => {
      const letters = await queueFailedAgain(tx, ids);
      if (letters === 0) return 0;
      await recordAudit(tx, {
        actor,
        action: 'resend-letters',
        subject: {},
        before: { state: 'failed', kind, failedSince, failedUntil },
        after: { state: 'queued', letters },
      });
      return letters;
    });
  }

  // Follows the rules of `resendLetter` for each letter. Repeating it resends none twice, since a
  // letter that became due is not failed any more.
  api.serve(contract.resendLetters, async ({ body, request }) => {
    const search: LetterSearch = { ...searchOf(body, inBody), state: 'failed' };
    const found = await findLetters(database, search, body.failure);
    const limit = body.dryRun === true ? found.ids.length : (body.limit ?? RESEND_MAX);
    const { taken, nextCursor } = firstOf(found, limit);
    const queued = body.dryRun === true ? [] : taken;
    const resent = await resend(queued, search, actorOf(request));
    if (resent > 0) deps.onDue();
    return { status: 200, body: { matched: taken.length, resent, nextCursor } };
  });

  // A failed or waiting letter becomes due. A letter that is being sent is returned unchanged, so a
  // repeated request sends nothing twice.
  api.serve(contract.resendLetter, async ({ params, request }) => {
    const due = await database.transaction(async (tx) => {
      const before = await queueAgain(tx, params.letterId);
      if (before === null) return false;
      const { id: letterId, state, order_id: orderId, customer_id: customerId } = before;
      await recordAudit(tx, {
        actor: actorOf(request),
        action: 'resend-letter',
        subject: { letterId, orderId, customerId },
        before: { state },
        after: { state: 'queued' },
      });
      return true;
    });
    if (due) deps.onDue();
    const letter = await getLetter(database, params.letterId);
    // A worker may already have sent it because of this request, which is then a success.
    if (letter.state === 'sent' && !due) {
      throw new AppError(contract.notificationProblems.letterSent, `${params.letterId} was sent`);
    }
    return { status: 200, body: operatorLetterOf(letter, sender) };
  });
}
