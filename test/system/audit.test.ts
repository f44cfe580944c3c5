import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import type { AuditPage, PublicAuditEntry } from '#contracts/audit.ts';
import * as gatewayContract from '#contracts/gateway.ts';
import type { Operation } from '#contracts/operation.ts';
import * as operatorContract from '#contracts/operator.ts';
import { ORDER_UPDATE_TYPE } from '#contracts/order-update-message.ts';
import { RepairStep } from '#contracts/repairs.ts';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { type Answer, call } from '#harness/requests.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import {
  orderOf,
  PATIENT,
  rub,
  startTestSystem,
  stop,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';
import { insertDeadLetters } from '#platform/messaging/consumer/dead-letter-store.ts';

const AUDIT = '/v1/operator/audit';
const SERVICES = ['billing', 'identity', 'notifications', 'orders', 'profiles', 'webhooks'];
// Neither may be found in any trail.
const NAME = 'Веста Тайная';
const REASON = 'asked by vesta.secret@example.com';

interface Bed {
  system: TestSystem;
  operator: TestCustomer;
  operatorId: string;
  /** A customer with money. */
  customer: (topUp?: number) => Promise<TestCustomer>;
}

async function trail(operator: TestCustomer, filter = ''): Promise<PublicAuditEntry[]> {
  const { status, body } = await operator.call('GET', `${AUDIT}?limit=100${filter}`);
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body.unanswered, []);
  return body.data;
}

function answered(status: number, { status: actual, body }: Answer): Answer['body'] {
  assert.equal(actual, status, JSON.stringify(body));
  return body;
}

/** Places an order. @returns its id */
async function order(customer: TestCustomer, price: number, status = 201): Promise<string> {
  const body = answered(status, await customer.call('POST', '/v1/orders', orderOf(price)));
  return (body.order ?? body).id;
}

async function failedLetter({ system, operator }: Bed, orderId: string): Promise<string> {
  const { id } = await eventually('a sent letter', async () => {
    const { body } = await operator.call(
      'GET',
      `/v1/operator/letters?orderId=${orderId}&state=sent`,
    );
    return body.data[0];
  });
  const fail = `update letters set state = 'failed', failure = 'x' where id = $1`;
  await queryRows(system.databaseUrl('notifications'), fail, [id]);
  return id;
}

/** A dead letter that becomes a letter when it is read again. */
async function deadLetter({ system }: Bed, customerId: string, offset: bigint): Promise<string> {
  const id = randomUUIDv7();
  const event = {
    orderId: randomUUID(),
    customerId,
    version: 2,
    previousStatus: 'Pending',
    status: 'Paid',
    total: rub(1),
    paymentOperationId: randomUUID(),
    reason: null,
    occurredAt: '2026-11-22T18:30:00Z',
  };
  const headers = Object.entries({ ce_id: randomUUID(), ce_type: ORDER_UPDATE_TYPE }).map(
    ([name, text]) => [name, Buffer.from(text).toString('base64')],
  );
  const row = {
    id,
    topic: 'orders',
    partition: 0,
    offset,
    key: Buffer.from('key'),
    value: Buffer.from(JSON.stringify(event)),
    headers: JSON.stringify(headers),
    digest: Buffer.from(id),
    error: 'x',
  };
  const query = (text: string, values: unknown[]) =>
    queryRows(system.databaseUrl('notifications'), text, values);
  await insertDeadLetters({ query } as never, [row]);
  return id;
}

type Expected = Pick<PublicAuditEntry, 'service' | 'action'> &
  Partial<Omit<PublicAuditEntry, 'service' | 'action'>>;

/** Performs an operation. @returns the entries that it must leave, in any order */
type Scenario = (bed: Bed) => Promise<Expected[]>;

/** Each operation by which an operator changes something. One without a row fails the test. */
const SCENARIOS: Record<string, Scenario> = {
  // First: letters that the other scenarios redrive belong to no order, which a repair finds too.
  async repairBooks(bed) {
    const { system, operator, customer } = bed;
    const change = (database: string, text: string, ids: string[]) =>
      queryRows(system.databaseUrl(database), text, ids);
    const places: [price: number, status: number][] = [
      [100, 201],
      [5_000, 406],
      [200, 201],
      [6_000, 406],
      [300, 201],
      [400, 201],
    ];
    const orders: { id: string; letterId: string; customerId: string }[] = [];
    for (const [price, status] of places) {
      const placing = await customer(1_000);
      const id = await order(placing, price, status);
      const letterId = await eventually('a sent letter', async () => {
        const path = `/v1/operator/letters?orderId=${id}&state=sent`;
        return (await operator.call('GET', path)).body.data[0]?.id;
      });
      orders.push({ id, letterId, customerId: placing.customerId });
    }
    type Placed = (typeof orders)[number];
    const [paidLost, declinedLost, uncharged, undecided, writtenOff, unread] = orders as [
      Placed,
      Placed,
      Placed,
      Placed,
      Placed,
      Placed,
    ];
    for (const { id } of [paidLost, declinedLost]) {
      await change('orders', 'delete from outbox where aggregateid = $1::text', [id]);
      await change('orders', 'delete from orders where id = $1', [id]);
    }
    const before = await change('billing', 'select id from operations where order_id = $1', [
      uncharged.id,
    ]);
    for (const { id } of [uncharged, writtenOff]) {
      await change(
        'billing',
        `with lost as (delete from operations where order_id = $1 returning *)
          update wallets set balance = balance - amount, operation_count = operation_count - 1
            from lost where wallets.customer_id = lost.customer_id`,
        [id],
      );
    }
    for (const { id } of [uncharged, undecided, writtenOff]) {
      await change('billing', 'delete from payments where order_id = $1', [id]);
    }
    await change('notifications', 'delete from letter_attempts where letter_id = $1', [
      unread.letterId,
    ]);
    await change('notifications', 'delete from letters where id = $1', [unread.letterId]);
    const request = { reason: REASON, writeOff: [writtenOff.id] };
    const path = '/v1/operator/repairs';
    answered(200, await operator.call('POST', path, { ...request, apply: false }));
    const report = answered(200, await operator.call('POST', path, { ...request, apply: true }));
    const states = report.steps.map((step: { state: string }) => step.state);
    assert.deepEqual(new Set(states), new Set(['done']), JSON.stringify(report));
    const lost = (placed: Placed): Expected => ({
      service: 'notifications',
      action: 'repair-acknowledge',
      subject: {
        letterId: placed.letterId,
        orderId: placed.id,
        customerId: placed.customerId,
      },
      before: { acknowledged: false },
      after: { acknowledged: true },
    });
    const [charge] = before as { id: string }[];
    const reversal = (await change(
      'billing',
      `select id from operations where type = 'reversal' and customer_id = $1`,
      [paidLost.customerId],
    )) as { id: string }[];
    const of = ({ id, customerId }: Placed) => ({ orderId: id, customerId });
    const expected: Expected[] = [
      {
        service: 'billing',
        action: 'repair-reverse-charge',
        subject: { ...of(paidLost), operationId: reversal[0]?.id ?? '' },
        before: { balance: rub(900) },
        after: { balance: rub(1_000) },
      },
      {
        service: 'billing',
        action: 'repair-acknowledge',
        subject: of(declinedLost),
        before: { decision: 'declined', settled: null },
        after: { decision: 'declined', settled: 'acknowledge' },
      },
      {
        service: 'billing',
        action: 'repair-charge-again',
        subject: { ...of(uncharged), operationId: charge?.id ?? '' },
        before: { decision: null, balance: rub(1_000) },
        after: { decision: 'captured', balance: rub(800) },
      },
      {
        service: 'billing',
        action: 'repair-record-decision',
        subject: of(undecided),
        before: { decision: null },
        after: { decision: 'declined' },
      },
      {
        service: 'billing',
        action: 'repair-write-off',
        subject: of(writtenOff),
        before: { decision: null },
        after: { decision: 'voided' },
      },
      {
        service: 'orders',
        action: 'repair-publish-again',
        subject: { orderId: unread.id, eventId: unread.letterId },
        before: { event: 'published' },
        after: { event: 'unpublished' },
      },
      lost(paidLost),
      lost(declinedLost),
    ];
    const steps = (RepairStep as unknown as { enum: string[] }).enum;
    const performed = new Set(expected.map(({ action }) => action));
    assert.deepEqual(performed, new Set(steps.map((step) => `repair-${step}`)));
    return expected.map((entry) => ({ ...entry, reason: 'asked by v***@example.com' }));
  },
  async operatorTopUp({ operator, customer }) {
    const { customerId } = await customer();
    const path = `/v1/operator/wallets/${customerId}/top-ups`;
    const key = { 'idempotency-key': randomUUID(), 'x-actor': 'forged' };
    const { id } = answered(201, await operator.call('POST', path, { amount: rub(700) }, key));
    // Its repetition changes nothing.
    answered(201, await operator.call('POST', path, { amount: rub(700) }, key));
    return [
      {
        service: 'billing',
        action: 'top-up',
        subject: { customerId, operationId: id },
        reason: null,
        before: { balance: rub(0) },
        after: { balance: rub(700) },
      },
    ];
  },
  async reverseAnyTopUp({ operator, customer }) {
    const { customerId } = await customer(900);
    const path = `/v1/operator/wallets/${customerId}/operations`;
    const { body } = await operator.call('GET', path);
    const operationId = body.data[0].id;
    const at = `${path}/${operationId.toUpperCase()}/reversal`;
    const reversal = answered(201, await operator.call('POST', at, { reason: REASON }));
    answered(201, await operator.call('POST', at, { reason: 'again' }));
    return [
      {
        service: 'billing',
        action: 'reverse-top-up',
        subject: { customerId, operationId, reversalId: reversal.id },
        reason: 'asked by v***@example.com',
        before: { balance: rub(900) },
        after: { balance: rub(0) },
      },
    ];
  },
  async settleOrder({ system, operator, customer }) {
    const { customerId } = await customer();
    const orderId = randomUUIDv7();
    const item = { name: 'x', sku: 'x', quantity: 1, unitPrice: rub(10) };
    // As a gateway leaves it that dies before the payment.
    await queryRows(
      system.databaseUrl('orders'),
      `insert into orders (id, customer_id, idempotency_key, request_hash, status, items,
        total_amount, currency) values ($1, $2, 'left', '', 'Pending', $3, 10, 'RUB')`,
      [orderId, customerId, JSON.stringify([item])],
    );
    const path = `/v1/operator/orders/${orderId.toUpperCase()}/settlement`;
    answered(200, await operator.call('POST', path, { reason: REASON }));
    answered(200, await operator.call('POST', path, { reason: 'again' }));
    return [
      {
        service: 'orders',
        action: 'settle-order',
        subject: { orderId, customerId },
        reason: 'asked by v***@example.com',
        before: { status: 'Pending' },
        after: null,
      },
    ];
  },
  async resendAnyLetter(bed) {
    const anna = await bed.customer(900);
    const orderId = await order(anna, 100);
    const letterId = await failedLetter(bed, orderId);
    const path = `/v1/operator/letters/${letterId.toUpperCase()}/resend`;
    answered(200, await bed.operator.call('POST', path));
    const { customerId } = anna;
    return [
      {
        service: 'notifications',
        action: 'resend-letter',
        subject: { letterId, orderId, customerId },
        before: { state: 'failed' },
        after: { state: 'queued' },
      },
    ];
  },
  async resendFailedLetters(bed) {
    const anna = await bed.customer(900);
    const orders = [await order(anna, 10), await order(anna, 20)];
    const letters: { letterId: string; orderId: string }[] = [];
    for (const orderId of orders) {
      letters.push({ letterId: await failedLetter(bed, orderId), orderId });
    }
    const path = '/v1/operator/letters/resend';
    const filter = { failure: 'x', failedSince: '2020-01-01 00:00:00Z' };
    answered(200, await bed.operator.call('POST', path, { ...filter, dryRun: true }));
    const result = answered(200, await bed.operator.call('POST', path, filter));
    assert.equal(result.resent, 2);
    const failedSince = '2020-01-01T00:00:00.000Z';
    return [
      {
        service: 'notifications',
        action: 'resend-letters',
        subject: {},
        before: { state: 'failed', kind: null, failedSince, failedUntil: null },
        after: { state: 'queued', letters: 2 },
      },
      ...letters.map((letter) => ({
        service: 'notifications' as const,
        action: 'resend-letter',
        subject: { ...letter, customerId: anna.customerId },
        before: { state: 'failed' },
        after: { state: 'queued' },
      })),
    ];
  },
  async acknowledgeLetters(bed) {
    const anna = await bed.customer(900);
    const orderId = await order(anna, 100);
    const letterId = await failedLetter(bed, orderId);
    const path = '/v1/operator/letters/acknowledge';
    const body = { letterIds: [letterId.toUpperCase()], reason: REASON };
    answered(200, await bed.operator.call('POST', path, body));
    // Its repetition changes nothing.
    answered(200, await bed.operator.call('POST', path, { ...body, reason: 'again' }));
    const { customerId } = anna;
    return [
      {
        service: 'notifications',
        action: 'acknowledge-letters',
        subject: { letterId, orderId, customerId },
        reason: 'asked by v***@example.com',
        before: { acknowledged: false },
        after: { acknowledged: true },
      },
    ];
  },
  async discardMany(bed) {
    const { customerId } = await bed.customer();
    const deadLetterId = await deadLetter(bed, customerId, 1_000_003n);
    const path = '/v1/operator/dead-letters/discard';
    const body = { deadLetterIds: [deadLetterId.toUpperCase()], reason: REASON };
    answered(200, await bed.operator.call('POST', path, body));
    answered(200, await bed.operator.call('POST', path, { ...body, reason: 'again' }));
    return [
      {
        service: 'notifications',
        action: 'discard-dead-letters',
        subject: { deadLetterId },
        reason: 'asked by v***@example.com',
        before: { state: 'dead' },
        after: { state: 'discarded' },
      },
    ];
  },
  async redriveOne(bed) {
    const { customerId } = await bed.customer();
    const deadLetterId = await deadLetter(bed, customerId, 1_000_000n);
    const path = `/v1/operator/dead-letters/${deadLetterId.toUpperCase()}/redrive`;
    answered(200, await bed.operator.call('POST', path));
    return [redriven(deadLetterId, 'redriven')];
  },
  async requestCustomerErasure({ operator, customer }) {
    const { customerId } = await customer();
    const path = `/v1/operator/customers/${customerId}/erasure`;
    const reason = `${REASON} for ${NAME}`;
    answered(202, await operator.call('POST', path, { reason }));
    // Its repetition changes nothing.
    answered(202, await operator.call('POST', path, { reason: 'again' }));
    return [
      {
        service: 'profiles',
        action: 'request-erasure',
        subject: { customerId },
        reason: 'asked by v***@example.com for …',
        before: { state: null },
        after: { state: 'pending' },
      },
    ];
  },
  async redriveMany(bed) {
    const { customerId } = await bed.customer();
    const good = await deadLetter(bed, customerId, 1_000_001n);
    const bad = await deadLetter(bed, 'no customer', 1_000_002n);
    answered(200, await bed.operator.call('POST', '/v1/operator/dead-letters/redrive'));
    return [redriven(good, 'redriven'), redriven(bad, 'dead')];
  },
  async addWebhookEndpoint(bed) {
    const id = await endpoint(bed);
    return [ofEndpoint('add-webhook-endpoint', id, { after: ENABLED })];
  },
  async changeWebhookEndpoint(bed) {
    const id = await endpoint(bed);
    const body = { ...ENDPOINT, state: 'disabled' };
    answered(200, await bed.operator.call('PUT', `${ENDPOINTS}/${id}`, body));
    return [
      ofEndpoint('add-webhook-endpoint', id, { after: ENABLED }),
      ofEndpoint('change-webhook-endpoint', id, {
        before: ENABLED,
        after: { ...ENABLED, state: 'disabled' },
      }),
    ];
  },
  async removeWebhookEndpoint(bed) {
    const id = await endpoint(bed);
    answered(204, await bed.operator.call('DELETE', `${ENDPOINTS}/${id}`));
    return [
      ofEndpoint('add-webhook-endpoint', id, { after: ENABLED }),
      ofEndpoint('remove-webhook-endpoint', id, { before: ENABLED }),
    ];
  },
  async rotateEndpointSecret(bed) {
    const id = await endpoint(bed);
    answered(200, await bed.operator.call('POST', `${ENDPOINTS}/${id}/rotate-secret`));
    return [
      ofEndpoint('add-webhook-endpoint', id, { after: ENABLED }),
      ofEndpoint('rotate-webhook-secret', id),
    ];
  },
  async sendTestWebhook(bed) {
    const id = await endpoint(bed);
    answered(200, await bed.operator.call('POST', `${ENDPOINTS}/${id}/test`));
    return [
      ofEndpoint('add-webhook-endpoint', id, { after: ENABLED }),
      ofEndpoint('test-webhook-endpoint', id),
    ];
  },
  async replayWebhooks(bed) {
    const id = await endpoint(bed);
    const since = new Date(Date.now() + 3_600_000).toISOString();
    answered(200, await bed.operator.call('POST', `${ENDPOINTS}/${id}/replay`, { since }));
    return [
      ofEndpoint('add-webhook-endpoint', id, { after: ENABLED }),
      ofEndpoint('replay-webhooks', id, { after: { since, queued: 0 } }),
    ];
  },
  async redeliverOne(bed) {
    const id = await endpoint(bed);
    const test = answered(200, await bed.operator.call('POST', `${ENDPOINTS}/${id}/test`));
    const path = `/v1/operator/webhook-deliveries/${test.id}`;
    // Nobody listens there, so it waits for its next attempt.
    await eventually('a failed attempt', async () => {
      const { state, attempts } = answered(200, await bed.operator.call('GET', path));
      return state === 'queued' && attempts.length > 0;
    });
    answered(200, await bed.operator.call('POST', `${path}/redeliver`));
    return [
      ofEndpoint('add-webhook-endpoint', id, { after: ENABLED }),
      ofEndpoint('test-webhook-endpoint', id),
      {
        ...ofEndpoint('redeliver-webhook', id, {
          before: { state: 'queued' },
          after: { state: 'queued' },
        }),
        subject: { deliveryId: test.id, endpointId: id },
      },
    ];
  },
};

const ENDPOINTS = '/v1/operator/webhook-endpoints';
const ENDPOINT = { url: 'http://127.0.0.1:1/', description: 'Shop', statuses: ['Paid'] };
const ENABLED = { host: '127.0.0.1:1', state: 'enabled', statuses: 'Paid' };

/** Adds an endpoint at which nobody listens. @returns its id */
async function endpoint({ operator }: Bed): Promise<string> {
  return answered(201, await operator.call('POST', ENDPOINTS, ENDPOINT)).id;
}

function ofEndpoint(
  action: string,
  endpointId: string,
  change: Pick<Expected, 'before' | 'after'> = {},
): Expected {
  const subject = { endpointId };
  return { service: 'webhooks', action, subject, before: null, after: null, ...change };
}

function redriven(deadLetterId: string, state: string): Expected {
  return {
    service: 'notifications',
    action: 'redrive-dead-letter',
    subject: { deadLetterId },
    before: { state: 'dead' },
    after: { state },
  };
}

const isOperation = (value: unknown): value is Operation =>
  typeof value === 'object' && value !== null && 'operationId' in value;

test('every operation by which an operator changes something has a scenario here', () => {
  const changing = Object.values({ ...gatewayContract, ...operatorContract } as object)
    .filter(isOperation)
    .filter(({ tags, method }) => tags?.includes('operator') && method !== 'GET')
    .map(({ operationId }) => operationId);
  assert.deepEqual(changing.sort(), Object.keys(SCENARIOS).sort());
});

test('each action of an operator leaves its entry, without personal data', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  const operatorId = await operatorIdOf(system);
  const customers: TestCustomer[] = [];
  const bed: Bed = {
    system,
    operator,
    operatorId,
    async customer(topUp = 0) {
      const made = await system.customer({ topUp, name: NAME });
      customers.push(made);
      return made;
    },
  };
  for (const [operationId, scenario] of Object.entries(SCENARIOS)) {
    await t.test(operationId, async () => {
      const [latest] = await trail(operator);
      const expected = await scenario(bed);
      const fresh = (await trail(operator)).filter(
        ({ id, action }) => id > (latest?.id ?? '') && !isRead(action),
      );
      assert.ok(
        fresh.every(
          ({ actor, traceId }) => actor === operatorId && /^[0-9a-f]{32}$/.test(traceId ?? ''),
        ),
        JSON.stringify(fresh),
      );
      const shown = fresh.map(({ id: _, at: __, actor: ___, traceId: ____, ...entry }) => entry);
      const sorted = (entries: object[]) => entries.map(textOf).sort();
      assert.deepEqual(
        sorted(shown),
        sorted(expected.map((entry) => ({ reason: null, ...entry }))),
      );
    });
  }
  await t.test('no trail holds a name, an address or a text', async () => {
    const texts = await Promise.all(
      SERVICES.map(async (name) =>
        JSON.stringify(await queryRows(system.databaseUrl(name), 'select * from audit_trail')),
      ),
    );
    const all = texts.join('\n');
    assert.ok(all.includes(operatorId));
    for (const secret of [
      NAME,
      'Веста',
      'Книга',
      'vesta.secret',
      ...customers.map((c) => c.email),
    ]) {
      assert.ok(!all.includes(secret), `${secret} is in a trail`);
    }
  });
});

const isRead = (action: string) => /^(find|list|read)-/.test(action);

/** With its members in one order. */
const textOf = (entry: object) =>
  JSON.stringify(entry, (_, value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort())
      : value,
  );

async function operatorIdOf(system: TestSystem): Promise<string> {
  const [row] = await queryRows(
    system.databaseUrl('identity'),
    `select id from "user" where role = 'operator'`,
  );
  return String(row?.id);
}

test('the trail is for operators, and its pages go through all services in order of time', async () => {
  const system = await sharedTestSystem();
  const anna = await system.customer({ topUp: 10 });
  const operator = await system.operator();
  assertProblem(await call(system.url, 'GET', AUDIT), 401);
  assertProblem(await anna.call('GET', AUDIT), 403, 'forbidden');
  for (const query of ['cursor=x', 'action=UPPER', 'limit=0', 'x=1', 'actor=']) {
    assertProblem(await operator.call('GET', `${AUDIT}?${query}`), 400, 'invalid-request');
  }
  const { customerId } = anna;
  for (const amount of [1, 2, 3]) {
    await operator.call('POST', `/v1/operator/wallets/${customerId}/top-ups`, {
      amount: rub(amount),
    });
    await operator.call('GET', `/v1/operator/customers?customerId=${customerId}`);
  }
  const about = `&subject=${customerId.toUpperCase()}`;
  const whole = await trail(operator, about);
  const actions = whole.map(({ service, action }) => `${service} ${action}`);
  // A customer that is looked at again within minutes leaves no second entry.
  const topUp = 'billing top-up';
  assert.deepEqual(actions, [topUp, topUp, 'profiles find-customer', topUp]);
  const paged: PublicAuditEntry[] = [];
  let cursor = '';
  do {
    const { body } = await operator.call('GET', `${AUDIT}?limit=1${about}${cursor}`);
    const page: AuditPage = body;
    paged.push(...page.data);
    cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
  } while (cursor !== '');
  assert.deepEqual(paged, whole);
  assert.deepEqual(
    (await trail(operator, `${about}&action=find-customer`)).map(({ service }) => service),
    ['profiles'],
  );
  assert.deepEqual(await trail(operator, `${about}&actor=somebody`), []);
});

test('an operator who reads a letter or a journey leaves an entry, a customer leaves none', async () => {
  const system = await sharedTestSystem();
  const anna = await system.customer({ topUp: 100 });
  const operator = await system.operator();
  const orderId = await order(anna, 100);
  const { id } = await eventually('a letter', async () => {
    const { body } = await anna.call('GET', `/v1/letters?orderId=${orderId}`);
    return body.data[0];
  });
  answered(200, await anna.call('GET', `/v1/letters/${id}`));
  answered(200, await anna.call('GET', `/v1/orders/${orderId}/journey`));
  const about = `&subject=${id}`;
  assert.deepEqual(await trail(operator, about), []);
  assert.deepEqual(await trail(operator, `&subject=${orderId}`), []);
  for (const path of [
    `/v1/operator/orders/${orderId}/journey`,
    `/v1/operator/letters/${id}`,
    `/v1/operator/letters/${id}/preview`,
  ]) {
    answered(200, await operator.call('GET', path));
  }
  const { customerId } = anna;
  assert.deepEqual(
    (await trail(operator, about)).map(({ action, subject }) => ({ action, subject })),
    [{ action: 'read-letter', subject: { letterId: id, orderId, customerId } }],
  );
  const ofOrder = await trail(operator, `&subject=${orderId}&action=read-order`);
  assert.deepEqual(
    ofOrder.map(({ subject }) => subject),
    [{ orderId, customerId }],
  );
});

test('an operator who reads a wallet, dead letters or pending orders leaves an entry', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const operator = await system.operator();
  const anna = await system.customer();
  const { customerId } = anna;
  const wallet = `/v1/operator/wallets/${customerId}/operations`;
  const pending = '/v1/operator/pending-orders';
  const all = '/v1/operator/dead-letters';
  // Nothing is shown yet.
  const nothing = [wallet, pending, all, `${wallet.replace(customerId, 'anna@example.com')}`];
  for (const path of nothing) answered(200, await operator.call('GET', path));
  const missing = `${all}/${randomUUID()}`;
  assertProblem(await operator.call('GET', missing), 404, 'not-found');
  assert.deepEqual(await trail(operator), []);
  await anna.call('POST', '/v1/wallet/top-ups', { amount: rub(100) });
  const orderId = await order(anna, 100);
  await queryRows(
    system.databaseUrl('orders'),
    `update orders set status = 'Pending', payment_operation_id = null where id = $1`,
    [orderId],
  );
  const deadLetterId = await deadLetter({ system, operator } as Bed, customerId, 1_000_000n);
  const one = `${all}/${deadLetterId.toUpperCase()}`;
  for (const path of [wallet, all, one, pending, wallet, all, one]) {
    answered(200, await operator.call('GET', path));
  }
  for (const path of ['/v1/wallet/operations', '/v1/orders']) {
    answered(200, await anna.call('GET', path));
  }
  const found = (await trail(operator)).map(
    ({ action, subject, actor }) => `${action} ${Object.values(subject)} ${actor}`,
  );
  const operatorId = await operatorIdOf(system);
  assert.deepEqual(found.toSorted(), [
    `list-dead-letters  ${operatorId}`,
    `list-orders  ${operatorId}`,
    `read-dead-letter ${deadLetterId} ${operatorId}`,
    `read-wallet ${customerId} ${operatorId}`,
  ]);
});

test('an operator who exports a customer leaves entries, the customer leaves none', async () => {
  const system = await sharedTestSystem();
  const anna = await system.customer({ topUp: 100 });
  await order(anna, 100);
  const operator = await system.operator();
  const { customerId } = anna;
  const about = `&subject=${customerId}`;
  answered(200, await anna.call('GET', '/v1/account/export'));
  assert.deepEqual(await trail(operator, about), []);
  answered(200, await operator.call('GET', `/v1/operator/customers/${customerId}/export`));
  const found = (await trail(operator, about)).map(({ action, subject }) => ({ action, subject }));
  assert.deepEqual(
    found.toSorted((a, b) => (a.action < b.action ? -1 : 1)),
    ['find-customer', 'list-letters', 'list-orders', 'read-wallet'].map((action) => ({
      action,
      subject: { customerId },
    })),
  );
});

test('a service that does not answer is named, and the entries of the others are shown', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const anna = await system.customer();
  const operator = await system.operator();
  const path = `/v1/operator/wallets/${anna.customerId}/top-ups`;
  answered(201, await operator.call('POST', path, { amount: rub(1) }));
  answered(200, await operator.call('GET', `/v1/operator/customers?email=${anna.email}`));
  await stop(system, 'billing');
  const { body } = await operator.call('GET', `${AUDIT}?subject=${anna.customerId}`);
  assert.deepEqual(body.unanswered, ['billing']);
  assert.deepEqual(
    body.data.map(({ service }: PublicAuditEntry) => service),
    ['profiles'],
  );
});
