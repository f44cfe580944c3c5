import { eraseCustomer } from '#contracts/erasure.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { Database, Queryable } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { eraseOrders } from './erasure-store.ts';

const CURSOR = /^orders:([0-9a-f-]{36})$/;

/**
 * Erases the texts that a customer wrote into orders. Orders are records of money: ids, quantities,
 * prices, statuses and dates stay.
 */
export function serveOrderErasure(api: InternalApi, database: Database): void {
  api.serve(eraseCustomer, async ({ body: { customerId, cursor } }) => {
    return { status: 200, body: await eraseTexts(database, customerId, cursor) };
  });
}

async function eraseTexts(db: Queryable, customerId: string, cursor: string | undefined) {
  const before = cursor === undefined ? null : CURSOR.exec(cursor)?.[1];
  if (before === undefined) {
    throw new AppError(commonProblems.invalidRequest, 'malformed cursor', {
      violations: [{ pointer: '/cursor', rule: 'cursor' }],
    });
  }
  const { last, pending } = await eraseOrders(db, customerId, before);
  return { next: last === null ? null : `orders:${last}`, waits: pending > 0 };
}
