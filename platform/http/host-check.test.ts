import assert from 'node:assert/strict';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { createMetrics } from '../metrics/metrics.ts';
import { startMetricsServer } from '../metrics/metrics-server.ts';
import { refuseCrossSite, refuseForeignHosts } from './host-check.ts';
import { createHttpServer, listen } from './server.ts';

const log = pino({ level: 'silent' });

async function startServer(t: TestContext, { address = '127.0.0.1', publicUrl = '' } = {}) {
  const app = createHttpServer({ log, trustProxy: '1' });
  t.after(() => app.close());
  const guards = (url: string) => url !== '/open';
  refuseForeignHosts(app, { guards, ...(publicUrl && { publicUrl }) });
  for (const path of ['/guarded', '/open']) app.get(path, async () => ({ path }));
  app.get('/own', (request) => {
    refuseCrossSite(request);
    return { path: '/own' };
  });
  const url = new URL(await listen(app, address, 0));
  return Number(url.port);
}

/** The whole answer to a request whose headers are ours alone. */
async function answerTo(port: number, path: string, lines: string[], version = '1.1') {
  const socket = net.connect(port, '127.0.0.1');
  const head = [`GET ${path} HTTP/${version}`, ...lines, 'Connection: close'];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const text = Buffer.concat(await socket.toArray()).toString();
  return { status: Number(text.slice(9, 12)), text };
}

test('on loopback guarded routes answer known host names only', async (t) => {
  const port = await startServer(t, { publicUrl: 'https://shop.example:8443' });
  const statusOf = async (host: string, path = '/guarded') =>
    (await answerTo(port, path, [`Host: ${host}`])).status;
  const known = ['localhost', `localhost:${port}`, 'LocalHost', '127.0.0.1', '127.255.0.7:1'];
  for (const host of [...known, '[::1]', `[::1]:${port}`, '[0:0:0:0:0:0:0:1]', 'shop.example']) {
    assert.equal(await statusOf(host), 200, host);
  }
  const foreign = ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '8.8.8.8'];
  const odd = ['[::2]', 'evil@localhost', 'localhost/x', 'localhost:x', 'shop.example.', '%6c', ''];
  for (const host of [...foreign, ...odd, 'evil.shop.example', '0.0.0.0', '[::ffff:8.8.8.8]']) {
    assert.equal(await statusOf(host), 421, host);
    assert.equal(await statusOf(host, '/open'), 200, host);
  }
  // A page may set these, and a client of HTTP/1.0 may send none.
  const forwarded = [
    'Host: evil.example',
    'X-Forwarded-Host: localhost',
    'Forwarded: host=localhost',
  ];
  assert.equal((await answerTo(port, '/guarded', forwarded)).status, 421);
  assert.equal((await answerTo(port, '/guarded', [], '1.0')).status, 421);
  const { text } = await answerTo(port, '/guarded', ['Host: evil.example']);
  assert.match(text, /content-type: application\/problem\+json/i);
  assert.match(text, /"code":"unknown-host".*PUBLIC_URL|PUBLIC_URL.*"code":"unknown-host"/);
});

test('a request that names two hosts is refused on loopback, also when both are known', async (t) => {
  const port = await startServer(t);
  const statusOf = async (lines: string[], target = '/guarded') =>
    (await answerTo(port, target, lines)).status;
  for (const lines of [
    ['Host: localhost', 'Host: evil.example'],
    ['Host: evil.example', 'Host: localhost'],
    ['Host: localhost', 'hOST: localhost'],
  ]) {
    assert.equal(await statusOf(['Host: localhost']), 200);
    assert.equal(await statusOf(lines), 421, String(lines));
    assert.equal(await statusOf(lines, '/open'), 200, String(lines));
  }
  for (const origin of ['http://evil.example', 'HTTPS://evil.example:1', 'http://localhost']) {
    assert.equal(await statusOf(['Host: localhost'], `${origin}/guarded`), 421, origin);
  }
});

test('a name that was accepted does not let another one in', async (t) => {
  const port = await startServer(t);
  for (const [host, status] of [
    ['localhost', 200],
    ['evil.example', 421],
    ['localhost', 200],
    ['evil.example', 421],
  ] as const) {
    assert.equal((await answerTo(port, '/guarded', [`Host: ${host}`])).status, status);
  }
});

test('beyond loopback any host name is served', async (t) => {
  const port = await startServer(t, { address: '0.0.0.0' });
  assert.equal((await answerTo(port, '/guarded', ['Host: shop.example'])).status, 200);
});

test('a page of another origin is refused where a route asks for it', async (t) => {
  const port = await startServer(t);
  const host = `127.0.0.1:${port}`;
  const statusOf = async (...lines: string[]) =>
    (await answerTo(port, '/own', [`Host: ${host}`, ...lines])).status;
  assert.equal(await statusOf(), 200);
  assert.equal(await statusOf(`Origin: http://${host}`, 'Sec-Fetch-Site: same-origin'), 200);
  assert.equal(await statusOf('Sec-Fetch-Site: none'), 200);
  for (const origin of [
    'http://evil.example',
    'http://127.0.0.1:1',
    'null',
    'x',
    `http://${host}x`,
  ]) {
    assert.equal(await statusOf(`Origin: ${origin}`), 403, origin);
  }
  for (const site of ['cross-site', 'same-site', 'other']) {
    assert.equal(await statusOf(`Sec-Fetch-Site: ${site}`), 403, site);
  }
});

test('metrics on a port of their own are for the same names', async (t) => {
  const metrics = createMetrics(log);
  const server = await startMetricsServer({ metrics, host: '127.0.0.1', port: 0, log });
  t.after(() => server.close());
  const port = Number(new URL(server.url).port);
  assert.equal((await answerTo(port, '/metrics', ['Host: localhost'])).status, 200);
  assert.equal((await answerTo(port, '/metrics', ['Host: evil.example'])).status, 421);
});
