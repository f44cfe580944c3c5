import * as contract from '#contracts/orders.ts';
import type { Database } from '#platform/database.ts';
import type { InternalApi } from '#platform/service.ts';
import { shareReading } from '#platform/shared-reading.ts';
import { readUnpublished } from './backlog-store.ts';
import { countLatest, readPendingByAge, readRates } from './overview-store.ts';

// A page of statistics must not cost more the longer the system lives.
const LATEST_MAX = 100_000;
// As the contract says of rates.
const RATES_S = 10;
// Under way; late; before the first round of recovery after RECOVERY_AGE_MS; after some; alarming.
const AGES_MS = [5_000, 30_000, 120_000, 600_000];

/**
 * Orders' part of the operator's overview.
 * @param deps.relayed whether a relay of ours publishes the outbox; without one nobody marks its
 *   rows, and a backlog of them would mean nothing
 */
export function serveOverview(
  api: InternalApi,
  { database, relayed }: { database: Database; relayed: boolean },
): void {
  const readOverview = shareReading(async (): Promise<contract.OrdersOverview> => {
    const [latest, rates, pending, outbox] = await Promise.all([
      countLatest(database, LATEST_MAX),
      readRates(database, RATES_S),
      readPendingByAge(database, AGES_MS),
      relayed ? readUnpublished(database) : null,
    ]);
    const backlog = outbox && {
      unpublished: outbox.count,
      oldestMs: Math.floor(outbox.oldestS * 1_000),
    };
    return { latest, rates, pending, outbox: backlog };
  });
  api.serve(contract.getOrdersOverview, async () => ({ status: 200, body: await readOverview() }));
}
