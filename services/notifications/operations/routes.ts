import * as audit from '#contracts/letter-audit.ts';
import * as contract from '#contracts/notifications.ts';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import type { RepairStep } from '#contracts/repairs.ts';
import { singleFlight } from '#platform/async/single-flight.ts';
import { withTimeout } from '#platform/async/timeout.ts';
import type { Broker } from '#platform/broker/port/broker.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { DeadLetters } from '#platform/messaging/consumer/dead-letters.ts';
import type { Database } from '#platform/postgres/database.ts';
import { insertRepair, listRepairs } from '#platform/postgres/repair-log.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { countAccountLetters } from '../account/account-letter-store.ts';
import { findLetter } from '../api/letter-list-store.ts';
import { findDeletedThrough } from '../privacy/retention-store.ts';
import { auditLetters } from './audit-store.ts';
import * as store from './overview-store.ts';

// A page of statistics must not cost more the longer the system lives.
const COUNTED_MAX = 100_000;
// As the contract says of the rate.
const RATE_TIMES = { sentS: 10, eventS: 60 };
// Operators read the overview when the broker is down, so the rest of it must not wait for it.
const LAG_TIMEOUT_MS = 1_000;

interface OperationsDeps {
  database: Database;
  broker: Broker;
  /** The group that reads the orders topic into the inbox. */
  group: string;
  deadLetters: DeadLetters;
  /** The mail servers and their circuit breakers in this process. */
  providers: () => contract.MailProvider[];
}

/** Notifications' part of the reconciliation, of the repair after a restore, and of the overview. */
export function serveOperations(api: InternalApi, deps: OperationsDeps): void {
  const { database, broker, group } = deps;

  api.serve(audit.auditLetters, async ({ query }) => {
    return { status: 200, body: { data: await auditLetters(database, query) } };
  });

  api.serve(audit.auditPositions, async () => {
    // The topic before the positions: if it is recreated in between, the new positions go with the
    // old identity, and no event of the new topic counts as read.
    const topic = await broker.endOffsets(ORDERS_TOPIC);
    const lag = await broker.lag(ORDERS_TOPIC, group);
    const data = lag.map(({ partition, position, end }) => ({
      partition,
      position: Number(position),
      end: Number(end),
    }));
    const deletedThrough = await findDeletedThrough(database);
    const body = {
      topicId: topic?.topicId ?? null,
      data,
      ...(deletedThrough !== null && { deletedThrough }),
    };
    return { status: 200, body };
  });

  api.serve(audit.acknowledgeLetter, async ({ params, body }) => {
    const letter = await findLetter(database, params.letterId);
    if (letter === null) {
      throw new AppError(commonProblems.notFound, `no letter ${params.letterId}`);
    }
    const detail = { orderId: letter.order_id };
    const audit = {
      subject: { letterId: letter.id, orderId: letter.order_id, customerId: letter.customer_id },
      before: { acknowledged: false },
      after: { acknowledged: true },
    };
    const step = { step: 'acknowledge', subject: letter.id, detail, audit, ...body };
    const done = await database.transaction((tx) => insertRepair(tx, step));
    return { status: 200, body: { state: done ? 'done' : 'already' } };
  });

  api.serve(audit.listLetterRepairs, async ({ query }) => {
    const rows = await listRepairs<RepairStep>(database, query);
    const data = rows.map(({ subject: letterId, detail, ...row }) => ({
      ...row,
      letterId,
      orderId: detail.orderId as string,
    }));
    return { status: 200, body: { data } };
  });

  serveOverview(api, deps);
}

function serveOverview(
  api: InternalApi,
  { database, broker, group, deadLetters, providers }: OperationsDeps,
): void {
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
    const [letters, oldestWaitingMs, justSent, dead, refusals, held, account, lag] =
      await Promise.all([
        store.countLetters(database, COUNTED_MAX),
        store.readOldestWaitingMs(database),
        store.countJustSent(database, RATE_TIMES),
        deadLetters.count(COUNTED_MAX),
        store.readRefusals(database),
        store.countWaitingForConfirmation(database, COUNTED_MAX),
        countAccountLetters(database, COUNTED_MAX),
        lagOrNull(),
      ]);
    const sentPerSecond = justSent / RATE_TIMES.sentS;
    return {
      letters,
      oldestWaitingMs,
      sentPerSecond,
      deadLetters: dead,
      waitingForConfirmation: held,
      accountLetters: account,
      ...(refusals.length > 0 && { refusals }),
      mail: { providers: providers() },
      lag,
    };
  });
  api.serve(contract.getNotificationsOverview, async () => ({
    status: 200,
    body: await readOverview(),
  }));
}
