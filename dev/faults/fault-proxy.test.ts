import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { createRandom } from '#harness/random.ts';
import { FaultProxy } from './fault-proxy.ts';

/** A service that writes down what arrives and answers each piece with `ok <number>`. */
async function startService(t: TestContext) {
  const arrived: string[] = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      arrived.push(String(chunk));
      socket.write(`ok ${arrived.length}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const target = { host: '127.0.0.1', port };
  const proxy = await FaultProxy.open({ owner: 'client/1', callee: 'service', target });
  t.after(() => proxy.close());
  return { arrived, proxy };
}

/** A client of the proxy. `answers` ends with `closed` when the connection does. */
function connect(t: TestContext, proxy: FaultProxy) {
  const socket = net.connect(proxy.port, '127.0.0.1');
  const answers: string[] = [];
  socket.on('error', () => {});
  socket.on('data', (chunk) => answers.push(String(chunk)));
  socket.on('close', () => answers.push('closed'));
  t.after(() => socket.destroy());
  return {
    answers,
    send: (text: string) => socket.write(text),
    end: () => socket.destroy(),
    until: (...expected: string[]) =>
      eventually(`the answers ${expected}`, async () => answers.join() === expected.join()),
  };
}

test('an open proxy hands everything on, both ways', async (t) => {
  const { arrived, proxy } = await startService(t);
  const client = connect(t, proxy);
  client.send('one');
  await client.until('ok 1');
  client.send('two');
  await client.until('ok 1', 'ok 2');
  assert.deepEqual(arrived, ['one', 'two']);
});

test('on a slow proxy no piece overtakes another, also when it gets quicker', async (t) => {
  const { arrived, proxy } = await startService(t);
  const client = connect(t, proxy);
  const pieces = Array.from({ length: 40 }, (_, number) => `${number};`);
  for (const [number, piece] of pieces.entries()) {
    proxy.setDelay(pieces.length - 1 - number);
    client.send(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const all = pieces.join('');
  await eventually('all pieces', async () => arrived.join('').length === all.length);
  assert.equal(arrived.join(''), all);
});

test('a proxy that is cut ends its connections and takes none until it is open again', async (t) => {
  const { arrived, proxy } = await startService(t);
  const client = connect(t, proxy);
  client.send('one');
  await client.until('ok 1');
  proxy.setMode('cut');
  await client.until('ok 1', 'closed');
  await connect(t, proxy).until('closed');
  proxy.setMode('pass');
  const again = connect(t, proxy);
  again.send('two');
  await again.until('ok 2');
  assert.deepEqual(arrived, ['one', 'two']);
});

test('a black hole keeps what is sent, and it arrives late, also from who has gone', async (t) => {
  const { arrived, proxy } = await startService(t);
  const [patient, gone] = [connect(t, proxy), connect(t, proxy)];
  patient.send('one');
  await patient.until('ok 1');
  proxy.setMode('black-hole');
  patient.send('two');
  gone.send('three');
  await eventually('all connections', async () => proxy.connections === 2);
  gone.end();
  await gone.until('closed');
  assert.deepEqual(arrived, ['one']);
  proxy.setMode('pass');
  await eventually('what was kept', async () => arrived.length === 3);
  assert.deepEqual(arrived.toSorted(), ['one', 'three', 'two']);
  await eventually('its answer', async () => patient.answers.length === 2);
});

test('an answer that is swallowed: the request took effect, and the connection ends', async (t) => {
  const { arrived, proxy } = await startService(t);
  proxy.swallowAnswers(1);
  const client = connect(t, proxy);
  client.send('one');
  await client.until('closed');
  assert.deepEqual(arrived, ['one']);
  const next = connect(t, proxy);
  next.send('two');
  await next.until('ok 2');
});

test('a request is delivered again once its wait is over', async (t) => {
  const { arrived, proxy } = await startService(t);
  const { promise: wait, resolve: goOn } = Promise.withResolvers<void>();
  proxy.repeatRequests(1, () => wait);
  const client = connect(t, proxy);
  const request = 'PUT /payments/1 HTTP/1.1\r\nHost: a\r\n\r\n';
  client.send(request);
  await client.until('ok 1');
  assert.equal(arrived.length, 1);
  goOn();
  await eventually('the repetition', async () => proxy.repeated === 1);
  assert.deepEqual(arrived, [request, request]);
  assert.deepEqual(client.answers, ['ok 1']);
});

test('a trap before a step: nothing arrives; after it: it took effect, unanswered', async (t) => {
  const { arrived, proxy } = await startService(t);
  const triggered: string[] = [];
  const disarm = proxy.arm({
    pattern: /settle/,
    when: 'before',
    trigger: () => {
      triggered.push(proxy.owner);
      return 'cut';
    },
  });
  const first = connect(t, proxy);
  first.send('other');
  await first.until('ok 1');
  first.send('settle');
  await first.until('ok 1', 'closed');
  disarm();
  proxy.arm({ pattern: /settle/, when: 'after', trigger: () => 'cut' });
  const second = connect(t, proxy);
  second.send('settle');
  await second.until('closed');
  assert.deepEqual(arrived, ['other', 'settle']);
  assert.deepEqual(triggered, ['client/1']);
});

test('a trap with an answer lets the others through, and what it holds goes on later', async (t) => {
  const { proxy } = await startService(t);
  proxy.arm({ pattern: /claim/, when: 'after', answer: /ok 2/, trigger: () => 'hold' });
  const client = connect(t, proxy);
  client.send('claim');
  await client.until('ok 1');
  client.send('claim');
  const other = connect(t, proxy);
  other.send('x');
  await other.until('ok 3');
  assert.deepEqual(client.answers, ['ok 1']);
  proxy.release();
  await client.until('ok 1', 'ok 2');
});

test('what a trap holds for a time goes on by itself, and only that', async (t) => {
  const { proxy } = await startService(t);
  proxy.arm({ pattern: /slow/, when: 'after', holdMs: 20, trigger: () => 'hold' });
  proxy.arm({ pattern: /never/, when: 'after', trigger: () => 'hold' });
  const never = connect(t, proxy);
  never.send('never');
  const slow = connect(t, proxy);
  slow.send('slow');
  await eventually('the slow answer', async () => slow.answers.length === 1);
  assert.deepEqual(never.answers, []);
  proxy.release();
  await eventually('the other answer', async () => never.answers.length === 1);
});

test('a fault of requests meets so many whose first line matches; a hanging one arrives late', async (t) => {
  const { arrived, proxy } = await startService(t);
  proxy.setFault({ kind: 'refuse', requests: /^PUT/, times: 1 });
  const other = connect(t, proxy);
  // Only the first line counts, and only where a request begins.
  other.send('GET /\r\nPUT');
  await other.until('ok 1');
  const refused = connect(t, proxy);
  refused.send('PUT /1');
  await refused.until('closed');
  other.send('PUT /2');
  await other.until('ok 1', 'ok 2');
  assert.deepEqual([proxy.met, arrived.length], [['PUT /1'], 2]);
  proxy.setFault({ kind: 'hang', requests: /^PUT/ });
  other.send('PUT /3');
  await proxy.reached(/3/);
  other.end();
  await other.until('ok 1', 'ok 2', 'closed');
  proxy.setFault(null);
  await eventually('the late request', async () => arrived.includes('PUT /3'));
});

test('the same seed gives the same numbers, another one others', () => {
  const draw = (seed: string) => {
    const random = createRandom(seed);
    return Array.from({ length: 20 }, () => random.between(1, 1_000));
  };
  assert.deepEqual(draw('7'), draw('7'));
  assert.notDeepEqual(draw('7'), draw('8'));
  const random = createRandom('7');
  const fork = random.fork('a').next();
  random.next();
  assert.equal(random.fork('a').next(), fork);
  assert.ok(draw('9').every((number) => number >= 1 && number <= 1_000));
  assert.throws(() => random.pick([]), /nothing to pick from/);
});
