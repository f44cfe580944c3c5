import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import { Type } from 'typebox';
import { AppError, commonProblems } from '../errors.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { startInternalService } from '../service/internal-service.ts';
import { createHttpClient } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import { copyOf } from './in-process.ts';
import { createCredentials, publicKeyOf } from './service-token.ts';

const log = pino({ level: 'silent' });
const keyOf = () =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const [KEY, STRANGE_KEY] = [keyOf(), keyOf()];

const putThing = {
  operationId: 'putThing',
  method: 'PUT',
  path: '/things/:id',
  summary: 'Keeps a thing',
  batchable: true,
  callers: ['gateway'],
  params: Type.Object({ id: Type.String({ maxLength: 8 }) }),
  body: Type.Object(
    { count: Type.Integer(), note: Type.Optional(Type.String()) },
    { additionalProperties: false },
  ),
  responses: {
    200: Type.Object({ id: Type.String(), count: Type.Integer(), at: Type.Optional(Type.Any()) }),
  },
} as const satisfies Endpoint;

/** A service with one operation, which counts the requests that came by HTTP. */
async function startThings(t: TestContext, held?: Promise<void>) {
  const kept: object[] = [];
  const holding = Promise.withResolvers<void>();
  let requests = 0;
  const metrics = createMetrics(log);
  const service = await startInternalService({
    name: 'things',
    config: {
      LOG_REQUESTS: false,
      LISTEN_ADDRESS: '127.0.0.1',
      PORT: 0,
      STOP_DELAY_MS: 0,
      SERVICE_PUBLIC_KEYS: JSON.stringify({
        keys: [await publicKeyOf('gateway', KEY), await publicKeyOf('mailer', STRANGE_KEY)],
      }),
    },
    log,
    database: { checkWritable: async () => {}, close: async () => {} },
    metrics,
    routes(api) {
      api.app.addHook('onRequest', async () => void requests++);
      api.serve(putThing, async ({ params: { id }, body }) => {
        if (id === 'held') {
          holding.resolve();
          await held;
        }
        if (id === 'away') throw new AppError(commonProblems.unavailable, 'away');
        if (id === 'absent') throw new AppError(commonProblems.notFound, 'absent');
        if (id === 'broken') throw new Error('a defect');
        kept.push(body);
        return { status: 200, body: { id, count: body.count, at: new Date(0) } };
      });
    },
  });
  t.after(() => service.close());
  const { url, close } = service;
  return { url, kept, requests: () => requests, metrics, holding: holding.promise, close };
}

/** A caller of the service. By `localhost` it is not known as a service of this thread. */
async function callerOf(t: TestContext, url: string, { name = 'gateway', key = KEY } = {}) {
  const credentials = await createCredentials(name, key);
  const client = createHttpClient({ callee: 'things', urls: [url], credentials, log });
  t.after(() => client.close());
  return (id: string, body: unknown = { count: 1 }) =>
    client.call(putThing, { params: { id }, body: body as never }).catch((error: unknown) => {
      assert.ok(error instanceof AppError);
      return { thrown: error.problem.code, cause: String(error.cause) };
    });
}

/** The parts of an answer that do not differ from call to call. */
function comparable(answer: object) {
  const { body, headers: _, retryAfter: __, ...rest } = answer as Record<string, unknown>;
  const { traceId: ___, ...kept } = (body ?? {}) as Record<string, unknown>;
  const text = JSON.stringify({ ...rest, body: kept });
  return text.replace(/[0-9a-f]{32}/g, 'trace');
}

test('a call in this thread is checked and answered as one by HTTP', async (t) => {
  const { url, requests } = await startThings(t);
  const byHttp = url.replace('127.0.0.1', 'localhost');
  const calls: [id: string, body?: unknown][] = [
    ['a'],
    ['b', { count: '1' }],
    ['c', { count: 1, more: true }],
    ['d', { count: 1, note: undefined }],
    ['e', {}],
    ['much too long'],
    ['away'],
    ['absent'],
    ['broken'],
  ];
  for (const caller of [{}, { name: 'mailer', key: STRANGE_KEY }, { key: STRANGE_KEY }]) {
    const [local, remote] = [await callerOf(t, url, caller), await callerOf(t, byHttp, caller)];
    for (const [id, body] of calls) {
      const before = requests();
      const answer = await local(id, body);
      assert.equal(requests(), before, `${id} came by HTTP`);
      assert.equal(comparable(answer), comparable(await remote(id, body)), id);
      assert.equal(requests(), before + 1);
    }
  }
});

test('caller and callee share no object', async (t) => {
  const { url, kept } = await startThings(t);
  const put = await callerOf(t, url);
  const body = { count: 1, note: 'mine' };
  const answer = await put('a', body);
  assert.deepEqual(kept, [body]);
  assert.notEqual(kept[0], body);
  assert.deepEqual((answer as { body: unknown }).body, {
    id: 'a',
    count: 1,
    at: '1970-01-01T00:00:00.000Z',
  });
});

test('calls in this thread are counted as those in batches', async (t) => {
  const { url, metrics } = await startThings(t);
  const put = await callerOf(t, url);
  await put('a');
  assert.match(await metrics.scrape(), /operation="putThing",status="200".*} 1/);
});

test('a stop waits for calls in this thread, and takes no more', async (t) => {
  const held = Promise.withResolvers<void>();
  t.after(() => held.resolve());
  const { url, close, holding, requests } = await startThings(t, held.promise);
  const put = await callerOf(t, url);
  const running = put('held');
  await holding;
  const closed = close();
  let over = false;
  void closed.then(() => {
    over = true;
  });
  // By HTTP now: the stopping service still answers it, refuses it, or does not listen any more.
  const late = await put('late');
  assert.ok(requests() === 1 || 'thrown' in late);
  assert.equal(over, false);
  held.resolve();
  assert.equal(((await running) as { status: number }).status, 200);
  await closed;
});

test('a copy is what JSON makes of the value, and shares no object with it', () => {
  const odd = fc.constantFrom<unknown>(
    new Date(0),
    new Map([[1, 2]]),
    { toJSON: () => 'own' },
    Object.create({ inherited: 1 }),
    () => {},
    Symbol('x'),
    new (class Thing {
      kept = 1;
    })(),
    [undefined, () => {}],
    JSON.parse('{"__proto__": {"a": 1}}'),
  );
  const values = fc.anything({ withNullPrototype: true, withSparseArray: true, key: fc.string() });
  fc.assert(
    fc.property(fc.oneof(values, odd, fc.dictionary(fc.string(), odd)), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(copyOf(value), text === undefined ? undefined : JSON.parse(text));
    }),
    { numRuns: 5_000 },
  );
  const [inner, list] = [{ a: 1 }, [{}]];
  const copy = copyOf({ inner, list });
  assert.ok(copy.inner !== inner && copy.list !== list && copy.list[0] !== list[0]);
});
