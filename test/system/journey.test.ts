import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Journey } from '#contracts/gateway.ts';
import { freePort } from '#dev/files/free-port.ts';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { type SmtpStep, startTestSmtpServer } from '#harness/faults/smtp-server.ts';
import { answeredWith, call } from '#harness/requests.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import {
  orderOf,
  rub,
  startTestSystem,
  stop,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';

// The journey of an order from the services' records, as its customer and the operator see it.

const MISSING = '00000000-0000-7000-8000-000000000000';
const OPERATORS = '/v1/operator/orders';

async function journeyOf(caller: TestCustomer, id: string, base = '/v1/orders'): Promise<Journey> {
  const { status, body } = await caller.call('GET', `${base}/${id}/journey`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** The journey once it is complete and the relay has marked the event as published. */
function wholeJourney(caller: TestCustomer, id: string): Promise<Journey> {
  return eventually('the end of the journey', async () => {
    const journey = await journeyOf(caller, id);
    // An attempt is recorded after the state that it led to.
    const recorded = journey.letter === null || journey.letter.attempts.length > 0;
    return journey.complete && recorded && journey.event?.publishedAt != null && journey;
  });
}

/** Places an order through any gateway. @returns its id, for every status of the answer */
async function place(customer: TestCustomer, price: number, status: number): Promise<string> {
  const key = { 'idempotency-key': randomUUID() };
  const answer = await answeredWith(status, () =>
    customer.call('POST', '/v1/orders', orderOf(price), key),
  );
  return answer.body.id ?? answer.body.order.id;
}

const linesOf = ({ steps }: Journey) =>
  steps.map(({ kind, outcome, detail }) => [kind, outcome, detail].join(' ').trim());

const placeOf = ({ event }: Journey) => `${event?.partition}/${event?.offset}`;

const BEFORE_DECISION = ['request done', 'create done'];

test('the journey of an order from the request to the letter', async (t) => {
  let step: SmtpStep | undefined;
  const server = await startTestSmtpServer(t, { choose: () => step, acceptReply: '2.0.0 queued' });
  const system = await startTestSystem(t, {
    SMTP_URL: server.url,
    RECOVERY_AGE_MS: '600000',
  });
  const operator = await system.operator();

  await t.test('a paid order: every step, and the event as stored in the topic', () =>
    checkPaid(system),
  );
  await t.test('a declined order', () => checkDeclined(system));
  await t.test('only the owner of an order and the operator see its journey', () =>
    checkAccess(system, operator),
  );
  await t.test('a mail server that rejects permanently', async () => {
    const reply = '550 5.1.1 no such user';
    step = { at: 'rcpt', do: 'reply', reply };
    const customer = await system.customer({ topUp: 1_000 });
    const journey = await wholeJourney(customer, await place(customer, 1_000, 201));
    step = undefined;
    assert.deepEqual(linesOf(journey).slice(-3), [
      'contact done',
      'send done',
      `reply refused ${reply}`,
    ]);
    assert.equal(journey.letter?.state, 'failed');
  });
  await t.test('an event that cannot become a letter', () => checkDeadLetter(system));
  await t.test('without notifications', () => checkWithoutNotifications(system));
  await t.test('without billing', () => checkWithoutBilling(system));
  await t.test('without the orders service there is no journey', async () => {
    const customer = await system.customer({ topUp: 1_000 });
    const id = await place(customer, 1_000, 201);
    const bringBack = await stop(system, 'orders');
    try {
      assertProblem(await customer.call('GET', `/v1/orders/${id}/journey`), 503, 'unavailable');
    } finally {
      await bringBack();
    }
  });
});

async function checkPaid(system: TestSystem): Promise<void> {
  const customer = await system.customer({ topUp: 3_000 });
  const id = await place(customer, 1_000, 201);
  const journey = await wholeJourney(customer, id);
  const { order, payment, event, letter } = journey;
  assert.deepEqual(linesOf(journey), [
    ...BEFORE_DECISION,
    ...['decide done captured', 'record done Paid', 'answer done 201'],
    ...[`publish done ${placeOf(journey)}`, `receive done ${placeOf(journey)}`],
    ...['contact done', 'send done', 'reply done 250 2.0.0 queued'],
  ]);
  assert.deepEqual(
    journey.steps.map(({ from, to }) => `${from} ${to}`),
    [
      ...['client gateway', 'gateway orders', 'gateway billing', 'gateway orders'],
      ...['gateway client', 'orders broker', 'broker notifications', 'notifications profiles'],
      ...['notifications smtp', 'smtp notifications'],
    ],
  );
  const [attempt] = letter?.attempts ?? [];
  const at = (ms: number) => new Date(Date.parse(attempt?.startedAt ?? '') + ms).toISOString();
  const [received = {}] = await queryRows(
    system.databaseUrl('notifications'),
    'select created_at from letters where order_id = $1',
    [id],
  );
  const receivedAt = (received.created_at as Date).toISOString();
  // The relay may note a publication after the event has arrived.
  const publishedAt = [event?.publishedAt ?? '', receivedAt].sort()[0];
  assert.deepEqual(
    journey.steps.map((each) => each.at),
    inOrderOfCause([
      ...[null, order.createdAt, payment?.decidedAt, order.updatedAt, null],
      ...[publishedAt, receivedAt],
      ...[attempt?.startedAt, at(attempt?.contactMs ?? Number.NaN), at(attempt?.durationMs ?? 0)],
    ]),
  );
  assert.deepEqual(
    journey.steps.map((each) => each.attempt),
    [null, null, null, null, null, null, null, 1, 1, 1],
  );
  assert.deepEqual([journey.unavailable, journey.deadLetter], [[], null]);
  assert.deepEqual(journey.recovery, { attempts: 0, triedAt: null, error: null });

  assert.deepEqual(order, (await customer.call('GET', `/v1/orders/${id}`)).body);
  assert.deepEqual(letter, (await customer.call('GET', `/v1/letters/${letter?.id}`)).body);
  const operations = (await customer.call('GET', '/v1/wallet/operations')).body.data;
  assert.deepEqual(payment, {
    decision: 'captured',
    decidedAt: payment?.decidedAt,
    amount: rub(1_000),
    balanceSeen: rub(3_000),
    operation: operations[0],
  });
  assert.match(payment?.decidedAt ?? '', /^\d{4}-\d\d-\d\dT.*Z$/);
  await assertAsOnTheTopic(system, journey);
  await assertPastRetention(system, customer, journey);
}

/** A service's clock may be some milliseconds late: no step is shown before the one that causes it. */
function inOrderOfCause(moments: (string | null | undefined)[]) {
  let latest = '';
  return moments.map((moment) => {
    if (typeof moment !== 'string') return moment;
    if (moment > latest) latest = moment;
    return latest;
  });
}

async function assertAsOnTheTopic(system: TestSystem, { event }: Journey): Promise<void> {
  const messages = await system.broker.listMessages();
  const message = messages.find(({ id }) => id === event?.id);
  const [key, value, headers] = JSON.parse(message?.content ?? '[]');
  const texts = headers.map(([name, text]: string[]) => ({ name, value: text }));
  const ownHeaders = event?.headers.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  assert.deepEqual(
    { ...event, headers: ownHeaders, createdAt: null, publishedAt: null },
    {
      id: message?.id,
      topic: 'orders',
      key,
      headers: texts,
      value,
      partition: message?.partition,
      offset: Number(message?.offset),
      createdAt: null,
      publishedAt: null,
    },
  );
  assert.ok(Date.parse(event?.createdAt ?? '') && Date.parse(event?.publishedAt ?? ''));
}

/** The journey after the outbox row was deleted: the offset then comes from the consumer. */
async function assertPastRetention(
  system: TestSystem,
  customer: TestCustomer,
  { order, steps, event }: Journey,
): Promise<void> {
  await queryRows(system.databaseUrl('orders'), 'delete from outbox where aggregateid = $1', [
    order.id,
  ]);
  const later = await journeyOf(customer, order.id);
  const gone = { headers: [], value: null, createdAt: null, publishedAt: null };
  assert.deepEqual(later.event, { ...event, ...gone });
  const expected = steps.map((step) => (step.kind === 'publish' ? { ...step, at: null } : step));
  assert.deepEqual(later.steps, expected);
  assert.equal(later.complete, true);
}

async function checkDeclined(system: TestSystem): Promise<void> {
  const customer = await system.customer({ topUp: 10 });
  const journey = await wholeJourney(customer, await place(customer, 1_000, 406));
  assert.deepEqual(linesOf(journey).slice(0, 5), [
    ...BEFORE_DECISION,
    ...['decide refused declined', 'record done Cancelled', 'answer refused 406'],
  ]);
  const { decision, amount, balanceSeen, operation } = journey.payment ?? {};
  assert.deepEqual(
    [decision, amount, balanceSeen, operation],
    ['declined', rub(1_000), rub(10), null],
  );
  assert.deepEqual([journey.letter?.kind, journey.letter?.state], ['grief', 'sent']);
}

async function checkAccess(system: TestSystem, operator: TestCustomer): Promise<void> {
  const [anna, boris] = [await system.customer({ topUp: 1_000 }), await system.customer()];
  const id = await place(anna, 1_000, 201);
  const own = await wholeJourney(anna, id);
  assert.equal(own.letter?.to, anna.email);

  const foreign = await boris.call('GET', `/v1/orders/${id}/journey`);
  assertProblem(foreign, 404, 'not-found');
  assert.match(foreign.body.detail, /^Заказа с таким номером нет/);
  assertProblem(await operator.call('GET', `/v1/orders/${id}/journey`), 404, 'not-found');
  assertProblem(await anna.call('GET', `/v1/orders/${MISSING}/journey`), 404, 'not-found');
  assertProblem(await anna.call('GET', '/v1/orders/7/journey'), 400, 'invalid-request');
  assertProblem(await call(system.url, 'GET', `/v1/orders/${id}/journey`), 401);
  assertProblem(await anna.call('GET', `${OPERATORS}/${id}/journey`), 403, 'forbidden');
  assertProblem(await operator.call('GET', `${OPERATORS}/${MISSING}/journey`), 404, 'not-found');

  const { letter, ...seen } = await journeyOf(operator, id, OPERATORS);
  const { letter: whole, ...rest } = own;
  assert.deepEqual(seen, rest);
  const masked = `${anna.email[0]}***@example.com`;
  const headers = whole?.headers?.map((header) =>
    header.name === 'To' ? { ...header, value: masked } : header,
  );
  assert.deepEqual(letter, { ...whole, headers, to: masked });
  assert.doesNotMatch(JSON.stringify([letter, seen]), new RegExp(anna.email));

  const english = { 'accept-language': 'en' };
  const { body } = await anna.call('GET', `/v1/orders/${id}/journey`, undefined, english);
  assert.equal(body.order.statusLabel, 'Paid');
}

async function checkDeadLetter(system: TestSystem): Promise<void> {
  const customer = await system.customer({ topUp: 1_000 });
  const orders = system.databaseUrl('orders');
  // As published by a defective version of orders: the event cannot be parsed.
  await queryRows(
    orders,
    `create function spoil() returns trigger language plpgsql as $$
      begin new.payload = '{"to":"anna@example.com"}'; return new; end $$`,
  );
  await queryRows(
    orders,
    'create trigger spoil before insert on outbox for each row execute function spoil()',
  );
  const id = await place(customer, 1_000, 201);
  await queryRows(orders, 'drop function spoil cascade');
  const journey = await wholeJourney(customer, id);
  const { deadLetter, letter } = journey;
  assert.equal(letter, null);
  assert.equal(deadLetter?.state, 'dead');
  assert.match(deadLetter?.error ?? '', /^schema: /);
  const receive = journey.steps.at(-1);
  assert.deepEqual(
    [receive?.kind, receive?.outcome, receive?.detail, receive?.at],
    ['receive', 'failed', deadLetter?.error, deadLetter?.createdAt],
  );
  assert.equal(linesOf(journey).at(-2), `publish done ${placeOf(journey)}`);
}

async function checkWithoutNotifications(system: TestSystem): Promise<void> {
  const customer = await system.customer({ topUp: 1_000 });
  const bringBack = await stop(system, 'notifications');
  let id: string;
  try {
    id = await place(customer, 1_000, 201);
    const journey = await eventually('the publication', async () => {
      const found = await journeyOf(customer, id);
      return found.event?.publishedAt != null && found;
    });
    assert.deepEqual([journey.unavailable, journey.complete], [['notifications'], false]);
    assert.deepEqual(linesOf(journey).slice(-2), [
      'answer done 201',
      `publish done ${placeOf(journey)}`,
    ]);
    assert.equal(journey.payment?.decision, 'captured');
  } finally {
    await bringBack();
  }
  const journey = await wholeJourney(customer, id);
  assert.deepEqual([journey.unavailable, journey.letter?.state], [[], 'sent']);
}

async function checkWithoutBilling(system: TestSystem): Promise<void> {
  const customer = await system.customer({ topUp: 1_000 });
  const hasty = await system.startExtraGateway({ ORDER_DEADLINE_MS: '500' });
  const headers = { authorization: `Bearer ${customer.token}`, 'idempotency-key': 'mine' };
  const bringBack = await stop(system, 'billing');
  let id: string;
  try {
    const placed = await answeredWith(202, () =>
      call(hasty.url, 'POST', '/v1/orders', { headers, body: orderOf(1_000) }),
    );
    id = placed.body.id;
    const journey = await journeyOf(customer, id);
    assert.deepEqual([journey.unavailable, journey.complete], [['billing'], false]);
    assert.deepEqual(linesOf(journey), [...BEFORE_DECISION, 'record waiting']);
    assert.deepEqual([journey.event, journey.payment, journey.letter], [null, null, null]);
  } finally {
    await bringBack();
  }
  const waiting = await eventually('billing', async () => {
    const journey = await journeyOf(customer, id);
    return journey.unavailable.length === 0 && journey;
  });
  assert.deepEqual(linesOf(waiting), [...BEFORE_DECISION, 'decide waiting']);
  const again = await customer.call('POST', '/v1/orders', orderOf(1_000), {
    'idempotency-key': 'mine',
  });
  assert.deepEqual([again.status, again.body.id], [201, id]);
  assert.deepEqual(linesOf(await wholeJourney(customer, id)).slice(2, 5), [
    ...['decide done captured', 'record done Paid', 'answer done 201'],
  ]);
}

test('an order that recovery ended', async (t) => {
  const system = await startTestSystem(t, {
    ORDER_DEADLINE_MS: '300',
    RECOVERY_AGE_MS: '0',
    RECOVERY_INTERVAL_MS: '50',
  });
  const customer = await system.customer({ topUp: 1_000 });
  const bringBack = await stop(system, 'billing');
  let id: string;
  try {
    id = await place(customer, 1_000, 202);
    const tried = await eventually('a try of recovery', async () => {
      const journey = await journeyOf(customer, id);
      return journey.recovery.error !== null && journey;
    });
    const step = tried.steps[2];
    assert.deepEqual(
      [step?.kind, step?.from, step?.to, step?.outcome, step?.detail, step?.at],
      [
        ...['recover', 'gateway', 'gateway', 'failed'],
        ...[tried.recovery.error, tried.recovery.triedAt],
      ],
    );
    assert.match(step?.detail ?? '', /billing voidPayment gave no answer/);
  } finally {
    await bringBack();
  }
  const journey = await wholeJourney(customer, id);
  assert.deepEqual(linesOf(journey).slice(0, 6), [
    ...BEFORE_DECISION,
    ...['recover done', 'decide refused voided', 'record done Cancelled', 'answer unknown'],
  ]);
  assert.equal(journey.steps[2]?.at, journey.recovery.triedAt);
  assert.ok(journey.recovery.attempts >= 1);
  assert.deepEqual([journey.payment?.decision, journey.payment?.operation], ['voided', null]);
  assert.equal(journey.letter?.kind, 'grief');
});

/** The address of a mail server that does not listen yet; the returned function starts it there. */
async function mailServerLater(t: TestContext) {
  const port = await freePort();
  return { url: `smtp://127.0.0.1:${port}`, start: () => startTestSmtpServer(t, { port }) };
}

test('a mail server that is down: the attempts grow until it is back', async (t) => {
  const mailServer = await mailServerLater(t);
  const system = await startTestSystem(t, { SMTP_URL: mailServer.url });
  const customer = await system.customer({ topUp: 1_000 });
  const id = await place(customer, 1_000, 201);
  const attemptsIn = async (count: number) =>
    eventually(`${count} attempts`, async () => {
      const journey = await journeyOf(customer, id);
      return (journey.letter?.attempts.length ?? 0) >= count && journey;
    });
  const once = await attemptsIn(1);
  const last = once.letter?.attempts.at(-1);
  assert.match(last?.error ?? '', /ECONNREFUSED/);
  const lines = linesOf(once).slice(-3);
  assert.deepEqual(lines, ['contact done', `send failed ${last?.error}`, 'send waiting']);
  assert.deepEqual(
    once.steps.slice(-3).map(({ attempt }) => attempt),
    [last?.number, last?.number, (last?.number ?? 0) + 1],
  );
  assert.equal(once.complete, false);

  const twice = await attemptsIn(2);
  assert.equal(twice.complete, false);
  await mailServer.start();
  const sent = await wholeJourney(customer, id);
  assert.match(linesOf(sent).at(-1) ?? '', /^reply done 250 /);
  assert.ok((sent.letter?.attempts.length ?? 0) >= 3);
});
