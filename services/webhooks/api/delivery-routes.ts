import { randomUUID } from 'node:crypto';
import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import { uuidCursor } from '#contracts/patterns.ts';
import * as contract from '#contracts/webhooks.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { decodeCursor, pageOf } from '#platform/http/page.ts';
import { recordAudit } from '#platform/postgres/audit-trail.ts';
import type { Database, Queryable } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { endpointMissing } from '../endpoints/endpoint-routes.ts';
import { type EndpointRow, lockEndpoint } from '../endpoints/endpoint-store.ts';
import { bodyOf } from '../inbox/on-order-update.ts';
import * as store from './delivery-store.ts';

const CURSOR = uuidCursor('webhook-deliveries');
// Five short statements, within the time of one internal call.
const REPLAY_PARTS_MAX = 5;
const REPLAY_PART = 1_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
// The format also accepts an offset without minutes, which RFC 3339 forbids.
const OFFSET = /(?:Z|[+-]\d{2}:\d{2})$/i;

export interface DeliveryDeps {
  database: Database;
  retentionDays: number;
  /** By the clock of the database. */
  now: () => Date;
  /** Called when deliveries may be due. */
  onDue: () => void;
}

/** Deliveries as operators see them, and how they send them again. */
export function serveDeliveries(api: InternalApi, deps: DeliveryDeps): void {
  const { database, onDue } = deps;

  api.serve(contract.listWebhookDeliveries, async ({ query }) => {
    const { limit = PAGE_SIZE_DEFAULT, cursor, ...filters } = query;
    const { endpointId = null, state = null, orderId = null } = filters;
    const before = decodeCursor(cursor, CURSOR);
    const search = { endpointId, state, orderId, before, limit: limit + 1 };
    const rows = await store.listDeliveries(database, search);
    const body = pageOf(rows, limit, ({ id }) => `webhook-deliveries:${id}`, viewOf);
    return { status: 200, body };
  });

  api.serve(contract.getWebhookDelivery, async ({ params: { deliveryId } }) => ({
    status: 200,
    body: viewOf(await getDelivery(database, deliveryId)),
  }));

  api.serve(contract.redeliverWebhook, async ({ params: { deliveryId }, request }) => {
    const { endpointId, state } = await getDelivery(database, deliveryId);
    await database.transaction(async (tx) => {
      await lockEnabled(tx, endpointId);
      // One that is being delivered needs nothing: a repeated request sends it once.
      if (!(await store.queueDelivery(tx, deliveryId))) return;
      await recordAudit(tx, {
        actor: actorOf(request),
        action: 'redeliver-webhook',
        subject: { deliveryId, endpointId },
        before: { state },
        after: { state: 'queued' },
      });
    });
    onDue();
    return { status: 200, body: viewOf(await getDelivery(database, deliveryId)) };
  });

  api.serve(contract.testWebhookEndpoint, async ({ params: { endpointId }, request }) => {
    const id = await database.transaction(async (tx) => {
      await lockEnabled(tx, endpointId);
      await recordAudit(tx, {
        actor: actorOf(request),
        action: 'test-webhook-endpoint',
        subject: { endpointId },
      });
      return store.insertTest(tx, endpointId, testEvent(deps.now()));
    });
    onDue();
    return { status: 200, body: viewOf(await getDelivery(database, id)) };
  });

  serveReplay(api, deps);
}

function serveReplay(api: InternalApi, { database, retentionDays, onDue }: DeliveryDeps): void {
  api.serve(contract.replayWebhookEvents, async ({ params: { endpointId }, body, request }) => {
    const asked = momentOf(body.since);
    const since = await store.notBeforeRetention(database, asked, retentionDays);
    const result = await database.transaction(async (tx) => {
      await lockEnabled(tx, endpointId);
      const all = await replay(tx, endpointId, since);
      await recordAudit(tx, {
        actor: actorOf(request),
        action: 'replay-webhooks',
        subject: { endpointId },
        after: { since: since.toISOString(), queued: all.queued },
      });
      return all;
    });
    onDue();
    return { status: 200, body: { ...result, since: since.toISOString() } };
  });
}

/** Queues events from a moment on, part by part. @returns since when to go on, null at the end */
async function replay(tx: Queryable, endpointId: string, since: Date) {
  // That very moment too.
  let after = { receivedAt: since.toISOString(), id: FIRST_ID };
  let queued = 0;
  for (let part = 0; part < REPLAY_PARTS_MAX; part++) {
    const done = await store.replayPart(tx, endpointId, after, REPLAY_PART);
    queued += done.queued;
    if (done.last === null || done.events < REPLAY_PART) return { queued, next: null };
    after = done.last;
  }
  // Its milliseconds are cut, so the last of these events may be sent twice.
  return { queued, next: new Date(after.receivedAt).toISOString() };
}

/** The endpoint, which stays as it is until the transaction ends. @throws AppError */
async function lockEnabled(tx: Queryable, id: string): Promise<EndpointRow> {
  const endpoint = await lockEndpoint(tx, id);
  if (endpoint === null) throw endpointMissing(id);
  if (endpoint.state === 'enabled') return endpoint;
  throw new AppError(contract.webhookProblems.endpointDisabled, `endpoint ${id} is disabled`);
}

async function getDelivery(database: Database, id: string): Promise<store.DeliveryRow> {
  const row = await store.findDelivery(database, id);
  if (row === null) throw new AppError(commonProblems.notFound, `no delivery ${id}`);
  return row;
}

/** Data of an order that never was. XTS is the currency of tests (ISO 4217). */
function testEvent(now: Date) {
  const type = 'webhook.test';
  const body = bodyOf(type, {
    orderId: randomUUID(),
    customerId: 'test',
    version: 2,
    previousStatus: 'Pending',
    status: 'Paid',
    total: { amount: 100, currency: 'XTS' },
    paymentOperationId: randomUUID(),
    reason: null,
    occurredAt: now.toISOString(),
  });
  return { id: randomUUID(), type, orderId: null, status: null, body };
}

function viewOf({
  dueAt,
  createdAt,
  endedAt,
  ...row
}: store.DeliveryRow): contract.WebhookDelivery {
  return {
    ...row,
    nextAttemptAt: row.state === 'queued' ? dueAt.toISOString() : null,
    createdAt: createdAt.toISOString(),
    deliveredAt: row.state === 'delivered' ? (endedAt?.toISOString() ?? null) : null,
  };
}

/** @throws AppError also for a leap second, which JavaScript cannot represent */
function momentOf(text: string): Date {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime()) || !OFFSET.test(text)) {
    throw new AppError(commonProblems.invalidRequest, `no moment: ${text}`, {
      violations: [{ pointer: '/since', rule: 'format' }],
    });
  }
  return moment;
}
