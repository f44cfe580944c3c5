import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import { uuidCursor } from '#contracts/patterns.ts';
import * as contract from '#contracts/wallet-lists.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { amountRangeOf, timeRangeOf } from '#platform/http/list-range.ts';
import { decodeCursor, encodeCursor, pageOf } from '#platform/http/page.ts';
import { recordRead } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { findBalances, findWithReversal, searchOperations } from './wallet-list-store.ts';

const ALL_CURSOR = uuidCursor('all-operations');
const WALLET_CURSOR = /^wallet-operations:([1-9]\d{0,15})$/;

/** The wallets of all customers, for operators. */
export function serveWalletLists(api: InternalApi, database: Database): void {
  api.serve(contract.listAllOperations, async ({ query, request }) => {
    const { limit = PAGE_SIZE_DEFAULT, customerId = null, type = null } = query;
    const cursor = customerId === null ? ALL_CURSOR : WALLET_CURSOR;
    const search = {
      ...{ customerId, type },
      ...timeRangeOf(query),
      ...amountRangeOf(query),
      after: decodeCursor(query.cursor, cursor),
    };
    const { operations, last } = await searchOperations(database, search, limit);
    const subject = customerId === null ? {} : { customerId };
    const read = { actor: actorOf(request), action: 'list-operations', subject };
    if (operations.length > 0) await recordRead(database, read);
    const keyOf = (key: string | number) =>
      customerId === null ? `all-operations:${key}` : `wallet-operations:${key}`;
    const page = pageOf(operations, limit, ({ id, number }) =>
      keyOf(customerId === null ? id : number),
    );
    const nextCursor = page.nextCursor ?? (last && encodeCursor(keyOf(last)));
    return { status: 200, body: { data: page.data, nextCursor } };
  });

  api.serve(contract.getAnyOperation, async ({ params, request }) => {
    const found = await findWithReversal(database, params.operationId);
    if (found === null) {
      throw new AppError(commonProblems.notFound, `no operation ${params.operationId}`);
    }
    const subject = { customerId: found.operation.customerId };
    await recordRead(database, { actor: actorOf(request), action: 'read-wallet', subject });
    return { status: 200, body: found };
  });

  // As `getWallet`, it is no entry of the audit trail: profiles records whom the operator was shown.
  api.serve(contract.lookUpWallets, async ({ body }) => {
    return { status: 200, body: { data: await findBalances(database, body.customerIds) } };
  });
}
