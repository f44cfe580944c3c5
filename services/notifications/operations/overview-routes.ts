import type { Logger } from 'pino';
import * as contract from '#contracts/notifications.ts';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { singleFlight } from '#platform/async/single-flight.ts';
import { withTimeout } from '#platform/async/timeout.ts';
import type { Broker } from '#platform/broker/port/broker.ts';
import type { DeadLetters } from '#platform/messaging/consumer/dead-letters.ts';
import type { Database } from '#platform/postgres/database.ts';
import { startSampling } from '#platform/postgres/sampling.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { countAccountLetters } from '../account/account-letter-store.ts';
import { countUnacknowledged } from '../repair/acknowledgement-store.ts';
import * as store from './overview-store.ts';

// A page of statistics must not cost more the longer the system lives.
const COUNTED_MAX = 100_000;
// As the contract says of the rate.
const RATE_TIMES = { sentS: 10, eventS: 60 };
// Operators read the overview when the broker is down, so the rest of it must not wait for it.
const LAG_TIMEOUT_MS = 1_000;

interface OverviewDeps {
  database: Database;
  broker: Broker;
  /** The group that reads the orders topic into the inbox. */
  group: string;
  deadLetters: DeadLetters;
  /** The mail servers and their circuit breakers in this process. */
  providers: () => contract.MailProvider[];
  log: Logger;
}

export type Overview = ReturnType<typeof startOverview>;

/** What operators see of the letters: the figures of now, and those of the last hour. */
export function startOverview(deps: OverviewDeps) {
  const { database, broker, group, deadLetters, providers, log } = deps;
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

  const readSentPerSecond = async () =>
    (await store.countJustSent(database, RATE_TIMES)) / RATE_TIMES.sentS;

  const read = singleFlight(async (): Promise<contract.NotificationsOverview> => {
    const [letters, oldestWaitingMs, sentPerSecond, dead, refusals, held, account, failed, lag] =
      await Promise.all([
        store.countLetters(database, COUNTED_MAX),
        store.readOldestWaitingMs(database),
        readSentPerSecond(),
        deadLetters.count(COUNTED_MAX),
        store.readRefusals(database),
        store.countWaitingForConfirmation(database, COUNTED_MAX),
        countAccountLetters(database, COUNTED_MAX),
        countUnacknowledged(database, COUNTED_MAX),
        lagOrNull(),
      ]);
    return {
      letters,
      oldestWaitingMs,
      sentPerSecond,
      deadLetters: dead,
      unacknowledged: failed,
      waitingForConfirmation: held,
      accountLetters: account,
      ...(refusals.length > 0 && { refusals }),
      mail: { providers: providers() },
      lag,
    };
  });

  async function readFigures(): Promise<Omit<contract.NotificationsSample, 'at'>> {
    const [sentPerSecond, waiting, unacknowledged, dead, lag] = await Promise.all([
      readSentPerSecond(),
      store.countWaiting(database, COUNTED_MAX),
      countUnacknowledged(database, COUNTED_MAX),
      deadLetters.count(COUNTED_MAX),
      lagOrNull(),
    ]);
    const unread = lag?.reduce((sum, partition) => sum + partition.lag, 0) ?? null;
    return { sentPerSecond, waiting, unacknowledged, deadLetters: dead, lag: unread };
  }

  const history = startSampling({ database, log, read: readFigures });
  return { read, history, close: history.close };
}

export function serveOverview(api: InternalApi, { read, history }: Overview): void {
  api.serve(contract.getNotificationsOverview, async () => ({ status: 200, body: await read() }));
  api.serve(contract.getNotificationsHistory, async () => ({
    status: 200,
    body: { data: await history.list() },
  }));
}
