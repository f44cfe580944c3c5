import * as operations from '#contracts/order-operations.ts';
import { type RepairStep, repairProblems } from '#contracts/repairs.ts';
import { singleFlight } from '#platform/async/single-flight.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { recordRead } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import { insertRepair, listRepairs } from '#platform/postgres/repair-log.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import type { EventOrigin } from '../lifecycle/store.ts';
import { type AuditedEvent, auditEvents, auditOrders } from './audit-store.ts';
import { findHistory } from './history-store.ts';
import { countLatest, readOutbox, readPendingByAge, readRates } from './overview-store.ts';
import { insertEventAgain, lockEvent } from './repair-store.ts';

// A page of statistics must not cost more the longer the system lives, or something is down.
const COUNTED_MAX = 100_000;
// As the contract says of rates.
const RATES_S = 10;
// Under way; late; before the first round of recovery after RECOVERY_AGE_MS; after some; alarming.
const AGES_MS = [5_000, 30_000, 120_000, 600_000];

export interface OperationsDeps {
  database: Database;
  /** Of an event that is made again of its order. */
  origin: EventOrigin;
  /**
   * Whether our relay publishes the outbox. Without it published rows are not marked, so a backlog
   * cannot be counted.
   */
  relayed: boolean;
  /** Called after a commit that put an event into the outbox. */
  onEvent: () => void;
}

/** Orders' part of the reconciliation, of the repair after a restore, of journey and overview. */
export function serveOperations(api: InternalApi, deps: OperationsDeps): void {
  const { database, relayed } = deps;

  api.serve(operations.auditOrders, async ({ query }) => {
    return { status: 200, body: { data: await auditOrders(database, { ...query, relayed }) } };
  });

  api.serve(operations.auditEvents, async ({ query }) => {
    const events = await auditEvents(database, query);
    const faults = events.flatMap((event) => {
      const detail = faultOf(event);
      return detail === null ? [] : [{ id: event.id, detail }];
    });
    const last = events.length < query.limit ? null : (events.at(-1)?.id ?? null);
    return { status: 200, body: { checked: events.length, faults, last } };
  });

  api.serve(operations.getOrderHistory, async ({ params, query, request }) => {
    const history = await findHistory(database, params.orderId);
    const { customerId = history?.order.customerId } = query;
    const foreign = customerId !== history?.order.customerId;
    // The same answer for a foreign and for a missing order, so that ids cannot be probed.
    if (history === null || foreign) {
      throw new AppError(commonProblems.notFound, `no order ${params.orderId} for this caller`);
    }
    const subject = { orderId: history.order.id, customerId: history.order.customerId };
    await recordRead(database, { actor: actorOf(request), action: 'read-order', subject });
    return { status: 200, body: history };
  });

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

  serveRepairs(api, deps);
}

function serveRepairs(api: InternalApi, deps: OperationsDeps): void {
  const { database, origin, relayed, onEvent } = deps;
  api.serve(operations.publishEventAgain, async ({ params, body }) => {
    const state = await database.transaction(async (tx) => {
      const event = await lockEvent(tx, params.orderId, origin);
      if (event === null) {
        throw new AppError(repairProblems.repairRefused, `${params.orderId} has no event`);
      }
      // Without our relay no row is ever marked as published.
      if (relayed && event.unpublished) return 'already';
      await insertEventAgain(tx, event);
      const detail = { eventId: event.id };
      const subject = event.aggregateid;
      const audit = {
        subject: { orderId: subject, eventId: event.id },
        before: { event: event.kept ? 'published' : 'expired' },
        after: { event: 'unpublished' },
      };
      await insertRepair(tx, { step: 'publish-again', subject, detail, audit, ...body });
      return 'done';
    });
    if (state === 'done') onEvent();
    return { status: 200, body: { state } };
  });

  api.serve(operations.listOrderRepairs, async ({ query }) => {
    const rows = await listRepairs<RepairStep>(database, query);
    const data = rows.map(({ subject: orderId, detail: _, ...row }) => ({ ...row, orderId }));
    return { status: 200, body: { data } };
  });
}

function faultOf({ id, key, order }: AuditedEvent): string | null {
  if (order === null) return `the event names the order ${key}, which does not exist`;
  if (order.eventId === id) return null;
  const own = order.eventId === null ? 'has no event' : `has the event ${order.eventId}`;
  return `the event names the order ${order.id}, which ${own}`;
}
