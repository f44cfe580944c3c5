import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { AuditedOrder } from '#contracts/order-operations.ts';
import type { Order } from '#contracts/orders.ts';
import { eventually } from '#harness/eventually.ts';
import { type OrdersService, startOrdersService } from '#harness/system/orders-service.ts';
import { assertInternalProblem as assertProblem } from '#harness/system/raw-http.ts';
import { rub } from '#harness/system/system.ts';

async function auditOf({ call }: OrdersService, query = 'limit=500'): Promise<AuditedOrder[]> {
  const { status, body } = await call('GET', `/audit/orders?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.data;
}

const eventsOf = async ({ call }: OrdersService, query = 'limit=500') =>
  (await call('GET', `/audit/events?${query}`)).body;

/** A paid order whose event is published. */
async function published(orders: OrdersService): Promise<Order> {
  const { id } = await orders.pending();
  const { body } = await orders.pay(id);
  await eventually('the event published', async () => {
    const [order] = (await auditOf(orders)).filter((each) => each.id === id);
    return order?.event === 'published';
  });
  return body;
}

test('the audit returns orders with their events', async (t) => {
  const orders = await startOrdersService(t);
  const pending = await orders.pending();
  const paid = await published(orders);
  const [first, second, ...more] = await auditOf(orders);
  assert.deepEqual(more, []);
  assert.deepEqual(first, {
    id: pending.id,
    customerId: 'anna',
    status: 'Pending',
    statusReason: null,
    total: rub(500),
    operationId: null,
    eventId: null,
    event: 'none',
    eventAgeMs: null,
    position: null,
  });
  const { rows } = await orders.database.query('select * from outbox');
  const { eventAgeMs, ...others } = second as AuditedOrder;
  assert.ok(eventAgeMs !== null && eventAgeMs >= 0, String(eventAgeMs));
  assert.deepEqual(others, {
    id: paid.id,
    customerId: 'anna',
    status: 'Paid',
    statusReason: null,
    total: rub(500),
    operationId: paid.payment?.operationId,
    eventId: rows[0].id,
    event: 'published',
    position: {
      topicId: rows[0].topic_id,
      partition: rows[0].partition,
      offset: Number(rows[0].offset),
    },
  });
  const cancelled = await orders.pending();
  await orders.cancel(cancelled.id, 'declined');
  const [, , third] = await auditOf(orders);
  assert.deepEqual([third?.status, third?.statusReason], ['Cancelled', 'insufficient-funds']);
});

test('the audit reports an event that is not published yet', async (t) => {
  const orders = await startOrdersService(t);
  const { id } = await published(orders);
  await orders.database.query(
    `update outbox set published_at = null, topic_id = null, leased_until = now() + interval '1 day'`,
  );
  const [order] = await auditOf(orders);
  assert.deepEqual([order?.id, order?.event, order?.position], [id, 'unpublished', null]);
});

test('an event is missing, or expired when the order ended before the retention', async (t) => {
  const orders = await startOrdersService(t);
  const { id } = await published(orders);
  await orders.database.query('delete from outbox');
  const event = async () => (await auditOf(orders))[0]?.event;
  assert.equal(await event(), 'missing');
  const ended = (age: string) =>
    orders.database.query(`update orders set updated_at = now() - interval '${age}'`);
  await ended('7 days - 1 minute');
  assert.equal(await event(), 'missing');
  await ended('7 days 1 minute');
  assert.equal(await event(), 'expired');
  await orders.database.query('update orders set event_id = null');
  assert.equal(await event(), 'missing');
  assert.equal((await auditOf(orders))[0]?.id, id);
});

/** Each says something else than the order. */
const contradictions: [name: string, change: string][] = [
  ['orderId', `update outbox set payload = jsonb_set(payload::jsonb, '{orderId}', '"x"')`],
  ['customerId', `update outbox set payload = jsonb_set(payload::jsonb, '{customerId}', '"x"')`],
  ['status', `update outbox set payload = jsonb_set(payload::jsonb, '{status}', '"Cancelled"')`],
  ['version', `update outbox set payload = jsonb_set(payload::jsonb, '{version}', '3')`],
  ['amount', `update outbox set payload = jsonb_set(payload::jsonb, '{total,amount}', '1')`],
  ['currency', `update outbox set payload = jsonb_set(payload::jsonb, '{total,currency}', '"X"')`],
  ['reason', `update outbox set payload = jsonb_set(payload::jsonb, '{reason}', '"voided"')`],
  ['operation', `update orders set payment_operation_id = gen_random_uuid()`],
  ['no members', `update outbox set payload = '[]'`],
  ['aggregate', 'update outbox set aggregateid = gen_random_uuid()::text'],
];

test('an event that says something else than its order is contradicting', async (t) => {
  const orders = await startOrdersService(t);
  const { id } = await published(orders);
  const { rows } = await orders.database.query('select payload::text, aggregateid from outbox');
  const { payload, aggregateid } = rows[0];
  const operationId = (await auditOf(orders))[0]?.operationId;
  for (const [name, change] of contradictions) {
    await orders.database.query(change);
    assert.equal((await auditOf(orders))[0]?.event, 'contradicting', name);
    await orders.database.query('update outbox set payload = $1, aggregateid = $2', [
      payload,
      aggregateid,
    ]);
    await orders.database.query('update orders set payment_operation_id = $1', [operationId]);
    assert.equal((await auditOf(orders))[0]?.event, 'published', `after ${name}`);
  }
  await orders.database.query(
    `update orders set status = 'Pending', payment_operation_id = null where id = $1`,
    [id],
  );
  assert.equal((await auditOf(orders))[0]?.event, 'contradicting', 'an event of a Pending order');
});

test('events that no ended order names are faults', async (t) => {
  const orders = await startOrdersService(t);
  const { id } = await published(orders);
  await published(orders);
  assert.deepEqual(await eventsOf(orders), { checked: 2, faults: [], last: null });
  const insert = async (eventId: string, key: string) => {
    await orders.database.query(
      `insert into outbox (id, aggregatetype, aggregateid, type, payload, published_at)
        values ($1, 'order', $2, 'x', '{}', now())`,
      [eventId, key],
    );
    return eventId;
  };
  const pending = await orders.pending();
  const faults: [key: string, detail: RegExp][] = [
    [id, new RegExp(`names the order ${id}, which has the event `)],
    [pending.id, /which has no event/],
    [randomUUID(), /which does not exist/],
    ['no uuid', /names the order no uuid, which does not exist/],
  ];
  const ids = new Map<string, RegExp>();
  for (const [key, detail] of faults) ids.set(await insert(randomUUID(), key), detail);
  const found = await eventsOf(orders);
  assert.equal(found.checked, 6);
  assert.deepEqual(
    found.faults.map((fault: { id: string }) => fault.id),
    [...ids.keys()].sort(),
  );
  for (const { id: eventId, detail } of found.faults)
    assert.match(detail, ids.get(eventId) as RegExp);
});

/** Reads all pages of this size. */
async function pagesOf<T>(limit: number, read: (query: string) => Promise<[T[], string | null]>) {
  const pages: T[][] = [];
  let after: string | null = null;
  do {
    const [page, next]: [T[], string | null] = await read(
      `limit=${limit}${after === null ? '' : `&after=${after}`}`,
    );
    pages.push(page);
    after = next;
  } while (after !== null);
  return pages;
}

test('pages of orders and events follow each other without a gap', async (t) => {
  const orders = await startOrdersService(t);
  const ids: string[] = [];
  for (let number = 0; number < 5; number++) ids.push((await published(orders)).id);
  const pages = await pagesOf<string>(2, async (query) => {
    const data = (await auditOf(orders, query)).map(({ id }) => id);
    return [data, data.length < 2 ? null : (data.at(-1) as string)];
  });
  assert.deepEqual(pages, [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
  const events = await pagesOf<number>(2, async (query) => {
    const { checked, last } = await eventsOf(orders, query);
    return [[checked], last];
  });
  assert.deepEqual(events.flat(), [2, 2, 1]);
});

test('a page has a limit, and the gateway alone may ask', async (t) => {
  await refusals(t, await startOrdersService(t), ['/audit/orders', '/audit/events']);
});

async function refusals(t: TestContext, { call }: OrdersService, paths: string[]) {
  for (const path of paths) {
    await t.test(path, async () => {
      assertProblem(await call('GET', path), 400, 'invalid-request');
      assertProblem(await call('GET', `${path}?limit=501`), 400, 'invalid-request');
      assertProblem(await call('GET', `${path}?limit=1&after=x`), 400, 'invalid-request');
      const foreign = await call('GET', `${path}?limit=1`, undefined, { caller: 'notifications' });
      assertProblem(foreign, 403, 'forbidden');
    });
  }
}
