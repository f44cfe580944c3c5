import * as contract from '#contracts/notifications.ts';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { withTimeout } from '#platform/async/timeout.ts';
import { singleFlight } from '#platform/async/single-flight.ts';
import type { Broker } from '#platform/broker/port/broker.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import * as store from './overview-store.ts';

// A page of statistics must not cost more the longer the system lives.
const COUNTED_MAX = 100_000;
// As the contract says of the rate.
const RATE_TIMES = { sentS: 10, eventS: 60 };
// The overview is looked at just when the broker is down: the rest of it must not be late then.
const LAG_TIMEOUT_MS = 1_000;

/**
 * Notifications' part of the operator's overview.
 * @param deps.group the group that reads the orders topic into the inbox
 */
export function serveOverview(
  api: InternalApi,
  { database, broker, group }: { database: Database; broker: Broker; group: string },
): void {
  // Shared for itself: of a broker that hangs, the next overview asks no second time.
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
    const [letters, oldestWaitingMs, justSent, deadLetters, refusals, lag] = await Promise.all([
      store.countLetters(database, COUNTED_MAX),
      store.readOldestWaitingMs(database),
      store.countJustSent(database, RATE_TIMES),
      store.countDeadLetters(database, COUNTED_MAX),
      store.readRefusals(database),
      lagOrNull(),
    ]);
    const sentPerSecond = justSent / RATE_TIMES.sentS;
    return {
      letters,
      oldestWaitingMs,
      sentPerSecond,
      deadLetters,
      ...(refusals.length > 0 && { refusals }),
      lag,
    };
  });
  api.serve(contract.getNotificationsOverview, async () => ({
    status: 200,
    body: await readOverview(),
  }));
}
