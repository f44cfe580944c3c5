import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import type { LedgerReport, RepairedDifference, RepairReport } from '#contracts/operator.ts';
import type { Repair } from '#contracts/repairs.ts';
import type { System } from '#dev/system/system.ts';
import { queryRows } from '#harness/database.ts';
import { violationsIn } from '#harness/oracle/compare-rows.ts';
import { newHistory } from '#harness/oracle/history.ts';
import { readStoredState } from '#harness/oracle/stored-state.ts';
import { call } from '#harness/requests.ts';
import { testLayout } from '#harness/system/layout.ts';
import {
  assertMoney,
  type Client,
  type Copies,
  clientOf,
  copiesOf,
  fingerprint,
  insertPending,
  untilRecovered,
} from '#harness/system/restore.ts';
import { PASSWORD, rub, startTestSystem, type TestSystem } from '#harness/system/system.ts';

// Recovery ages: never during the preparation, at once after a restore.
const NO_RECOVERY = { RECOVERY_AGE_MS: '86400000' };
const QUICK_RECOVERY = { RECOVERY_AGE_MS: '0', RECOVERY_INTERVAL_MS: '50' };

const PAID = 201;
const DECLINED = 406;
const VOIDED = 409;

/** The clients' orders by key: customer, amount and answer. */
interface Placed {
  who: 'anna' | 'boris' | 'vera';
  price: number;
  status: number;
}

const BEFORE: Record<string, Placed> = {
  'old-paid': { who: 'anna', price: 700, status: PAID },
  'old-declined': { who: 'anna', price: 50_000, status: DECLINED },
  'old-voided': { who: 'anna', price: 100, status: VOIDED },
};
// Pending when the old copies are taken, then paid.
const BETWEEN: Record<string, Placed> = { pending: { who: 'anna', price: 2_000, status: PAID } };
const AFTER: Record<string, Placed> = {
  paid: { who: 'anna', price: 3_000, status: PAID },
  // More than the wallet held then, less than it holds once the charges before are lost.
  declined: { who: 'anna', price: 6_000, status: DECLINED },
  voided: { who: 'anna', price: 200, status: VOIDED },
  'boris-paid': { who: 'boris', price: 4_000, status: PAID },
  'vera-paid': { who: 'vera', price: 1_000, status: PAID },
};
const ALL = { ...BEFORE, ...BETWEEN, ...AFTER };

/** A system with copies of its databases at two moments, stopped. */
interface Drill {
  system: TestSystem;
  copies: Copies;
  clients: Record<Placed['who'], Client>;
  emails: Record<Placed['who'], string>;
  operator: Client;
  /** Order ids by key. */
  ids: Record<string, string>;
  /** The set of services that runs. */
  running: System;
}

/** Restores databases to their older copies, starts everything and waits for recovery. */
async function restore(
  drill: Drill,
  older: string[],
  change: () => Promise<unknown> = async () => {},
): Promise<void> {
  await drill.running.close();
  await drill.copies.putBack(older);
  await change();
  drill.running = await drill.system.startReplica(QUICK_RECOVERY);
  await untilRecovered(drill.system);
}

async function place(drill: Drill, orders: Record<string, Placed>): Promise<void> {
  for (const [key, { who, price, status }] of Object.entries(orders)) {
    const client = drill.clients[who];
    if (status === VOIDED) {
      const { customerId } = client;
      drill.ids[key] = await insertPending(drill.system, { customerId, key, price });
      continue;
    }
    const answer = await client.order(key, price);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    drill.ids[key] = (answer.body.order ?? answer.body).id;
  }
}

async function prepare(t: TestContext): Promise<Drill> {
  const system = await startTestSystem(t, NO_RECOVERY);
  const customers = {
    anna: await system.customer({ topUp: 10_000 }),
    vera: await system.customer(),
  };
  const operator = await system.operator();
  const drill = {
    system,
    copies: copiesOf(system),
    ids: {},
    running: system.system,
  } as unknown as Drill;
  const running = () => drill.running;
  drill.clients = {
    anna: clientOf(customers.anna, running),
    vera: clientOf(customers.vera, running),
  } as Drill['clients'];
  drill.operator = clientOf(operator, running);
  await place(drill, BEFORE);
  await recover(drill);
  const { anna } = drill.clients;
  const pending = { customerId: anna.customerId, key: 'pending', price: 2_000 };
  await drill.running.close();
  drill.ids.pending = await insertPending(system, pending);
  await drill.copies.take('old');

  drill.running = await system.startReplica(NO_RECOVERY);
  await place(drill, BETWEEN);
  const boris = await registered(drill, 'Борис');
  drill.clients.boris = clientOf(boris, running);
  drill.emails = {
    anna: customers.anna.email,
    vera: customers.vera.email,
    boris: boris.email,
  };
  await drill.clients.boris.topUp('boris', 5_000);
  await drill.clients.vera.topUp('vera', 1_500);
  await place(drill, AFTER);
  await recover(drill);
  await drill.running.close();
  await drill.copies.take('young');
  return drill;
}

/** Recovery by one more gateway, whose age of recovery is none. */
async function recover({ running, system }: Drill): Promise<void> {
  const gateway = await running.startExtraReplica('gateway', QUICK_RECOVERY);
  await untilRecovered(system);
  await gateway.close();
}

async function registered({ running }: Drill, name: string) {
  const email = `${crypto.randomUUID()}@example.com`;
  const body = { email, password: PASSWORD, name };
  const { body: profile } = await call(running.url, 'POST', '/v1/registrations', { body });
  const session = { body: { email, password: PASSWORD } };
  const { body: token } = await call(running.url, 'POST', '/v1/sessions', session);
  return { customerId: profile.customerId, token: token.accessToken, email };
}

async function verify({ operator }: Drill): Promise<LedgerReport> {
  const { status, body } = await operator.ask('GET', '/v1/operator/ledger/verify');
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.complete, true);
  return body;
}

async function repair(drill: Drill, body: object): Promise<RepairedDifference[]> {
  const answer = await drill.operator.ask('POST', '/v1/operator/repairs', body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const report: RepairReport = answer.body;
  assert.equal(report.complete, true);
  return report.steps;
}

/** A dry run: names the differences that verify names, and changes nothing. */
async function dryRun(drill: Drill): Promise<string[]> {
  const { differences, ok } = await verify(drill);
  assert.equal(ok, differences.length === 0);
  const before = await fingerprint(drill.system);
  const steps = await repair(drill, { apply: false });
  assert.equal(await fingerprint(drill.system), before, 'a dry run changed something');
  assert.deepEqual(
    steps.map(({ relation, id, remedy }) => `${relation} ${id} ${remedy}`),
    differences.map(({ relation, id, remedy }) => `${relation} ${id} ${remedy}`),
  );
  for (const { remedyText, stateText } of steps) assert.ok(remedyText && stateText);
  return linesOf(drill, steps);
}

/** `key remedy state`, in the order of the keys. */
function linesOf({ ids }: Drill, steps: RepairedDifference[]): string[] {
  const keyOf = new Map(Object.entries(ids).map(([key, id]) => [id, key]));
  const line = ({ id, remedy, state, refusal }: RepairedDifference) =>
    `${keyOf.get(id) ?? id} ${remedy} ${refusal ?? state}`;
  return steps.map(line).sort();
}

const apply = async (drill: Drill, more: object = {}) =>
  linesOf(drill, await repair(drill, { apply: true, reason: 'drill', ...more }));

// The mailbox is restored to no other moment: it holds the mails of all drills.
const MAILBOX = /^(mail \S+ is not of a letter|letter \S+ came \d|copies of \S+ differ)/;

/** After a repair, the reconciliation and the independent check find no difference. */
async function assertAgree(
  drill: Drill,
  { acknowledged, allowed }: { acknowledged: number; allowed?: RegExp },
): Promise<void> {
  await untilRecovered(drill.system);
  const report = await verify(drill);
  assert.deepEqual([report.differences, report.ok], [[], true]);
  assert.equal(report.acknowledged, acknowledged);
  assert.deepEqual(await repair(drill, { apply: true, reason: 'again' }), []);
  await assertMoney(drill.system);
  const breaches = violationsIn(await readStoredState(drill.system), newHistory());
  assert.deepEqual(
    breaches.filter((breach) => !MAILBOX.test(breach) && !allowed?.test(breach)),
    [],
  );
}

/** Repeats keys of existing orders: the answers are unchanged, and nothing is charged. */
async function assertRepeats(drill: Drill, orders: Record<string, Placed>): Promise<void> {
  const balances = () => Promise.all(Object.values(drill.clients).map((each) => each.balance()));
  const before = await balances();
  for (const [key, { who, price, status }] of Object.entries(orders)) {
    const { status: again, body } = await drill.clients[who].order(key, price);
    assert.equal(again, status, `${key}: ${JSON.stringify(body)}`);
    const order = body.order ?? body;
    assert.equal(order.id, drill.ids[key], key);
    assert.equal(order.status, status === PAID ? 'Paid' : 'Cancelled', key);
    if (status === DECLINED) {
      assert.deepEqual(body.required, rub(price));
      // Both or none, and never made up.
      if ('balance' in body) assert.equal(body.shortfall.amount, price - body.balance.amount);
      else assert.equal('shortfall' in body, false);
    }
  }
  assert.deepEqual(await balances(), before, 'a repetition moved money');
}

const GUIDE = new URL('../../docs/how-to/back-up-and-restore.md', import.meta.url);

/** The SQL of the guide, with psql's variables filled in. */
async function documentedSql(values: Record<string, string>): Promise<string> {
  const [, sql] = /```sql\n([\s\S]*?)```/.exec(await readFile(GUIDE, 'utf8')) ?? [];
  assert.ok(sql !== undefined);
  return sql.replace(/:'(\w+)'/g, (_, name: string) => `'${values[name]}'`);
}

async function repairsOf({ operator }: Drill): Promise<Repair[]> {
  const repairs: Repair[] = [];
  let cursor = '';
  do {
    const path = `/v1/operator/repairs?limit=2${cursor}`;
    const { status, body } = await operator.ask('GET', path);
    assert.equal(status, 200, JSON.stringify(body));
    repairs.push(...body.data);
    cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
  } while (cursor !== '');
  return repairs;
}

// In one layout only: the databases are the same in all of them.
const skip = testLayout() !== 'one-process' && 'the databases are those of every layout';

test('restores to different moments: the differences are named and repaired', {
  skip,
}, async (t) => {
  const drill = await prepare(t);
  t.after(() => drill.copies.close());
  const { anna, boris, vera } = drill.clients;
  const keys = (wanted: Record<string, Placed>) => Object.keys(wanted);

  await t.test('all of one moment: nothing to repair', async () => {
    await restore(drill, []);
    await assertAgree(drill, { acknowledged: 0 });
    await assertRepeats(drill, ALL);
    assert.equal(await anna.balance(), 4_300);
  });

  await t.test(
    'billing older: decisions are recorded again, only with money that is there',
    async () => {
      await restore(drill, ['billing']);
      // Enough to charge the declined order, which nothing does.
      assert.equal(await anna.balance(), 9_300);
      await assertRepeats(drill, ALL);
      assert.deepEqual(await dryRun(drill), [
        'boris-paid charge-again insufficient-funds',
        'declined record-decision planned',
        'paid charge-again planned',
        'pending charge-again planned',
        'vera-paid charge-again insufficient-funds',
        'voided record-decision planned',
      ]);
      assert.deepEqual(await apply(drill), [
        'boris-paid charge-again insufficient-funds',
        'declined record-decision done',
        'paid charge-again done',
        'pending charge-again done',
        'vera-paid charge-again insufficient-funds',
        'voided record-decision done',
      ]);
      assert.deepEqual(
        await Promise.all([anna.balance(), boris.balance(), vera.balance()]),
        [4_300, 0, 0],
      );
      // Boris shows a receipt of his top-up, Vera's is lost.
      const topUp = { amount: rub(5_000) };
      const path = `/v1/operator/wallets/${boris.customerId}/top-ups`;
      assert.equal((await drill.operator.ask('POST', path, topUp, 'lost')).status, 201);
      assert.deepEqual(await apply(drill, { writeOff: [drill.ids['vera-paid']] }), [
        'boris-paid charge-again done',
        'vera-paid write-off done',
      ]);
      assert.equal(await boris.balance(), 1_000);
      await assertAgree(drill, {
        acknowledged: 1,
        allowed: new RegExp(
          `order ${drill.ids['vera-paid']} (is Paid null, decided Cancelled|names)`,
        ),
      });
      await assertRepeats(drill, ALL);
      const repairs = await repairsOf(drill);
      assert.equal(repairs.length, 6);
      for (const { madeBy, reason } of repairs) {
        assert.equal(reason, 'drill');
        assert.ok(madeBy);
      }
      const charged = repairs.find(({ orderId }) => orderId === drill.ids.paid);
      assert.deepEqual([charged?.step, charged?.amount], ['charge-again', rub(-3_000)]);
    },
  );

  await t.test(
    'orders older: charges of lost orders are reversed, the rest is acknowledged',
    async () => {
      await restore(drill, ['orders']);
      // Recovery found the charge of the order that is Pending again.
      await assertRepeats(drill, { ...BEFORE, ...BETWEEN });
      // An impatient client repeats the key of a lost order: that makes and charges a new one.
      const again = await anna.order('paid', 3_000);
      assert.equal(again.status, PAID);
      assert.notEqual(again.body.id, drill.ids.paid);
      await untilRecovered(drill.system);
      assert.equal(await anna.balance(), 1_300);
      assert.deepEqual(
        await dryRun(drill),
        [
          ...['boris-paid', 'declined', 'paid', 'pending', 'vera-paid', 'voided'].map(
            (key) => `${key} acknowledge planned`,
          ),
          ...['declined', 'voided'].map((key) => `${key} acknowledge planned`),
          ...['boris-paid', 'paid', 'vera-paid'].map((key) => `${key} reverse-charge planned`),
        ].sort(),
      );
      await apply(drill);
      assert.deepEqual(
        await Promise.all([anna.balance(), boris.balance(), vera.balance()]),
        [4_300, 5_000, 1_500],
      );
      await assertAgree(drill, {
        acknowledged: 8,
        allowed: /no such order|is about no event|does not tell of order|not in the outbox/,
      });
      await assertRepeats(drill, { ...BEFORE, ...BETWEEN });
      const [newest] = await repairsOf(drill);
      assert.equal(newest?.reason, 'drill');
    },
  );

  await t.test('notifications older: the same events are published again', async () => {
    const expired = drill.ids.paid;
    await restore(drill, ['notifications'], async () => {
      const url = drill.system.databaseUrl('orders');
      await queryRows(url, 'delete from outbox where aggregateid = $1', [expired]);
      await queryRows(
        url,
        `update orders set updated_at = date_trunc('milliseconds', now()) - interval '8 days'
          where id = $1`,
        [expired],
      );
    });
    const lost = [...keys(BETWEEN), ...keys(AFTER)].sort();
    assert.deepEqual(
      await dryRun(drill),
      lost.map((key) => `${key} publish-again planned`),
    );
    const letters = await drill.system.listMails();
    await apply(drill);
    // The recreated row has the time to which the order was moved.
    await assertAgree(drill, {
      acknowledged: 0,
      allowed: /(copies of )?event \S+ on the topic (differ|is)/,
    });
    assert.equal((await drill.system.listMails()).length, letters.length + lost.length);
    await assertRepeats(drill, ALL);
  });

  await t.test('profiles older: a customer who registers again gets the letters', async () => {
    await restore(drill, ['profiles']);
    assert.deepEqual(await dryRun(drill), []);
    assert.equal((await boris.order('later', 500)).status, PAID);
    const body = { email: drill.emails.boris, password: PASSWORD, name: 'Борис' };
    const answer = await call(drill.running.url, 'POST', '/v1/registrations', { body });
    assert.deepEqual([answer.status, answer.body.customerId], [201, boris.customerId]);
    await assertAgree(drill, { acknowledged: 0 });
    await assertRepeats(drill, ALL);
  });

  await t.test('identity older: a new account takes over the customer', async () => {
    await restore(drill, ['identity']);
    const session = { body: { email: drill.emails.boris, password: PASSWORD } };
    const signIn = () => call(drill.running.url, 'POST', '/v1/sessions', session);
    assert.equal((await signIn()).status, 401);
    const body = { email: drill.emails.boris, password: PASSWORD, name: 'Борис' };
    const registered = await call(drill.running.url, 'POST', '/v1/registrations', { body });
    assert.notEqual(registered.body.customerId, boris.customerId);
    const sql = await documentedSql({ email: drill.emails.boris, customer: boris.customerId });
    await queryRows(drill.system.databaseUrl('identity'), sql);
    const { accessToken } = (await signIn()).body;
    const again = clientOf({ customerId: '', token: accessToken }, () => drill.running);
    assert.equal(await again.balance(), await boris.balance());
    assert.equal((await again.ask('GET', '/v1/profile')).body.customerId, boris.customerId);
    await assertAgree(drill, { acknowledged: 0 });
  });

  await t.test(
    'dumped one after the other, as documented: only lost orders to settle',
    async () => {
      // Each database is newer than those that depend on it.
      await restore(drill, ['broker', 'notifications', 'orders']);
      await assertRepeats(drill, { ...BEFORE, ...BETWEEN });
      assert.deepEqual(await dryRun(drill), [
        'boris-paid reverse-charge planned',
        'declined acknowledge planned',
        'paid reverse-charge planned',
        'vera-paid reverse-charge planned',
        'voided acknowledge planned',
      ]);
      await apply(drill);
      await assertAgree(drill, { acknowledged: 2, allowed: /no such order|not in the outbox/ });
    },
  );

  await t.test('a repair needs a reason, and an operator', async () => {
    const path = '/v1/operator/repairs';
    const { status, body } = await drill.operator.ask('POST', path, { apply: true });
    assert.deepEqual([status, body.errors[0].pointer], [400, '#/reason']);
    for (const [changes, place] of [
      [{ apply: true, reason: '\u2060 ' }, '/reason'],
      [{ apply: false, cursor: 'b3JkZXI6eA' }, '/cursor'],
    ] as const) {
      const refused = await drill.operator.ask('POST', path, changes);
      assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, `#${place}`]);
    }
    assert.equal((await anna.ask('POST', path, { apply: false })).status, 403);
    assert.equal((await anna.ask('GET', path)).status, 403);
  });
});
