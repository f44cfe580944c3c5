import type { Logger } from 'pino';
import { getOrdersHistory, type OrdersSample } from '#contracts/order-operations.ts';
import type { Database } from '#platform/postgres/database.ts';
import { type Sampling, startSampling } from '#platform/postgres/sampling.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { countPending, readOutbox, readRates } from './overview-store.ts';

// A sample must not cost more the more orders wait.
const COUNTED_MAX = 100_000;
// As the contract says of samples: a rate is that of the step before.
const RATES_S = 10;

export type OrdersFigures = Omit<OrdersSample, 'at'>;

/** Keeps the figures of the last hour. @param relayed whether published events are marked */
export function startFigures(options: {
  database: Database;
  log: Logger;
  relayed: boolean;
}): Sampling<OrdersFigures> {
  const { database, log, relayed } = options;
  async function read(): Promise<OrdersFigures> {
    const [rates, pending, outbox] = await Promise.all([
      readRates(database, RATES_S),
      countPending(database, COUNTED_MAX),
      relayed ? readOutbox(database, COUNTED_MAX) : null,
    ]);
    return { ...rates, pending, unpublished: outbox?.unpublished ?? null };
  }
  return startSampling({ database, log, read });
}

/** The history of these figures, for the operator's charts. */
export function serveFigures(api: InternalApi, figures: Sampling<OrdersFigures>): void {
  api.serve(getOrdersHistory, async () => ({ status: 200, body: { data: await figures.list() } }));
}
