import * as contract from '#contracts/orders.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { findFirstItems } from './item-store.ts';

/** The items of orders for their letters: events carry none, so that no topic holds their texts. */
export function serveItems(api: InternalApi, database: Database): void {
  api.serve(contract.lookUpItems, async ({ body }) => {
    return { status: 200, body: { data: await findFirstItems(database, body.orderIds) } };
  });
}
