import * as contract from '#contracts/billing.ts';
import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import { actorOf } from '#platform/http/actor.ts';
import { decodeCursor, pageOf } from '#platform/http/page.ts';
import { REPLAYED } from '#platform/http/replayed.ts';
import { recordRead } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { reverseOperation } from './reverse-operation.ts';
import * as store from './store.ts';
import { topUp } from './top-up.ts';
import { ledgerIn } from './transactions.ts';

const CURSOR = /^operations:([1-9]\d{0,15})$/;

/** The internal API of wallets (`contracts/billing.ts`). */
export function serveWallets(api: InternalApi, database: Database, currency: string): void {
  const ledger = ledgerIn(database, currency);

  api.serve(contract.getWallet, async ({ params }) => {
    const { customerId } = params;
    // Only a wallet that does not exist yet has the currency of the setting.
    const balance = (await store.findBalance(database, customerId)) ?? { amount: 0, currency };
    return { status: 200, body: { customerId, balance } };
  });

  api.serve(contract.topUpWallet, async ({ params, body, request }) => {
    const { customerId } = params;
    return answerAbout(await topUp(ledger, { customerId, ...body, actor: actorOf(request) }));
  });

  api.serve(contract.reverseTopUp, async ({ params, body }) => {
    const request = { ...params, ...body, type: 'top_up' } as const;
    return answerAbout(await reverseOperation(ledger, request));
  });

  api.serve(contract.listOperations, async ({ params, query, request }) => {
    const { customerId } = params;
    const limit = query.limit ?? PAGE_SIZE_DEFAULT;
    const before = decodeCursor(query.cursor, CURSOR);
    const operations = await store.listOperations(database, {
      customerId,
      before: before === null ? null : Number(before),
      limit,
    });
    const read = { actor: actorOf(request), action: 'read-wallet', subject: { customerId } };
    if (operations.length > 0) await recordRead(database, read);
    return { status: 200, body: pageOf(operations, limit, ({ number }) => `operations:${number}`) };
  });
}

/** The answer about an operation; the header says that an earlier request made it. */
function answerAbout({
  operation,
  replayed,
}: {
  operation: store.NumberedOperation;
  replayed: boolean;
}) {
  return { status: 201 as const, body: operation, headers: replayed ? REPLAYED : {} };
}
