import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { readAnswer } from './connection.ts';
import { type LoadJob, runLoad } from './load.ts';
import { createPlan } from './plan.ts';

const FUNDED = { customerId: 'rich', token: 't', funded: true };
const POOR = { customerId: 'poor', token: 't', funded: false };

interface Reply {
  status: number;
  body: object;
}

/** A gateway that answers as `reply` says, or hangs up. */
async function startGateway(
  t: TestContext,
  reply: (key: string) => Reply | 'hang-up' | Promise<Reply>,
): Promise<string> {
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    const answer = await reply(String(request.headers['idempotency-key']));
    if (answer === 'hang-up') {
      request.socket.destroy();
      return;
    }
    const { status, body } = answer;
    const text = JSON.stringify(body);
    response.writeHead(status, { 'content-length': Buffer.byteLength(text) }).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const paid = (customerId: string): Reply => ({
  status: 201,
  body: { id: 'an-order', customerId, status: 'Paid', items: [{ name: 'Книга' }] },
});
const refused: Reply = {
  status: 406,
  body: { order: { id: 'an-order', status: 'Cancelled' }, balance: { amount: 0 } },
};

const job = (url: string, changes: Partial<LoadJob>): LoadJob => ({
  url,
  customers: [FUNDED],
  connections: 1,
  seconds: 60,
  keyPrefix: 'k',
  ...changes,
});

test('the open loop counts times from the moment when an order was due', (t) => {
  const plan = createPlan({ seconds: 1, ordersPerS: 100 });
  t.after(plan.stop);
  plan.start(1_000, () => {});
  assert.equal(plan.next(1_000), 1_000);
  assert.equal(plan.next(1_000), undefined, 'the second is due 10 ms later');
  assert.equal(plan.next(1_009.9), undefined);
  assert.equal(plan.next(1_010), 1_010);
  // The system stalls for 0.5 s: latency of the orders due meanwhile counts from their due time.
  assert.equal(plan.next(1_510), 1_020);
  assert.equal(plan.next(1_510), 1_030);
});

test('the open loop sources every order that came due, however late', (t) => {
  const plan = createPlan({ seconds: 1, ordersPerS: 100 });
  t.after(plan.stop);
  plan.start(0, () => {});
  let placed = 0;
  while (plan.next(10_000) !== undefined) placed++;
  assert.equal(placed, 100);
  assert.ok(plan.isOver());
});

test('the closed loop ends with its time, or with its number of orders', () => {
  const timed = createPlan({ seconds: 1 });
  timed.start(0, () => {});
  assert.equal(timed.next(999), 999);
  assert.equal(timed.isOver(), false);
  assert.equal(timed.next(1_000), undefined);
  assert.ok(timed.isOver());
  const counted = createPlan({ seconds: 1, ordersMax: 1 });
  counted.start(0, () => {});
  assert.equal(counted.next(0), 0);
  assert.equal(counted.next(0), undefined);
});

test('a load that is stopped waits for its last answers and begins no more', async (t) => {
  const stop = new AbortController();
  const keys: string[] = [];
  const url = await startGateway(t, (key) => {
    if (keys.push(key) === 10) stop.abort();
    return paid('rich');
  });
  const { answers } = await runLoad(job(url, { connections: 2 }), stop.signal);
  assert.ok(answers.length >= 10 && answers.length <= 12, `${answers.length}`);
  assert.equal(answers.length, keys.length);
  assert.ok(answers.every(({ status }) => status === 201));
});

test('a stall of the system is in the times of the orders that came due meanwhile', async (t) => {
  const STALL_MS = 300;
  const url = await startGateway(t, async (key) => {
    if (key === 'k-0') await setTimeout(STALL_MS);
    return paid('rich');
  });
  const { times } = await runLoad(job(url, { seconds: 0.1, ordersPerS: 100 }));
  assert.equal(times.length, 10);
  // On the one connection all ten wait for the first, also the last, which was due after 90 ms.
  assert.ok(Math.min(...times) >= STALL_MS - 100, `${times}`);
});

test('each order has a key of its own, and customers take turns', async (t) => {
  const keys: string[] = [];
  const url = await startGateway(t, (key) => {
    keys.push(key);
    return Number(key.split('-')[1]) % 2 === 0 ? paid('rich') : refused;
  });
  const outcome = await runLoad(
    job(url, { customers: [FUNDED, POOR], connections: 4, ordersMax: 20 }),
  );
  assert.equal(new Set(keys).size, 20);
  assert.equal(outcome.times.length, 20);
  assert.deepEqual(outcome.errors, {});
  const seen = outcome.answers.map(({ customerId, status, orderId, orderStatus, balance }) =>
    [customerId, status, orderId, orderStatus, balance].join(' '),
  );
  assert.equal(seen.filter((each) => each === 'rich 201 an-order Paid ').length, 10);
  assert.equal(seen.filter((each) => each === 'poor 406 an-order Cancelled 0').length, 10);
});

test('a quick wrong answer is an error and has no time', async (t) => {
  const wrong: [string, Reply][] = [
    ['a refusal of somebody with money', refused],
    ['an order that is not paid', { ...paid('rich'), body: { ...paid('rich').body, status: 'X' } }],
    ['an order of somebody else', paid('poor')],
    ['no capacity', { status: 503, body: {} }],
  ];
  for (const [what, reply] of wrong) {
    const url = await startGateway(t, () => reply);
    const { times, errors, samples } = await runLoad(job(url, { ordersMax: 3 }));
    assert.deepEqual({ times, errors }, { times: [], errors: { [reply.status]: 3 } }, what);
    assert.equal(samples.length, 3);
  }
});

test('a lost connection is an error, and the next order takes a new one', async (t) => {
  const url = await startGateway(t, (key) => (key === 'k-0' ? 'hang-up' : paid('rich')));
  const { times, errors, answers } = await runLoad(job(url, { ordersMax: 3 }));
  assert.equal(times.length, 2);
  assert.deepEqual(errors, { 0: 1 });
  assert.deepEqual(
    answers.map(({ status }) => status),
    [0, 201, 201],
  );
});

test('an answer is read once it is complete, by its length in bytes', () => {
  const body = Buffer.from('{"a":"Книга"}').toString('latin1');
  const whole = `HTTP/1.1 201 Created\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  for (let length = 0; length < whole.length; length++) {
    assert.equal(readAnswer(whole.slice(0, length)), undefined);
  }
  assert.deepEqual(readAnswer(whole), { status: 201, body });
  assert.throws(() => readAnswer(`${whole}x`), /too long/);
  assert.throws(() => readAnswer('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'));
});
