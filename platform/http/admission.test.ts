import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { FastifyRequest } from 'fastify';
import { pino } from 'pino';
import { until } from '#harness/broker/contract-helpers.ts';
import { AppError, commonProblems } from '../errors.ts';
import { serveHealth } from '../service/internal-service.ts';
import { limitRequests } from './admission.ts';
import { createCompetition } from './fair-queue.ts';
import { createHttpServer, listen } from './server.ts';

const LIMIT = 3;
const CLASSES = new Map([
  ['/red', 'red' as const],
  ['/blue', 'blue' as const],
]);
const BODY_LIMIT = 16 * 1024 * 1024;
// Generous: what is awaited has happened long before.
const BOUND_MS = 120_000;

/** Two classes of three requests each, whose handlers wait for `release`. */
async function startClasses(t: TestContext) {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const clock = { now: 0 };
  const app = createHttpServer({ log, answerHeaders: ({ url }) => ({ 'x-of': url }) });
  const metrics = limitRequests(app, {
    limits: { red: LIMIT, blue: LIMIT },
    classOf: ({ routeOptions: { url } }) => CLASSES.get(url ?? '') ?? null,
    log,
    nowMs: () => clock.now,
  });
  serveHealth(app, {});
  let answers = Promise.withResolvers<void>();
  const identified: string[] = [];
  const handled: string[] = [];
  for (const url of CLASSES.keys()) {
    const handler = async () => {
      handled.push(url);
      await answers.promise;
      return { url };
    };
    const onRequest = async () => void identified.push(url);
    app.post(url, { bodyLimit: BODY_LIMIT, onRequest, handler });
  }
  const url = await listen(app, '127.0.0.1', 0);
  const release = () => {
    answers.resolve();
    answers = Promise.withResolvers<void>();
  };
  const sockets: Socket[] = [];
  t.after(async () => {
    // First: a stop waits for requests whose bodies do not come.
    for (const socket of sockets) socket.destroy();
    release();
    await app.close();
  });
  const read = async (name: string, lane: string) => {
    const metric = metrics.find((each) => each.name === name);
    return (await metric?.read())?.find(({ labels }) => labels?.lane === lane)?.value;
  };
  return {
    app,
    url,
    lines,
    clock,
    release,
    identified,
    handled,
    running: (lane: string) => read('orderbell_requests_running', lane),
    shed: (lane: string) => read('orderbell_requests_shed_total', lane),
    /** Bounded: one that is not refused is held. */
    post: (path: string) =>
      fetch(url + path, { method: 'POST', signal: AbortSignal.timeout(BOUND_MS) }),
    /** Sends bytes on a connection of their own. */
    async send(bytes: string): Promise<Socket> {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      sockets.push(socket);
      await once(socket, 'connect');
      socket.write(bytes);
      return socket;
    },
    /** Fills a class. @returns its answers, which are held */
    async fill(path: string) {
      const before = handled.length;
      const held = Array.from({ length: LIMIT }, () => fetch(url + path, { method: 'POST' }));
      await until('the class is full', () => handled.length === before + LIMIT);
      return Promise.all(held);
    },
  };
}

test('a full class refuses at once, before it asks who calls, and leaves the others alone', async (t) => {
  const classes = await startClasses(t);
  const red = classes.fill('/red');
  await until('red is full', async () => (await classes.running('red')) === LIMIT);
  const before = classes.identified.length;
  const refused = await classes.post('/red');
  assert.equal(refused.status, 503);
  assert.equal(classes.identified.length, before);
  assert.match(refused.headers.get('retry-after') ?? '', /^[123]$/);
  assert.equal(refused.headers.get('x-of'), '/red');
  const { code, retryable } = (await refused.json()) as { code: string; retryable: boolean };
  assert.deepEqual([code, retryable], ['overloaded', true]);
  for (const path of ['/livez', '/readyz']) {
    assert.equal((await fetch(classes.url + path)).status, 200);
  }
  // A path that is nothing takes no place.
  assert.equal((await classes.post('/nothing')).status, 404);

  const blue = classes.fill('/blue');
  await until('blue is full', async () => (await classes.running('blue')) === LIMIT);
  assert.equal((await classes.post('/blue')).status, 503);
  classes.release();
  for (const answer of [...(await red), ...(await blue)]) assert.equal(answer.status, 200);
  assert.deepEqual([await classes.running('red'), await classes.running('blue')], [0, 0]);
  assert.deepEqual([await classes.shed('red'), await classes.shed('blue')], [1, 1]);

  const again = classes.fill('/red');
  await until('red is full again', async () => (await classes.running('red')) === LIMIT);
  classes.release();
  for (const answer of await again) assert.equal(answer.status, 200);
});

test('a request whose client hung up counts until its work has ended', async (t) => {
  const classes = await startClasses(t);
  const request = 'POST /red HTTP/1.1\r\nhost: here\r\ncontent-length: 0\r\n\r\n';
  const clients = await Promise.all(Array.from({ length: LIMIT }, () => classes.send(request)));
  await until('red is full', () => classes.handled.length === LIMIT);
  for (const client of clients) client.destroy();
  await until('they hung up', async () => (await connectionsOf(classes.app)) === 0);
  assert.equal((await classes.post('/red')).status, 503);
  classes.release();
  await until('the work ended', async () => (await classes.running('red')) === 0);
});

test('a request whose body does not come is not counted', async (t) => {
  const classes = await startClasses(t);
  const head =
    'POST /red HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n' +
    'content-length: 2\r\n\r\n';
  const slow = await Promise.all(Array.from({ length: LIMIT }, () => classes.send(`${head}{`)));
  await until('they wait for bodies', () => classes.identified.length === LIMIT);
  const held = classes.fill('/red');
  await until('red is full', async () => (await classes.running('red')) === LIMIT);
  // Their places are taken when the bodies come.
  for (const socket of slow) {
    const answered = once(socket, 'data');
    socket.write('}');
    assert.match(String((await answered)[0]), /^HTTP\/1\.1 503 /);
  }
  classes.release();
  for (const answer of await held) assert.equal(answer.status, 200);
  assert.equal(await classes.running('red'), 0);
});

test('refusals are logged once a second and counted one by one', async (t) => {
  const classes = await startClasses(t);
  const held = classes.fill('/red');
  await until('red is full', async () => (await classes.running('red')) === LIMIT);
  for (let number = 1; number <= 5; number++) await classes.post('/red');
  classes.clock.now = 999;
  await classes.post('/red');
  classes.clock.now = 1_000;
  await classes.post('/red');
  // The server itself says that it listens, and nothing of each answer.
  const logged = classes.lines.map((line) => JSON.parse(line).refused).slice(1);
  assert.deepEqual(logged, [{ red: 1 }, { red: 6 }]);
  assert.equal(await classes.shed('red'), 7);
  classes.release();
  await held;
});

function connectionsOf({ server }: { server: unknown }): Promise<number> {
  const counting = server as {
    getConnections(done: (error: unknown, count: number) => void): void;
  };
  return new Promise((resolve) => counting.getConnections((_error, count) => resolve(count)));
}

test('large bodies that do not end are refused beyond a limit of their bytes', async (t) => {
  const { url, identified, release, send } = await startClasses(t);
  const head = (bytes: number) =>
    'POST /red HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n' +
    `content-length: ${bytes}\r\n\r\n{`;
  const answerTo = async (bytes: number) => {
    const [answer] = await once(await send(head(bytes)), 'data');
    return String(answer).split('\r\n', 1)[0];
  };
  /** Status of a whole request. */
  const post = async (bytes: number) => {
    const headers = { 'content-type': 'application/json' };
    const released = setInterval(release, 5);
    try {
      const body = `"${'x'.repeat(bytes - 2)}"`;
      return (await fetch(`${url}/blue`, { method: 'POST', headers, body })).status;
    } finally {
      clearInterval(released);
    }
  };
  const held: Socket[] = [];
  for (let i = 0; i < 4; i++) held.push(await send(head(BODY_LIMIT)));
  await until('all are awaited', () => identified.length === 4, BOUND_MS);
  assert.equal(await answerTo(100_000), 'HTTP/1.1 503 Service Unavailable');
  assert.equal(await post(100_000), 503);
  // One that is too large is a 413, and a small one does not count.
  assert.equal(await answerTo(BODY_LIMIT + 1), 'HTTP/1.1 413 Payload Too Large');
  assert.equal(await post(1_000), 200);
  // A client that goes leaves its room to others.
  held[0]?.destroy();
  await until('room', async () => (await post(100_000)) === 200, BOUND_MS);
  assert.equal(await post(BODY_LIMIT), 200);
});

test('a body that is refused while it goes on leaves its room to others', async (t) => {
  const { url, release, send } = await startClasses(t);
  const head =
    'POST /red HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n' +
    'transfer-encoding: chunked\r\n\r\n';
  const chunk = `${(BODY_LIMIT + 1).toString(16)}\r\n${' '.repeat(BODY_LIMIT + 1)}\r\n`;
  for (let i = 0; i < 4; i++) {
    const client = await send(head + chunk);
    const [answer] = await once(client, 'data');
    assert.match(String(answer), /^HTTP\/1.1 413 /);
    if (!client.closed) await once(client, 'close');
  }
  const body = `"${'x'.repeat(100_000)}"`;
  const headers = { 'content-type': 'application/json' };
  const answer = fetch(`${url}/red`, { method: 'POST', headers, body });
  const released = setInterval(release, 5);
  t.after(() => clearInterval(released));
  assert.equal((await answer).status, 200);
});

test('a client that hangs up before its large body is awaited leaves its room to others', async (t) => {
  const app = createHttpServer({ log: pino({ level: 'silent' }) });
  limitRequests(app, {
    limits: { red: 1_000 },
    classOf: () => 'red',
    log: pino({ level: 'silent' }),
  });
  const gone = Promise.withResolvers<void>();
  let identified = 0;
  app.post('/red', {
    bodyLimit: BODY_LIMIT,
    onRequest: async () => {
      identified++;
      await gone.promise;
    },
    handler: async () => ({}),
  });
  const url = await listen(app, '127.0.0.1', 0);
  t.after(() => app.close());
  const head =
    'POST /red HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n' +
    `content-length: ${BODY_LIMIT}\r\n\r\n{`;
  const clients = Array.from({ length: 8 }, () => connect(Number(new URL(url).port), '127.0.0.1'));
  for (const client of clients) client.write(head);
  await until('all are identified', () => identified === clients.length, BOUND_MS);
  for (const client of clients) client.destroy();
  await until('they hung up', async () => (await connectionsOf(app)) === 0, BOUND_MS);
  gone.resolve();
  const body = `"${'x'.repeat(100_000)}"`;
  const headers = { 'content-type': 'application/json' };
  assert.equal((await fetch(`${url}/red`, { method: 'POST', headers, body })).status, 200);
});

/** A class of one place for each of two clients, whose handler is given. */
async function startShared(t: TestContext, handle: (client: string) => Promise<unknown>) {
  const log = pino({ level: 'silent' });
  const app = createHttpServer({ log });
  const share = { runningMax: 1, totalMax: 2, competition: createCompetition() };
  const clientOf = ({ headers }: FastifyRequest) => String(headers['x-client']);
  const [running] = limitRequests(app, {
    limits: { orders: { runningMax: 2, share } },
    classOf: () => 'orders',
    clientOf,
    log,
  });
  app.get('/', (request) => handle(clientOf(request)));
  app.post('/', { bodyLimit: BODY_LIMIT }, (request) => handle(clientOf(request)));
  const url = await listen(app, '127.0.0.1', 0);
  t.after(() => app.close());
  return {
    url,
    get: (client: string) => fetch(url, { headers: { 'x-client': client } }),
    running: async () => (await running?.read())?.[0]?.value,
  };
}

test('one that is over its own limit waits for its 429, and takes no place meanwhile', async (t) => {
  let refusals = 0;
  const { get, running } = await startShared(t, async (client) => {
    if (client === 'anna') return {};
    refusals++;
    throw new AppError(commonProblems.tooMany, 'over its limit', {
      headers: { 'retry-after': '60' },
    });
  });
  const answered: string[] = [];
  const refusal = get('mallory').finally(() => answered.push('mallory'));
  await until('the refusal waits', () => refusals === 1);
  assert.equal((await get('anna').finally(() => answered.push('anna'))).status, 200);
  assert.equal(await running(), 0);
  const { status, headers } = await refusal;
  assert.deepEqual([status, headers.get('retry-after')], [429, '60']);
  assert.deepEqual(answered, ['anna', 'mallory']);
});

// 4 s, so that a slow machine sees it, too.
const PAUSE_BYTES = 8 * 1024 * 1024;

test('while clients compete, one that got a large answer keeps its place for a while', async (t) => {
  const { get, running } = await startShared(t, async (client) =>
    client === 'anna' ? {} : { text: 'x'.repeat(PAUSE_BYTES) },
  );
  const read = async (client: string) => (await get(client)).arrayBuffer();
  await read('mallory');
  assert.equal(await running(), 0, 'it is alone');
  await read('anna');
  await read('mallory');
  assert.equal(await running(), 1);
  await read('anna');
  assert.equal(await running(), 1, 'others go on meanwhile');
  await until('its place is free again', async () => (await running()) === 0, BOUND_MS);
});

test('so does one that sent a large body, also in chunks; a refused one waits for its answer', async (t) => {
  const { url, get, running } = await startShared(t, async () => ({}));
  const post = async (body: string | ReadableStream) => {
    const headers = { 'x-client': 'mallory', 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
    const answer = await fetch(url, init);
    await answer.arrayBuffer();
    retryAfter = answer.headers.get('retry-after');
    return answer.status;
  };
  let retryAfter: string | null = null;
  const large = `"${' '.repeat(PAUSE_BYTES - 2)}"`;
  // Each time: a client that was there some seconds ago does not compete any more.
  const compete = async () => (await get('anna')).arrayBuffer();
  for (const body of [large, new Blob([large]).stream()]) {
    await compete();
    assert.equal(await post(body), 200);
    assert.equal(await running(), 1);
    await until('its place is free again', async () => (await running()) === 0, BOUND_MS);
  }
  await compete();
  assert.equal(await post(new Blob(['""']).stream()), 200);
  assert.equal(await running(), 0, 'a small one in chunks');
  const answered: string[] = [];
  const refusal = post(large.slice(1)).finally(() => answered.push('refusal'));
  await (await get('anna')).arrayBuffer();
  answered.push('anna');
  assert.equal(await refusal, 400);
  assert.equal(retryAfter, null, 'a repetition would be refused, too');
  assert.deepEqual(answered, ['anna', 'refusal']);
});
