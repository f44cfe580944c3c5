import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { complaint, ready, temporaryHome } from '#harness/system/start.ts';
import { PASSWORD } from '#harness/system/system.ts';
import type { FaultName } from './links.ts';
import type { LabOrder } from './orders.ts';
import type { FaultState } from './switches.ts';

// Performs every fault of the lab on a system that `npm start -- --lab` has started. What became of
// the orders is read from the public API, not from the lab's own comparison.

// The order's deadline is below the time that a slow answer takes, and recovery begins soon after.
const SETTINGS = {
  ORDER_DEADLINE_MS: '3000',
  RECOVERY_AGE_MS: '4000',
  RECOVERY_INTERVAL_MS: '300',
};

async function startLab(t: TestContext) {
  const { home, start } = await temporaryHome(t);
  const url = await ready(start('0', SETTINGS, ['--lab']));
  const password = await eventually('the operator’s password', () =>
    readFile(join(home, 'operator-password'), 'utf8').catch(() => undefined),
  );
  const body = { email: 'operator@localhost.localdomain', password: password.trim() };
  const token = (await call(url, 'POST', '/v1/sessions', { body })).body.accessToken;
  const headers = { authorization: `Bearer ${token}` };
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await call(url, method, path, { headers, body });
    assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const turn = (name: FaultName, on: boolean) => ask('PUT', `/lab/faults/${name}`, { on });

  /** The order with this number, once it is as asked for. */
  function orderWhen(number: number, what: string, fits: (order: LabOrder) => boolean) {
    return eventually(what, async (): Promise<LabOrder | false> => {
      const { data } = (await ask('GET', '/lab/orders')) as { data: LabOrder[] };
      const found = data.find((order) => order.number === number);
      return found !== undefined && fits(found) && found;
    });
  }

  /** What the API says of an order: status, charges, and its letters. */
  async function stateOf({ id }: Pick<LabOrder, 'id'>) {
    const { order, letter } = await ask('GET', `/v1/operator/orders/${id}/journey`);
    const path = `/v1/operator/wallets/${order.customerId}/operations?limit=100`;
    const { data } = await ask('GET', path);
    const charges = data.filter((one: { orderId: string | null }) => one.orderId === id).length;
    return [order.status, order.statusReason, charges, letter && [letter.kind, letter.state]];
  }

  return { url, ask, turn, orderWhen, stateOf };
}

const SENT = ['Paid', null, 1, ['happiness', 'sent']];

test('each fault of the lab ends as the protocol promises', async (t) => {
  const lab = await startLab(t);
  const place = async (): Promise<number> => (await lab.ask('POST', '/lab/orders')).number;
  const answered = (number: number) =>
    lab.orderWhen(number, 'the answer', ({ answer }) => answer !== null);
  const completed = (number: number) =>
    lab.orderWhen(number, 'the end of all', ({ complete }) => complete);
  const assertVerdict = ({ checks }: LabOrder) =>
    assert.deepEqual(
      checks.filter(({ ok }) => ok !== true),
      [],
    );

  await t.test('I1: an answer that is lost after the charge is asked for again: 201', async () => {
    await lab.turn('answer-lost', true);
    const order = await completed(await place());
    assert.equal(order.answer?.status, 201);
    assert.deepEqual(await lab.stateOf(order), SENT);
    assertVerdict(order);
    const met = (await lab.ask('GET', '/lab/faults')).data as FaultState[];
    assert.ok(met.some(({ name, hits }) => name === 'answer-lost' && hits > 0));
    const { data } = await lab.turn('answer-lost', false);
    assert.equal(data.filter(({ on }: { on: boolean }) => on).length, 0);
  });

  await t.test('I2: billing that is slow makes 202; recovery finds the charge', async () => {
    await lab.turn('billing-slow', true);
    const number = await place();
    assert.equal((await answered(number)).answer?.status, 202);
    const order = await completed(number);
    assert.deepEqual(await lab.stateOf(order), SENT);
    assertVerdict(order);
  });

  await t.test('I3: a payment that never arrives is voided, and nothing is charged', async () => {
    // On the connection of the slow fault, which it ends.
    const { data } = await lab.turn('payment-lost', true);
    assert.deepEqual(
      data.filter(({ on }: { on: boolean }) => on).map(({ name }: { name: string }) => name),
      ['payment-lost'],
    );
    const number = await place();
    assert.equal((await answered(number)).answer?.status, 202);
    const order = await completed(number);
    assert.deepEqual(await lab.stateOf(order), ['Cancelled', 'voided', 0, ['grief', 'sent']]);
    assertVerdict(order);
    await lab.turn('payment-lost', false);
  });

  for (const name of ['broker-away', 'profiles-away', 'mail-refuses', 'mail-hangs'] as const) {
    await t.test(`I7: ${name}: 201 at once, and the letter goes out after its end`, async () => {
      await lab.turn(name, true);
      const number = await place();
      const order = await lab.orderWhen(
        number,
        'a letter that waits',
        ({ waited }) => waited === true,
      );
      assert.equal(order.answer?.status, 201);
      const [status, , charges, letter] = await lab.stateOf(order);
      assert.deepEqual([status, charges], ['Paid', 1]);
      assert.notEqual(letter?.[1], 'sent');
      await lab.turn(name, false);
      const last = await completed(number);
      assert.deepEqual(await lab.stateOf(last), SENT);
      assertVerdict(last);
    });
  }

  await t.test('only operators get in, and all switches go off at once', async () => {
    const person = { email: 'anna@example.com', password: PASSWORD };
    await call(lab.url, 'POST', '/v1/registrations', { body: { ...person, name: 'Анна' } });
    const { body } = await call(lab.url, 'POST', '/v1/sessions', { body: person });
    const headers = { authorization: `Bearer ${body.accessToken}` };
    const on = { body: { on: true } };
    const path = '/lab/faults/broker-away';
    assert.equal((await call(lab.url, 'PUT', path, on)).status, 401);
    assert.equal((await call(lab.url, 'PUT', path, { ...on, headers })).status, 403);
    await lab.turn('broker-away', true);
    const { data } = await lab.ask('DELETE', '/lab/faults');
    assert.ok(data.every((fault: { on: boolean }) => !fault.on));
    assert.equal((await call(lab.url, 'GET', '/console.json')).body.faultLab, true);
  });
});

test('a start refuses the lab where it would reach others, and an option that it does not know', async (t) => {
  const { start } = await temporaryHome(t);
  const reached = start('0', { LISTEN_ADDRESS: '0.0.0.0', SMTP_URL: 'smtp://127.0.0.1:1' }, [
    '--lab',
  ]);
  assert.equal(await reached.exited, 1);
  assert.match(
    complaint(reached),
    /--lab cannot start:\n {2}SMTP_URL is set: .*\n {2}LISTEN_ADDRESS is/,
  );
  const unknown = start('0', {}, ['--labs']);
  assert.equal(await unknown.exited, 2);
  assert.match(complaint(unknown), /knows no --labs; its options are --lab and --new-secrets/);
});
