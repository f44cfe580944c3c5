import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import * as contract from '#contracts/notifications.ts';
import { uuidCursor } from '#contracts/patterns.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { decodeCursor, pageOf } from '#platform/http/page.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import type { Sender } from '../letter/letter-mail.ts';
import * as store from './letter-list-store.ts';
import { letterOf } from './letter-view.ts';

const CURSOR = uuidCursor('letters');

/** The internal API of notifications (`contracts/notifications.ts`). */
export function serveLetters(api: InternalApi, database: Database, sender: Sender): void {
  api.serve(contract.listLetters, async ({ query }) => {
    const limit = query.limit ?? PAGE_SIZE_DEFAULT;
    const rows = await store.listLetters(database, {
      customerId: query.customerId,
      orderId: query.orderId ?? null,
      state: null,
      before: decodeCursor(query.cursor, CURSOR),
      limit,
    });
    const { data, nextCursor } = pageOf(rows, limit, (row) => `letters:${row.id}`);
    return {
      status: 200,
      body: { data: data.map((row) => letterOf(row, sender)), nextCursor },
    };
  });

  api.serve(contract.getLetter, async ({ params, query }) => {
    const row = await store.findLetter(database, params.letterId);
    if (row === null || row.customer_id !== query.customerId) {
      throw new AppError(commonProblems.notFound, `no letter ${params.letterId} of this customer`);
    }
    return { status: 200, body: letterOf(row, sender) };
  });
}
