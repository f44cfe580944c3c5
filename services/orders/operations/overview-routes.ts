import * as operations from '#contracts/order-operations.ts';
import { singleFlight } from '#platform/async/single-flight.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { countLatest, readOutbox, readPendingByAge, readRates } from './overview-store.ts';

// A page of statistics must not cost more the longer the system lives, or something is down.
const COUNTED_MAX = 100_000;
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
  const readOverview = singleFlight(async (): Promise<operations.OrdersOverview> => {
    const [latest, rates, pending, outbox] = await Promise.all([
      countLatest(database, COUNTED_MAX),
      readRates(database, RATES_S),
      readPendingByAge(database, { boundsMs: AGES_MS, max: COUNTED_MAX }),
      relayed ? readOutbox(database, COUNTED_MAX) : null,
    ]);
    return { latest, rates, pending, outbox };
  });
  api.serve(operations.getOrdersOverview, async () => ({
    status: 200,
    body: await readOverview(),
  }));
}
