import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { until } from '#harness/broker/contract-helpers.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { serveHealth } from '../service/internal-service.ts';
import { createHttpServer, listen } from './server.ts';

const BOUND_MS = 120_000;
const log = pino({ level: 'silent' });
const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: here\r\n\r\n`;

interface Client {
  socket: Socket;
  text: string;
  closed: boolean;
}

/** A server whose `/held/:name` answers when the test releases it. */
async function start(t: TestContext, connectionsMax?: number) {
  const metrics = createMetrics(log);
  const app = createHttpServer({
    log,
    metrics,
    ...(connectionsMax !== undefined && { connectionsMax }),
  });
  const held: string[] = [];
  const releases: (() => void)[] = [];
  serveHealth(app, {});
  app.get<{ Params: { name: string } }>('/held/:name', async ({ params: { name } }) => {
    held.push(name);
    await new Promise<void>((resolve) => releases.push(resolve));
    return { name };
  });
  app.get('/large', async () => 'x'.repeat(32 * 1024 * 1024));
  app.post('/body', async () => ({}));
  const url = await listen(app, '127.0.0.1', 0);
  const clients: Client[] = [];
  const release = () => {
    for (const one of releases.splice(0)) one();
  };
  t.after(async () => {
    for (const { socket } of clients) socket.destroy();
    release();
    await app.close();
  });
  return {
    app,
    url,
    held,
    release,
    /** Opens a connection and sends bytes; one that does not read is paused. */
    async open(bytes = '', reads = true): Promise<Client> {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      const client = { socket, text: '', closed: false };
      clients.push(client);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.closed = true;
      });
      if (reads) {
        socket.setEncoding('latin1').on('data', (chunk: string) => {
          client.text += chunk;
        });
      }
      await once(socket, 'connect');
      if (bytes !== '') socket.write(bytes);
      return client;
    },
    ended: async (reason: string) => {
      const line = `http_server_connections_ended_total{reason="${reason}"} `;
      const text = await metrics.scrape();
      return Number(
        text
          .split('\n')
          .find((each) => each.startsWith(line))
          ?.slice(line.length),
      );
    },
  };
}

const namesIn = ({ text }: Client) => [...text.matchAll(/"name":"(\w+)"/g)].map(([, name]) => name);

test('the requests of a connection run one after the other', async (t) => {
  const server = await start(t);
  const client = await server.open(get('/held/a') + get('/held/b') + get('/held/c'));
  await until('the first runs', () => server.held.length === 1);
  // Another connection does not wait for it.
  const other = await server.open(get('/held/other'));
  await until('the other runs', () => server.held.length === 2);
  for (const [index, name] of ['b', 'c'].entries()) {
    server.release();
    await until(`${name} runs`, () => server.held.length === index + 3);
    assert.equal(server.held.at(-1), name);
  }
  server.release();
  await until('all answers', () => namesIn(client).length === 3);
  assert.deepEqual(namesIn(client), ['a', 'b', 'c']);
  assert.deepEqual(namesIn(other), ['other']);
  assert.equal(client.closed, false);
});

for (const count of [34, 5_000]) {
  test(`of ${count} pipelined requests 33 are answered, and the connection ends`, async (t) => {
    const server = await start(t);
    const names = Array.from({ length: count }, (_, number) => `n${number}`);
    const client = await server.open(names.map((name) => get(`/held/${name}`)).join(''));
    const released = setInterval(server.release, 1);
    t.after(() => clearInterval(released));
    await until('the connection ends', () => client.closed, BOUND_MS);
    assert.deepEqual(server.held, names.slice(0, 33));
    assert.deepEqual(namesIn(client), names.slice(0, 33));
    assert.equal((await fetch(`${server.url}/livez`)).status, 200);
  });
}

const chunked = (text: string, count: number) =>
  `POST /body HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n` +
  `transfer-encoding: chunked\r\n\r\n${`1\r\n${text}\r\n`.repeat(count)}2\r\n{}\r\n0\r\n\r\n`;

test('a body in thousands of tiny chunks ends its connection, one in hundreds is read', async (t) => {
  const server = await start(t);
  const usual = await server.open(chunked(' ', 1_000));
  await until('the answer', () => usual.text.includes('\r\n\r\n'));
  assert.match(usual.text, /^HTTP\/1\.1 200 /);
  // The second one while its request waits for the answer before it.
  for (const before of ['', get('/held/a')]) {
    const client = await server.open(before + chunked(' ', 60_000));
    await until('the connection ends', () => client.closed);
    assert.equal(client.text, '');
  }
  assert.equal(await server.ended('chunks'), 2);
  assert.equal((await fetch(`${server.url}/livez`)).status, 200);
});

test('a request that waits does not run when its client has hung up', async (t) => {
  const server = await start(t);
  const client = await server.open(get('/held/a') + get('/held/b'));
  await until('the first runs', () => server.held.length === 1);
  client.socket.resetAndDestroy();
  await until('nobody is connected', async () => (await openConnections(server.app)) === 0);
  server.release();
  assert.equal((await fetch(`${server.url}/livez`)).status, 200);
  assert.deepEqual(server.held, ['a']);
});

test('requests before one that is malformed are answered first', async (t) => {
  const server = await start(t);
  const client = await server.open(`${get('/held/a')}${get('/held/b')}no request\r\n\r\n`);
  const released = setInterval(server.release, 1);
  t.after(() => clearInterval(released));
  await until('the connection ends', () => client.closed, BOUND_MS);
  assert.deepEqual(namesIn(client), ['a', 'b']);
});

test('an unread answer, also one that is read byte by byte, ends its connection', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const server = await start(t);
  const client = await server.open(get('/large').repeat(3), false);
  const slow = await server.open(get('/large'), false);
  await until('both are connected', async () => (await openConnections(server.app)) === 2);
  const clock = t.mock.method(performance, 'now', () => 1_000);
  await until('both answers are written', async () => {
    t.mock.timers.tick(500);
    slow.socket.read(1);
    return client.socket.readableLength > 0 && slow.socket.readableLength > 0;
  });
  clock.mock.mockImplementation(() => 30_999);
  t.mock.timers.tick(500);
  assert.equal(await server.ended('unread'), 0);
  slow.socket.read(1);
  clock.mock.mockImplementation(() => 31_000);
  t.mock.timers.tick(500);
  assert.equal(await server.ended('unread'), 2);
  await until('both are gone', async () => (await openConnections(server.app)) === 0);
});

test('for one connection too many, the one that is idle longest is closed', async (t) => {
  const server = await start(t, 4);
  const busy = await server.open(get('/held/busy'));
  const used = await server.open(get('/livez'));
  await until('it is used', () => used.text !== '');
  const usedLater = await server.open(get('/livez'));
  await until('it is used too', () => usedLater.text !== '');
  const unused = await server.open('GET /livez HT');
  const held: Client[] = [busy];
  for (const idle of [used, usedLater, unused]) {
    assert.equal(idle.closed, false);
    held.push(await server.open(get('/held/another')));
    await until('the idle one is closed', () => idle.closed);
    await until('the new request runs', () => server.held.length === held.length);
  }
  // A request is not ended for a connection.
  const refused = await server.open();
  await until('the new one is refused', () => refused.closed);
  server.release();
  for (const client of held) await until('it is answered', () => namesIn(client).length === 1);
  assert.equal(await server.ended('full'), 4);
});

test('a flood of connections without a request closes its own', async (t) => {
  const server = await start(t, 8);
  const used = await server.open(get('/livez'));
  await until('it is used', () => used.text !== '');
  const flood: Client[] = [];
  for (let count = 0; count < 40; count++) {
    flood.push(await server.open(count % 2 === 0 ? '' : 'POST / HTTP/1.1\r\nx: '));
  }
  await until('most are closed', () => flood.filter(({ closed }) => closed).length === 33);
  used.socket.write(get('/livez'));
  await until('it is answered again', () => used.text.split('200 OK').length === 3);
});

test('a stop ends while clients hold unread answers, half requests and idle connections', async (t) => {
  const server = await start(t);
  const clients = [
    await server.open(get('/large'), false),
    await server.open(get('/large').repeat(5_000), false),
    await server.open('POST /body HTTP/1.1\r\nhost: here\r\ncontent-length: 9\r\n\r\n{'),
    await server.open('GET /livez HTT'),
    await server.open(get('/livez')),
    await server.open(),
  ];
  const running = await server.open(get('/held/a'));
  await until('the request runs', () => server.held.length === 1);
  await until('all are connected', async () => (await openConnections(server.app)) === 7);
  const closed = server.app.close();
  // A request that runs is answered.
  await until('it stops', async () => (await fetch(`${server.url}/readyz`)).status === 503);
  server.release();
  await closed;
  await until('the running one is answered', () => running.closed);
  assert.deepEqual(namesIn(running), ['a']);
  // Their ends arrive after those that the server has seen.
  await until('all others end', () => clients.slice(2).every(({ closed: isClosed }) => isClosed));
});

test('a server on localhost listens on all its addresses', async (t) => {
  const app = createHttpServer({ log });
  app.get('/', async () => 'here');
  const { port } = new URL(await listen(app, 'localhost', 0));
  t.after(() => app.close());
  for (const { address, family } of await lookup('localhost', { all: true })) {
    const host = family === 6 ? `[${address}]` : address;
    assert.equal(await (await fetch(`http://${host}:${port}/`)).text(), 'here');
  }
});

function openConnections({ server }: { server: unknown }): Promise<number> {
  const counting = server as {
    getConnections(done: (error: unknown, count: number) => void): void;
  };
  return new Promise((resolve) => counting.getConnections((_error, count) => resolve(count)));
}
