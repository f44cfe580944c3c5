import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort } from '#dev/files/free-port.ts';
import { endProcess } from '#harness/child-process.ts';
import { eventually } from '#harness/eventually.ts';
import { findTool, skipWithout } from '#harness/system/tools.ts';

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
  const address = `127.0.0.1:${await freePort()}`;
  const file = join(import.meta.dirname, '..', '..', 'deploy', 'haproxy', 'haproxy.cfg');
  const child = spawn(findTool('haproxy') as string, ['-f', file], {
    env: { PROXY_ADDRESS: address, GATEWAY_1: servers[0].address, GATEWAY_2: servers[1].address },
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
  for (const { state } of servers) state.requests.length = 0;
  return { ask, first: servers[0].state, second: servers[1].state };
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
