import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditedPayment } from '#contracts/billing.ts';
import type { AuditedLetter } from '#contracts/letter-audit.ts';
import type { AuditedOrder } from '#contracts/order-operations.ts';
import type { Bounds } from './read-records.ts';
import {
  type ReconcileDeps,
  type ReconciliationLimits,
  type ReconciliationPosition,
  reconcile,
} from './reconcile.ts';

const LIMITS: ReconciliationLimits = {
  orders: 3,
  payments: 4,
  letters: 4,
  events: 2,
  wallets: 2,
  differences: 200,
};
const total = { amount: 100, currency: 'RUB' };
const idOf = (number: number, kind = 'a') =>
  `00000000-0000-7000-8000-${kind}${String(number).padStart(11, '0')}`;

const paid = (number: number): AuditedOrder => ({
  id: idOf(number),
  customerId: 'anna',
  status: 'Paid',
  statusReason: null,
  total,
  operationId: idOf(number, 'b'),
  eventId: idOf(number, 'c'),
  event: 'published',
  eventAgeMs: 60_000,
  position: { topicId: 't', partition: 0, offset: number },
});
const pending = (number: number): AuditedOrder => ({
  ...paid(number),
  status: 'Pending',
  operationId: null,
  eventId: null,
  event: 'none',
  eventAgeMs: null,
  position: null,
});
const captured = (number: number): AuditedPayment => ({
  orderId: idOf(number),
  customerId: 'anna',
  amount: total,
  decision: 'captured',
  operationId: idOf(number, 'b'),
  charge: { id: idOf(number, 'b'), customerId: 'anna', amount: { ...total, amount: -100 } },
});
const letter = (number: number, id = idOf(number, 'c')): AuditedLetter => ({
  id,
  orderId: idOf(number),
  customerId: 'anna',
  kind: 'happiness',
  reason: null,
  total,
  state: 'sent',
});

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Records of all services in memory, which change while they are compared. */
function services(count: number) {
  const world = {
    orders: upTo(count).map(paid),
    payments: upTo(count).map(captured),
    letters: upTo(count).map((number) => letter(number)),
    events: upTo(count).map((number) => idOf(number, 'c')),
    wallets: ['anna', 'boris', 'vera'],
    faults: new Map<string, string>(),
    position: 1_000_000,
    pauses: [] as number[],
    longest: 0,
    /** Called with the name of each reading before it. */
    before: (_name: string) => {},
    mayGoOn: () => true,
    mayPause: () => true,
  };
  function read<T>(name: string, rows: () => T[]): Promise<T[]> {
    world.before(name);
    const found = rows();
    world.longest = Math.max(world.longest, found.length);
    return Promise.resolve(found);
  }
  const within = (
    key: string,
    { after, through }: { after: string | null; through?: string | null },
  ) => (after === null || key > after) && (through == null || key <= through);
  async function audit(name: string, rows: string[], bounds: Bounds) {
    const found = await read(name, () =>
      rows.filter((row) => within(row, bounds)).slice(0, bounds.limit),
    );
    const faults = found.flatMap((id) => {
      const detail = world.faults.get(id);
      return detail === undefined ? [] : [{ id, detail }];
    });
    const last = found.length < bounds.limit ? null : (found.at(-1) ?? null);
    return { checked: found.length, faults, last };
  }
  const deps: ReconcileDeps = {
    auditOrders: (bounds) =>
      read('orders', () =>
        world.orders.filter(({ id }) => within(id, bounds)).slice(0, bounds.limit),
      ),
    auditPayments: (bounds) =>
      read('payments', () =>
        world.payments.filter(({ orderId }) => within(orderId, bounds)).slice(0, bounds.limit),
      ),
    async auditPositions() {
      world.before('positions');
      const { position } = world;
      return { topicId: 't', data: [{ partition: 0, position, end: 1_000_000 }] };
    },
    auditLetters: (bounds) =>
      read('letters', () =>
        world.letters
          .filter(
            ({ orderId, id }) =>
              within(orderId, bounds) ||
              (orderId === bounds.after && bounds.afterLetter !== null && id > bounds.afterLetter),
          )
          .filter(({ orderId }) => bounds.through === null || orderId <= bounds.through)
          .slice(0, bounds.limit),
      ),
    auditEvents: (bounds) => audit('events', world.events, bounds),
    auditWallets: (bounds) => audit('wallets', world.wallets, bounds),
    mayGoOn: () => world.mayGoOn(),
    async pause(ms) {
      world.pauses.push(ms);
      return world.mayPause();
    },
  };
  return Object.assign(world, { deps });
}

/** Follows the places to the end. */
async function verifyAll(deps: ReconcileDeps) {
  const reports = [];
  let position: ReconciliationPosition | null = null;
  do {
    const { report, next } = await reconcile(deps, position, LIMITS);
    assert.equal(report.complete, next === null);
    reports.push(report);
    position = next;
  } while (position !== null);
  return reports;
}

const nothingWaits = { pendingOrders: 0, unpublishedEvents: 0, unreadEvents: 0, unsentLetters: 0 };

test('sound records are ok: everything is counted once, nothing read again', async () => {
  for (const count of [0, 1, 2, 3, 4, 6, 7, 10]) {
    const { deps, pauses } = services(count);
    const { report, next } = await reconcile(deps, null, LIMITS);
    assert.deepEqual(report, {
      ok: true,
      complete: true,
      checked: { orders: count, letters: count, wallets: 3, events: count },
      waiting: nothingWaits,
      failedLetters: 0,
      acknowledged: 0,
      differences: [],
    });
    assert.equal(next, null);
    assert.deepEqual(pauses, []);
  }
});

test('work in progress is counted and is no difference', async () => {
  const world = services(6);
  world.orders.splice(0, 3, pending(1), { ...paid(2), event: 'unpublished', position: null });
  world.payments.splice(0, 1);
  world.letters.splice(0, 4, { ...letter(3), state: 'queued' }, { ...letter(4), state: 'failed' });
  world.orders.splice(2, 0, paid(3));
  world.letters.splice(2, 1);
  world.position = 5;
  const { report } = await reconcile(world.deps, null, LIMITS);
  assert.deepEqual(report.differences, []);
  assert.deepEqual(report.waiting, {
    pendingOrders: 1,
    unpublishedEvents: 1,
    unreadEvents: 1,
    unsentLetters: 1,
  });
  assert.equal(report.failedLetters, 1);
  assert.deepEqual([report.checked.orders, report.checked.letters], [6, 3]);
});

test('a difference is reported when four reads find it, with pauses between them', async () => {
  const world = services(2);
  world.letters.splice(1, 1);
  let readings = 0;
  world.before = (name) => {
    if (name === 'orders') readings++;
  };
  const { report } = await reconcile(world.deps, null, LIMITS);
  assert.equal(report.ok, false);
  assert.deepEqual(
    report.differences.map(({ relation, id }) => [relation, id]),
    [['event-letter', idOf(2)]],
  );
  assert.equal(readings, 4);
  assert.deepEqual(world.pauses, [300, 300, 300]);
  assert.deepEqual(report.checked, { orders: 2, letters: 2 - 1, wallets: 3, events: 2 });
});

test('an order that is placed, paid and announced while its page is read is no difference', async () => {
  const world = services(2);
  // Read as Pending, ended before its letter is looked for.
  world.orders.push(pending(3));
  let begun = false;
  world.before = (name) => {
    if (name !== 'letters' || begun) return;
    begun = true;
    world.orders.splice(2, 1, paid(3), paid(4));
    for (const number of [3, 4]) {
      world.payments.push(captured(number));
      world.letters.push(letter(number));
    }
  };
  const { report } = await reconcile(world.deps, null, LIMITS);
  assert.deepEqual(report.differences, []);
  assert.equal(world.pauses.length, 1);
  assert.deepEqual([report.checked.orders, report.checked.letters], [4, 4]);
});

test('traffic in every reading hides neither itself nor a real difference', async () => {
  const world = services(2);
  world.letters.splice(0, 1);
  let placed = 2;
  // In each reading another order comes between the orders and their payments.
  world.before = (name) => {
    if (name !== 'payments' || placed > 8) return;
    placed++;
    world.orders.push(paid(placed));
    world.payments.push(captured(placed));
    world.letters.push(letter(placed));
  };
  const { report } = await reconcile(world.deps, null, LIMITS);
  assert.deepEqual(
    report.differences.map(({ relation, id }) => [relation, id]),
    [['event-letter', idOf(1)]],
  );
  assert.ok(placed > 4, 'nothing was placed meanwhile');
});

test('a fault with another text at each read is the same fault', async () => {
  const world = services(1);
  let reading = 0;
  world.before = (name) => {
    if (name === 'wallets') world.faults.set('boris', `the balance is ${reading++}`);
  };
  const { report } = await reconcile(world.deps, null, LIMITS);
  assert.deepEqual(report.differences, [
    { relation: 'balance-operations', id: 'boris', detail: 'the balance is 3', remedy: 'by-hand' },
  ]);
});

test('records of no order are found on every page, the last one and the first one too', async () => {
  const world = services(7);
  // Neither orders nor anything else between these payments and letters.
  world.orders.splice(2, 3);
  world.orders.pop();
  world.events = [];
  const { report } = await reconcile(world.deps, null, LIMITS);
  assert.deepEqual(
    report.differences.map(({ relation, id }) => [relation, id]),
    [3, 4, 5, 7].flatMap((number) => [
      ['decision-order', idOf(number)],
      ['event-letter', idOf(number)],
    ]),
  );
  assert.deepEqual([report.checked.orders, report.checked.letters], [3, 7]);
});

test('an answer stays small when one service has too many rows, and all of them are compared', async () => {
  const world = services(40);
  world.orders = [];
  world.events = [];
  const letters = upTo(9).map((number) => letter(20, idOf(number, 'd')));
  world.letters.splice(19, 1, ...letters);
  const reports = await verifyAll(world.deps);
  const differences = reports.flatMap((report) => report.differences);
  assert.equal(differences.length, 40 + 39 + 9);
  assert.equal(
    reports.reduce((sum, { checked }) => sum + checked.letters, 0),
    39 + 9,
  );
  assert.ok(world.longest <= 4, `an answer of ${world.longest} rows`);
});

test('records of no order are all seen where only one service has them', async () => {
  for (const kept of ['payments', 'letters'] as const) {
    const world = services(20);
    world.orders = [];
    world.events = [];
    world[kept === 'payments' ? 'letters' : 'payments'] = [];
    const { report } = await reconcile(world.deps, null, LIMITS);
    assert.deepEqual(
      report.differences.map(({ id }) => id),
      upTo(20).map((number) => idOf(number)),
      kept,
    );
  }
});

test('at the deadline the position says where to go on: nothing twice, nothing skipped', async () => {
  const world = services(8);
  world.letters.splice(4, 1);
  world.faults.set('vera', 'the balance is 1').set(idOf(3, 'c'), 'no such order');
  world.mayGoOn = () => false;
  const reports = await verifyAll(world.deps);
  const sum = (of: (report: (typeof reports)[number]) => number) =>
    reports.reduce((all, report) => all + of(report), 0);
  assert.ok(reports.length >= 8, `only ${reports.length} parts`);
  assert.deepEqual(
    {
      orders: sum(({ checked }) => checked.orders),
      letters: sum(({ checked }) => checked.letters),
      events: sum(({ checked }) => checked.events),
      wallets: sum(({ checked }) => checked.wallets),
    },
    { orders: 8, letters: 7, events: 8, wallets: 3 },
  );
  assert.deepEqual(
    reports.flatMap(({ differences }) => differences.map(({ relation, id }) => [relation, id])),
    [
      ['event-letter', idOf(5)],
      ['order-event', idOf(3, 'c')],
      ['balance-operations', 'vera'],
    ],
  );
});

test('an answer holds 200 differences; the next one goes on after its last order', async () => {
  const world = services(450);
  world.letters = [];
  // Two differences of one order, that may not be torn apart.
  world.payments.splice(199, 1);
  const big = {
    orders: 250,
    payments: 500,
    letters: 500,
    events: 200,
    wallets: 100,
    differences: 200,
  };
  const first = await reconcile(world.deps, null, big);
  assert.deepEqual([first.report.ok, first.report.complete], [false, false]);
  assert.equal(first.report.differences.length, 199);
  assert.equal(first.report.checked.orders, 199);
  assert.deepEqual(first.next, { phase: 'orders', after: idOf(199) });
  const second = await reconcile(world.deps, first.next, big);
  assert.equal(second.report.differences.length, 200);
  assert.equal(second.report.differences[0]?.id, idOf(200));
  const third = await reconcile(world.deps, second.next, big);
  assert.equal(third.report.differences.length, 450 + 1 - 399);
  assert.equal(third.next, null);
  assert.equal(first.report.checked.orders + second.report.checked.orders, 398);
  assert.equal(third.report.checked.orders, 450 - 398);
});

test('one order with more differences than an answer holds does not stop the check', async () => {
  const world = services(3);
  for (const number of upTo(300)) world.letters.push(letter(2, idOf(number, 'd')));
  world.letters.sort((one, other) => (one.orderId + one.id < other.orderId + other.id ? -1 : 1));
  const reports = await verifyAll(world.deps);
  assert.deepEqual(
    reports.map(({ differences }) => differences.length),
    [0, 200, 0],
  );
  assert.equal(
    reports.reduce((sum, { checked }) => sum + checked.orders, 0),
    3,
  );
});

test('a gateway that stops reports nothing that it read only once', async () => {
  const world = services(6);
  world.letters.splice(4, 1);
  world.mayPause = () => false;
  const { report, next } = await reconcile(world.deps, null, LIMITS);
  assert.deepEqual([report.differences, report.complete], [[], false]);
  assert.deepEqual(next, { phase: 'orders', after: idOf(3) });
  assert.equal(report.checked.orders, 3);
});

test('a service that does not answer ends the reconciliation', async () => {
  const away = new Error('away');
  const { deps } = services(1);
  for (const name of ['auditOrders', 'auditPayments', 'auditPositions', 'auditLetters'] as const) {
    const broken = { ...deps, [name]: () => Promise.reject(away) };
    await assert.rejects(reconcile(broken, null, LIMITS), away, name);
  }
});
