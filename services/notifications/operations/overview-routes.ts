import * as contract from '#contracts/notifications.ts';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { singleFlight } from '#platform/async/single-flight.ts';
import { withTimeout } from '#platform/async/timeout.ts';
import type { Broker } from '#platform/broker/port/broker.ts';
import type { DeadLetters } from '#platform/messaging/consumer/dead-letters.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import * as store from './overview-store.ts';

// A page of statistics must not cost more the longer the system lives.
const COUNTED_MAX = 100_000;
// As the contract says of the rate.
const RATE_TIMES = { sentS: 10, eventS: 60 };
// Operators read the overview when the broker is down, so the rest of it must not wait for it.
const LAG_TIMEOUT_MS = 1_000;

/**
 * Notifications' part of the operator's overview.
 * @param deps.group the group that reads the orders topic into the inbox
 */
export function serveOverview(
  api: InternalApi,
  deps: { database: Database; broker: Broker; group: string; deadLetters: DeadLetters },
): void {
  const { database, broker, group, deadLetters } = deps;
  // Single-flight of its own, so that a broker that hangs gets no second request.
  const readLag = singleFlight(() => broker.lag(ORDERS_TOPIC, group));

  async function lagOrNull(): Promise<contract.NotificationsOverview['lag']> {
    const lag = await withTimeout(LAG_TIMEOUT_MS, readLag()).catch(() => null);
    if (lag === null) return null;
    return lag.map(({ partition, position, end }) => ({
      partition,
      position: Number(position),
      end: Number(end),
      lag: Number(end - position),
    }));
  }

  const readOverview = singleFlight(async (): Promise<contract.NotificationsOverview> => {
    const [letters, oldestWaitingMs, justSent, dead, refusals, lag] = await Promise.all([
      store.countLetters(database, COUNTED_MAX),
      store.readOldestWaitingMs(database),
      store.countJustSent(database, RATE_TIMES),
      deadLetters.count(COUNTED_MAX),
      store.readRefusals(database),
      lagOrNull(),
    ]);
    const sentPerSecond = justSent / RATE_TIMES.sentS;
    return {
      letters,
      oldestWaitingMs,
      sentPerSecond,
      deadLetters: dead,
      ...(refusals.length > 0 && { refusals }),
      lag,
    };
  });
  api.serve(contract.getNotificationsOverview, async () => ({
    status: 200,
    body: await readOverview(),
  }));
}
