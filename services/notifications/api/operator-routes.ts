import type { Static } from 'typebox';
import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import * as contract from '#contracts/notifications.ts';
import type { Profile } from '#contracts/profiles.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { AppError, commonProblems, type ViolationPlace } from '#platform/errors.ts';
import { decodeCursor, encodeCursor, pageOf } from '#platform/http/page.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import * as store from '../delivery/letter-store.ts';
import * as deadStore from '../inbox/dead-letter-store.ts';
import { CUTS, deadLetterOf, messageOf } from '../inbox/dead-letter-view.ts';
import { type RedriveManyDeps, redrive, redriveMany } from '../inbox/redrive.ts';
import { findLetters, resendLetters } from './find-letters.ts';
import {
  findLetter,
  getLetters,
  type LetterRow,
  type LetterSearch,
  listLetters,
  searchLetters,
} from './letter-list-store.ts';
import { operatorLetterOf, previewOf, type Sender } from './letter-view.ts';
import { resendLetter } from './resend-letter.ts';

const UUID = '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}';
const LETTERS_CURSOR = new RegExp(`^all-letters:(${UUID})$`);
const DEAD_LETTERS_CURSOR = new RegExp(`^dead-letters:(${UUID})$`);

const REDRIVES_MAX = 100;
// One statement, well within its time-out.
const RESEND_MAX = 1_000;
// Within one internal call of who asks (ARCHITECTURE.md, time).
const REDRIVE_MANY_MS = 1_500;

export interface AllLettersDeps {
  database: Database;
  sender: Sender;
  /** Today's contact data, null without a profile. */
  findContact: (customerId: string) => Promise<Profile | null>;
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

/** Whether more is asked for than the indexes of letters answer. */
function isNarrowed({ failedSince, failedUntil, failure, kind }: LetterQuery): boolean {
  return [failedSince, failedUntil, failure, kind].some((filter) => filter !== undefined);
}

/** A page of letters that had to be looked for. It may be empty and still have a next one. */
async function searchPage(
  database: Database,
  search: LetterSearch,
  { reason, limit }: { reason: string | null; limit: number },
) {
  const { ids, last } = await findLetters(
    { search: (given) => searchLetters(database, given) },
    search,
    reason,
  );
  const page = ids.slice(0, limit);
  const end = page.length < ids.length ? (page.at(-1) ?? null) : last;
  const nextCursor = end && encodeCursor(keyOf({ id: end }));
  return { data: page.length === 0 ? [] : await getLetters(database, page), nextCursor };
}

/** The letters of all customers, for the operator. */
export function serveAllLetters(api: InternalApi, deps: AllLettersDeps): void {
  const { database, sender } = deps;

  async function getLetter(id: string): Promise<LetterRow> {
    const row = await findLetter(database, id);
    if (row === null) throw new AppError(commonProblems.notFound, `no letter ${id}`);
    return row;
  }

  api.serve(contract.listAllLetters, async ({ query }) => {
    const limit = query.limit ?? PAGE_SIZE_DEFAULT;
    const search = searchOf(query, inQuery);
    const { data, nextCursor } = isNarrowed(query)
      ? await searchPage(database, search, { reason: query.failure ?? null, limit })
      : pageOf(await listLetters(database, { ...search, limit }), limit, keyOf);
    const letters = data.map((row) => operatorLetterOf(row, sender));
    return { status: 200, body: { data: letters, nextCursor } };
  });

  api.serve(contract.resendLetters, async ({ body }) => {
    const { matched, resent, last } = await resendLetters(
      {
        search: (search) => searchLetters(database, search),
        queueFailedAgain: (ids) => store.queueFailedAgain(database, ids),
        onDue: deps.onDue,
      },
      searchOf(body, inBody),
      {
        reason: body.failure ?? null,
        limit: body.dryRun === true ? null : (body.limit ?? RESEND_MAX),
      },
    );
    const nextCursor = last && encodeCursor(keyOf({ id: last }));
    return { status: 200, body: { matched, resent, nextCursor } };
  });

  api.serve(contract.getAnyLetter, async ({ params }) => {
    const row = await getLetter(params.letterId);
    return { status: 200, body: operatorLetterOf(row, sender) };
  });

  api.serve(contract.previewLetter, async ({ params }) => {
    const row = await getLetter(params.letterId);
    const contact = await deps.findContact(row.customer_id);
    if (contact === null) {
      throw new AppError(contract.notificationProblems.noContact, `no contact for ${row.id}`);
    }
    return { status: 200, body: previewOf(row, contact) };
  });

  api.serve(contract.resendLetter, async ({ params }) => {
    const letter = await resendLetter(
      {
        queueAgain: (id) => store.queueAgain(database, id),
        findLetter: (id) => findLetter(database, id),
        onDue: deps.onDue,
      },
      params.letterId,
    );
    if (letter === null) {
      throw new AppError(commonProblems.notFound, `no letter ${params.letterId}`);
    }
    if (letter === 'sent') {
      throw new AppError(contract.notificationProblems.letterSent, `${params.letterId} was sent`);
    }
    return { status: 200, body: operatorLetterOf(letter, sender) };
  });
}

/**
 * Messages that could not become letters, for the operator.
 * @param onLetter called after one became a letter
 */
export function serveDeadLetters(api: InternalApi, database: Database, onLetter: () => void): void {
  const redriving = bindRedrive(database, onLetter);

  async function answerWith(id: string) {
    const row = await deadStore.findDeadLetter(database, id, CUTS);
    if (row === null) throw new AppError(commonProblems.notFound, `no dead letter ${id}`);
    return { status: 200 as const, body: deadLetterOf(row) };
  }

  api.serve(contract.listDeadLetters, async ({ query }) => {
    const limit = query.limit ?? PAGE_SIZE_DEFAULT;
    const rows = await deadStore.listDeadLetters(database, {
      state: query.state ?? null,
      before: decodeCursor(query.cursor, DEAD_LETTERS_CURSOR),
      limit,
      cuts: CUTS,
    });
    const { data, nextCursor } = pageOf(rows, limit, (row) => `dead-letters:${row.id}`);
    return { status: 200, body: { data: data.map(deadLetterOf), nextCursor } };
  });

  api.serve(contract.getDeadLetter, ({ params }) => answerWith(params.deadLetterId));

  api.serve(contract.redriveDeadLetter, async ({ params }) => {
    await redrive(redriving, params.deadLetterId);
    return answerWith(params.deadLetterId);
  });

  api.serve(contract.redriveDeadLetters, async () => {
    return { status: 200, body: await redriveMany(redriving, deadlineIn(REDRIVE_MANY_MS)) };
  });
}

function bindRedrive(database: Database, onLetter: () => void): RedriveManyDeps {
  return {
    async findDeadMessage(id) {
      const row = await deadStore.findDeadMessage(database, id);
      return row && { message: messageOf(row), redriven: row.redriven };
    },
    storeRedriven: (id, letter) =>
      database.transaction(async (tx) => {
        // The mark first: its row lock lets one of two redrives at once go on.
        const ours = await deadStore.markRedriven(tx, id);
        if (ours) await store.insertLetters(tx, [letter]);
        return ours;
      }),
    keepDead: (id, error) => deadStore.markStillDead(database, id, error),
    onLetter,
    listDeadIds: () => deadStore.listDeadIds(database, REDRIVES_MAX),
    countDead: () => deadStore.countDead(database),
  };
}
