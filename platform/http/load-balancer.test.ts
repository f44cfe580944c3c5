import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { Type } from 'typebox';
import { until } from '#harness/broker/contract-helpers.ts';
import { freePort } from '#harness/free-port.ts';
import { deadlineIn } from '../async/deadline.ts';
import { AppError, commonProblems } from '../errors.ts';
import { serveHealth } from '../service/internal-service.ts';
import { createHttpClient, type HttpClient } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import { anyone, createHttpServer, listen, serve } from './server.ts';

const putThing = {
  operationId: 'putThing',
  method: 'PUT',
  path: '/things',
  summary: 'Keeps a thing',
  body: Type.Object({}),
  responses: { 200: Type.Object({ by: Type.String() }) },
} as const satisfies Endpoint;

/** One replica of the service of these tests. */
interface TestReplica {
  url: string;
  /** Calls that came. */
  calls: number;
  /** How calls and health checks are answered from now on. `hangs` never answers. */
  mode: 'works' | 'fails' | 'hangs';
  /** Lets go on what hangs. */
  goOn(): void;
  /** Headers of the questions for its health. */
  probes: (string | undefined)[];
  close(): Promise<void>;
}

async function startReplica(t: TestContext, name: string, port = 0): Promise<TestReplica> {
  const app = createHttpServer({ log: pino({ level: 'silent' }) });
  let held = Promise.withResolvers<void>();
  const state: TestReplica = {
    url: '',
    calls: 0,
    mode: 'works',
    probes: [],
    goOn() {
      held.resolve();
      held = Promise.withResolvers<void>();
    },
    async close() {
      state.goOn();
      await app.close();
    },
  };
  async function work(): Promise<void> {
    if (state.mode === 'hangs') await held.promise;
    if (state.mode === 'fails') throw new AppError(commonProblems.unavailable, 'broken');
  }
  app.addHook('onRequest', async (request) => {
    if (request.url === '/readyz') state.probes.push(request.headers.authorization);
  });
  serveHealth(app, { work });
  serve(app, putThing, { identify: anyone }, async () => {
    state.calls++;
    await work();
    return { status: 200, body: { by: name } };
  });
  state.url = await listen(app, '127.0.0.1', port);
  t.after(() => state.close());
  return state;
}

interface Bench {
  a: TestReplica;
  b: TestReplica;
  client: HttpClient;
  /** The lines that the client has logged. */
  lines: string[];
  /** One call. @returns the name of the replica that answered */
  put(options?: { attemptTimeoutMs?: number }): Promise<string>;
  /** Waits until the client has logged this about replica `a` the given number of times. */
  said(what: 'left out' | 'is back', times?: number): Promise<void>;
}

async function startBench(t: TestContext): Promise<Bench> {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  // Not port 0: while `a` is away, the system could give that port to another server.
  const [a, b] = [await startReplica(t, 'a', await freePort()), await startReplica(t, 'b')];
  const credentials = async () => 'Bearer secret';
  const client = createHttpClient({ callee: 'things', urls: [a.url, b.url], credentials, log });
  t.after(() => client.close());
  return {
    a,
    b,
    client,
    lines,
    async put(options = {}) {
      const deadline = deadlineIn(20_000);
      const answer = await client.call(putThing, { body: {} }, { deadline, ...options });
      assert.ok(!answer.problem);
      return answer.body.by;
    },
    said: (what, times = 1) =>
      until(what, () => {
        const found = lines.filter((line) => line.includes(what) && line.includes(a.url));
        return found.length >= times;
      }),
  };
}

const SHORT_MS = 400;

test('calls at the same time are spread evenly', async (t) => {
  const { a, b, put } = await startBench(t);
  await Promise.all(Array.from({ length: 20 }, () => put()));
  assert.deepEqual([a.calls, b.calls], [10, 10]);
});

test('a replica that fails gets one call, then none until its health is back', async (t) => {
  const { a, b, put, said } = await startBench(t);
  a.mode = 'fails';
  for (let call = 0; call < 10; call++) assert.equal(await put(), 'b');
  assert.deepEqual([a.calls, b.calls], [1, 10]);
  a.mode = 'works';
  await said('is back');
  assert.deepEqual([await put(), await put()].sort(), ['a', 'b']);
  // Health checks send no credentials.
  assert.ok(a.probes.length > 0);
  assert.ok(a.probes.every((authorization) => authorization === undefined));
});

test('a replica that hangs costs the calls that were on it, and they go elsewhere', async (t) => {
  const { a, b, put, said } = await startBench(t);
  a.mode = 'hangs';
  // With the common time-out: on a busy machine `b` may take as long as a short one.
  const first = [put(), put()];
  await until('a call on each', () => a.calls === 1 && b.calls >= 1);
  // Otherwise both have one outstanding call, and the next one may go to either.
  assert.equal(await Promise.race(first), 'b');
  // `a` has one outstanding call and `b` none: no more calls go to `a`, before it has timed out.
  for (let call = 0; call < 10; call++) assert.equal(await put(), 'b');
  assert.deepEqual(await Promise.all(first), ['b', 'b']);
  await said('left out');
  await Promise.all(Array.from({ length: 10 }, () => put()));
  assert.equal(a.calls, 1);
  a.mode = 'works';
  a.goOn();
  await said('is back');
  await Promise.all([put(), put()]);
  assert.equal(a.calls, 2);
});

test('a replica that is gone is left out, and is back when it was started again', async (t) => {
  const { a, put, said } = await startBench(t);
  await Promise.all([put(), put()]);
  await a.close();
  for (let call = 0; call < 10; call++) assert.equal(await put(), 'b');
  await said('left out');
  const again = await startReplica(t, 'a again', Number(new URL(a.url).port));
  await said('is back');
  assert.deepEqual([await put(), await put()].sort(), ['a again', 'b']);
  assert.equal(again.calls, 1);
});

test('when none is healthy all are called in turn, so that the first one back answers', async (t) => {
  const { a, b, put } = await startBench(t);
  a.mode = 'fails';
  b.mode = 'fails';
  const call = put();
  await until('calls to both', () => a.calls >= 2 && b.calls >= 2);
  b.mode = 'works';
  assert.equal(await call, 'b');
});

test('a time-out near the deadline of a call does not eject the replica', async (t) => {
  const { a, b, client, put, lines } = await startBench(t);
  a.mode = 'hangs';
  b.mode = 'hangs';
  const call = () => client.call(putThing, { body: {} }, { deadline: deadlineIn(100) });
  await Promise.all([assert.rejects(call()), assert.rejects(call())]);
  assert.deepEqual(lines, []);
  for (const replica of [a, b]) {
    replica.mode = 'works';
    replica.goOn();
  }
  assert.deepEqual([await put(), await put()].sort(), ['a', 'b']);
});

test('a repetition goes to a replica that the call has not attempted, also a busier one', async (t) => {
  const { a, b, put } = await startBench(t);
  b.mode = 'hangs';
  a.mode = 'hangs';
  const both = [put(), put()];
  await until('a call on each', () => a.calls === 1 && b.calls === 1);
  a.goOn();
  await Promise.race(both);
  b.mode = 'works';
  // Just too short a timeout to eject `a`. It has no requests under way, while `b` has one.
  assert.equal(await put({ attemptTimeoutMs: 240 }), 'b');
  assert.equal(a.calls, 2);
  b.goOn();
  await Promise.all(both);
});

test('an attempt from before a return does not leave the replica out again', async (t) => {
  const { a, b, put, said, lines } = await startBench(t);
  a.mode = 'hangs';
  // `a` gets two, of which one is given up soon.
  const calls = [
    ...[put({ attemptTimeoutMs: 2_000 }), put()],
    ...[put({ attemptTimeoutMs: SHORT_MS }), put()],
  ];
  await said('left out');
  a.mode = 'works';
  await said('is back');
  assert.deepEqual(await Promise.all(calls), ['b', 'b', 'b', 'b']);
  assert.equal(lines.filter((line) => line.includes('left out')).length, 1);
  assert.ok(b.calls >= 2);
});

test('one address alone is never left out and never probed', async (t) => {
  const a = await startReplica(t, 'a');
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const credentials = async () => 'Bearer secret';
  const client = createHttpClient({ callee: 'things', urls: [a.url], credentials, log });
  t.after(() => client.close());
  a.mode = 'fails';
  await assert.rejects(client.call(putThing, { body: {} }));
  a.mode = 'works';
  assert.equal((await client.call(putThing, { body: {} })).status, 200);
  assert.deepEqual([lines, a.probes], [[], []]);
});

test('one ready replica is enough to be ready, and many who ask are one question', async (t) => {
  const { a, b, client } = await startBench(t);
  a.mode = 'fails';
  await Promise.all(Array.from({ length: 20 }, () => client.checkReady()));
  assert.deepEqual([a.probes.length, b.probes.length], [1, 1]);
  b.mode = 'fails';
  await until('it to be noticed', () =>
    client.checkReady().then(
      () => false,
      (error: Error) => error.message === 'no replica of things is ready',
    ),
  );
  a.mode = 'works';
  await until('it to be noticed', () =>
    client.checkReady().then(
      () => true,
      () => false,
    ),
  );
});

test('looking after a replica that is left out keeps no process alive', async (t) => {
  const gone = await startReplica(t, 'gone', await freePort());
  await gone.close();
  const source = `
    import { pino } from 'pino';
    import { createLoadBalancer } from ${JSON.stringify(new URL('load-balancer.ts', import.meta.url).href)};
    const urls = [${JSON.stringify(gone.url)}, ${JSON.stringify(gone.url)}];
    const replicas = createLoadBalancer('things', urls, pino());
    const work = (pool) => pool.request({ method: 'GET', path: '/' });
    await replicas.attempt(new Set(), 1_000, work).catch(() => {});`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  assert.match(printed, /replica left out/);
});
