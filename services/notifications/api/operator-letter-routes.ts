import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import * as contract from '#contracts/notifications.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { pageWith } from '#platform/http/page.ts';
import { recordRead } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import type { Sender } from '../letter/letter-mail.ts';
import { listTraced } from '../repair/resend-store.ts';
import {
  findLetter,
  getLetters,
  type LetterRow,
  type LetterSearch,
  listLetters,
} from './letter-list-store.ts';
import { findLetters, firstOf, inQuery, isNarrowed, keyOf, searchOf } from './letter-search.ts';
import { operatorLetterOf } from './letter-view.ts';
import { recordLetterRead } from './record-letter-read.ts';

export interface AllLettersDeps {
  database: Database;
  sender: Sender;
  /** Called after a letter became due. */
  onDue: () => void;
}

/** @throws AppError 404 */
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
    const { customerId } = query;
    const subject = customerId === undefined ? {} : { customerId };
    await recordRead(database, { actor: actorOf(request), action: 'list-letters', subject });
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

  api.serve(contract.findTracedLetters, async ({ query, request }) => {
    const ids = await listTraced(database, query.traceId);
    const { rows } = ids.length === 0 ? { rows: [] } : await getLetters(database, ids);
    for (const row of rows) await recordLetterRead(database, actorOf(request), row);
    return { status: 200, body: { data: rows.map(viewOf) } };
  });
}
