import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type RequestOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { freePort } from '#dev/files/free-port.ts';
import { endProcess } from '#harness/child-process.ts';
import { eventually } from '#harness/eventually.ts';
import { findTool, skipWithout } from '#harness/system/tools.ts';
import { clientAddressOf } from '#platform/http/client-address.ts';
import { createHttpServer, listen } from '#platform/http/server.ts';

// deploy/haproxy/haproxy.cfg, with two servers that answer what a gateway may answer.

/** Keeps its requests; while `broken` it hangs up on each, while not `ready` it says so. */
async function startServer(t: TestContext) {
  const state = { ready: true, broken: false, requests: [] as IncomingMessage[] };
  const server = createServer((request, response) => {
    if (request.url === '/readyz') {
      response.writeHead(state.ready ? 200 : 503).end();
      return;
    }
    state.requests.push(request);
    if (state.broken) request.socket.destroy();
    else response.end('done');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { state, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function startProxy(t: TestContext) {
  const servers = [await startServer(t), await startServer(t)] as const;
  const proxy = await proxyTo(t, servers[0].address, servers[1].address);
  for (const { state } of servers) state.requests.length = 0;
  return { ...proxy, first: servers[0].state, second: servers[1].state };
}

/** HAProxy in front of two servers, and the way to ask it. */
async function proxyTo(t: TestContext, first: string, second: string) {
  const address = `127.0.0.1:${await freePort()}`;
  const file = join(import.meta.dirname, '..', '..', 'deploy', 'haproxy', 'haproxy.cfg');
  const child = spawn(findTool('haproxy') as string, ['-f', file], {
    env: { PROXY_ADDRESS: address, GATEWAY_1: first, GATEWAY_2: second },
    stdio: 'ignore',
  });
  t.after(() => endProcess(child, 'SIGKILL'));
  const ask = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`http://${address}${path}`, init);
    return { status: answer.status, text: await answer.text() };
  };
  await eventually('the proxy', () =>
    ask('/docs').then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  return { ask, address };
}

/** What the gateways of a deployment are set to. */
function trustProxyIn(path: string): string {
  const file = readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8');
  const [, value] = /TRUST_PROXY(?:: |, value: )"([^"]*)"/.exec(file) ?? [];
  return value ?? assert.fail(`${path} has no TRUST_PROXY`);
}

for (const path of ['compose.yaml', 'deploy/kubernetes/base/gateway.yaml']) {
  test(`by TRUST_PROXY of ${path} a gateway sees the client, also one that forges headers`, {
    skip: skipWithout('haproxy'),
  }, async (t) => {
    const app = createHttpServer({
      log: pino({ level: 'silent' }),
      trustProxy: trustProxyIn(path),
    });
    t.after(() => app.close());
    app.get('/docs', async (asked) => clientAddressOf(asked));
    app.get('/readyz', async () => 'ready');
    const server = new URL(await listen(app, '127.0.0.1', 0)).host;
    const { address } = await proxyTo(t, server, server);
    for (const from of ['127.0.0.2', '127.0.0.3']) {
      for (const headers of [{}, { 'x-forwarded-for': '192.0.2.1' }, { 'x-forwarded-for': '"' }]) {
        const answer = await request(`http://${address}/docs`, { localAddress: from, headers });
        assert.equal(answer, from);
      }
    }
  });
}

/** The text of an answer to a request from one of this machine's addresses. */
async function request(url: string, options: RequestOptions): Promise<string> {
  const [answer] = (await once(get(url, { ...options, agent: false }), 'response')) as [
    IncomingMessage,
  ];
  return text(answer);
}

test('HAProxy keeps health and metrics inside, and tells the address of the client', {
  skip: skipWithout('haproxy'),
}, async (t) => {
  const { ask, first, second } = await startProxy(t);
  for (const path of ['/livez', '/readyz', '/metrics']) assert.equal((await ask(path)).status, 404);
  assert.deepEqual([...first.requests, ...second.requests], []);
  await ask('/v1/orders', { headers: { 'x-forwarded-for': '192.0.2.1' } });
  const [request] = [...first.requests, ...second.requests];
  assert.equal(request?.headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(request?.headers['x-forwarded-proto'], 'http');
});

test('HAProxy asks no gateway that is not ready', { skip: skipWithout('haproxy') }, async (t) => {
  const { ask, first, second } = await startProxy(t);
  first.ready = false;
  await eventually('a row of requests to the second', async () => {
    first.requests.length = 0;
    for (let count = 0; count < 6; count++) await ask('/docs');
    return first.requests.length === 0;
  });
  second.ready = false;
  await eventually('no gateway', async () => (await ask('/docs')).status === 503);
});

test('HAProxy repeats a read that a gateway did not answer, and never a write', {
  skip: skipWithout('haproxy'),
}, async (t) => {
  const { ask, first, second } = await startProxy(t);
  first.broken = true;
  for (let count = 0; count < 6; count++) assert.equal((await ask('/v1/orders')).status, 200);
  assert.ok(first.requests.length > 0);
  second.broken = true;
  first.requests.length = 0;
  second.requests.length = 0;
  // The proxy answers 502, or hangs up on a client that it has answered before.
  const write = ask('/v1/orders', { method: 'POST', body: '{}' });
  assert.notEqual(
    await write.then(
      ({ status }) => status,
      () => 502,
    ),
    200,
  );
  assert.equal(first.requests.length + second.requests.length, 1);
});
