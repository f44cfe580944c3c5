import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { Type } from 'typebox';
import { eventually } from '#harness/eventually.ts';
import { freePort } from '#harness/free-port.ts';
import { deadlineIn } from '../async/deadline.ts';
import { AppError, commonProblems } from '../errors.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import { createHttpClient } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import { serveBatch } from './request-batch.ts';
import { anyone, createHttpServer, listen, serve } from './server.ts';
import { serveMetrics } from './server-metrics.ts';

// The metrics of HTTP servers and clients.

const log = pino({ level: 'silent' });

const getThing = {
  operationId: 'getThing',
  method: 'GET',
  path: '/things/:id',
  summary: 'Reads a thing',
  batchable: true,
  params: Type.Object({ id: Type.String({ maxLength: 8 }) }),
  responses: { 200: Type.Object({ id: Type.String() }) },
} as const satisfies Endpoint;

/** A service with one operation; `onHeld` answers for the thing `held`. */
async function startThings(t: TestContext, metrics: Metrics, onHeld?: () => Promise<void>) {
  const app = createHttpServer({ log, metrics });
  async function handle({ params: { id } }: { params: { id: string } }) {
    if (id === 'held') await onHeld?.();
    if (id === 'none') throw new AppError(commonProblems.notFound, 'no such thing');
    if (id === 'broken') throw new Error('a defect');
    return { status: 200 as const, body: { id } };
  }
  serve(app, getThing, { identify: anyone }, handle);
  serveBatch(app, anyone, { log, logRequests: false, metrics }).add(getThing, anyone, handle);
  serveMetrics(app, metrics);
  const url = await listen(app, '127.0.0.1', 0);
  t.after(() => app.close());
  return url;
}

function clientOf(t: TestContext, metrics: Metrics, ...urls: string[]) {
  const credentials = async () => 'Bearer good';
  const client = createHttpClient({ callee: 'things', urls, credentials, log, metrics });
  t.after(() => client.close());
  return (id: string, timeoutMs?: number) =>
    client.call(
      getThing,
      { params: { id } },
      timeoutMs === undefined ? {} : { deadline: deadlineIn(timeoutMs) },
    );
}

/** The values of all series of a metric, by their labels. */
async function seriesOf(metrics: Metrics, name: string): Promise<Record<string, number>> {
  const lines = (await metrics.scrape()).matchAll(/^(\w+)\{?(.*?)\}? (\S+)$/gm);
  const found = [...lines].filter(([, metric]) => metric === name);
  return Object.fromEntries(found.map(([, , labels = '', value]) => [labels, Number(value)]));
}

const serverCounts = (metrics: Metrics) =>
  seriesOf(metrics, 'http_server_request_duration_seconds_count');
const clientCounts = (metrics: Metrics) =>
  seriesOf(metrics, 'http_client_request_duration_seconds_count');

test('requests are counted by operation and status, and no path becomes a label', async (t) => {
  const metrics = createMetrics(log);
  const url = await startThings(t, metrics);
  for (const path of ['a', 'b', 'none', 'broken', 'far-too-long']) {
    await fetch(`${url}/things/${path}`);
  }
  await fetch(`${url}/secret-path`);
  await fetch(`${url}/things/a`, { method: 'POST' });
  await fetch(`${url}/metrics`);
  assert.deepEqual(await serverCounts(metrics), {
    'operation="getThing",status="200"': 2,
    'operation="getThing",status="404"': 1,
    'operation="getThing",status="500"': 1,
    'operation="getThing",status="400"': 1,
    'operation="unmatched",status="404"': 1,
    'operation="unmatched",status="405"': 1,
    'operation="other",status="200"': 1,
  });
});

test('a request takes as long as its handler, also when its client has hung up', async (t) => {
  const metrics = createMetrics(log);
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const onHeld = () => {
    begun.resolve();
    return held.promise;
  };
  const url = new URL(await startThings(t, metrics, onHeld));
  const socket = connect(Number(url.port), url.hostname);
  socket.write(`GET /things/held HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`);
  await begun.promise;
  socket.destroy();
  await once(socket, 'close');
  await fetch(`${url}things/a`);
  held.resolve();
  const name = 'operation="getThing",status="200"';
  await eventually('both requests', async () => (await serverCounts(metrics))[name] === 2);
  const sums = await seriesOf(metrics, 'http_server_request_duration_seconds_sum');
  assert.ok((sums[name] ?? 0) > 0);
});

test('the calls of a batch count by their own operation', async (t) => {
  const metrics = createMetrics(log);
  const url = await startThings(t, metrics);
  const call = (operationId: string, id: string) => ({
    operationId,
    params: { id },
    traceId: '0'.repeat(32),
  });
  const calls = [call('getThing', 'a'), call('getThing', 'none'), call('nothing', 'a')];
  await fetch(`${url}/calls`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ calls }),
  });
  assert.deepEqual(await serverCounts(metrics), {
    'operation="getThing",status="200"': 1,
    'operation="getThing",status="404"': 1,
    'operation="callTogether",status="200"': 1,
  });
});

test('calls are counted by callee, operation and answer, alone and in a batch', async (t) => {
  const metrics = createMetrics(log);
  const call = clientOf(t, metrics, await startThings(t, createMetrics(log)));
  await Promise.all(['a', 'b', 'c', 'd', 'none'].map((id) => call(id)));
  await assert.rejects(call('broken'));
  assert.deepEqual(await clientCounts(metrics), {
    'callee="things",operation="getThing",status="200"': 4,
    'callee="things",operation="getThing",status="404"': 1,
    'callee="things",operation="getThing",status="500"': 1,
  });
});

/** A server without our rules. */
async function startServer(t: TestContext, onRequest: RequestListener) {
  // Not port 0: after `close` the system could give that port to another server.
  const server = createServer(onRequest).listen(await freePort(), '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  t.after(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

test('time-outs and refused connections are counted', async (t) => {
  const metrics = createMetrics(log);
  const silent = await startServer(t, () => {});
  const call = clientOf(t, metrics, silent.url);
  await assert.rejects(call('a', 40));
  const counted = (status: string) => `callee="things",operation="getThing",status="${status}"`;
  assert.deepEqual(await clientCounts(metrics), { [counted('timeout')]: 1 });
  await silent.close();
  await assert.rejects(call('a'));
  const counts = await clientCounts(metrics);
  assert.deepEqual(counts, { [counted('timeout')]: 1, [counted('error')]: 1 });
});

test('an attempt after a failed one is a retry', async (t) => {
  const metrics = createMetrics(log);
  let requests = 0;
  const server = await startServer(t, (_request, response) => {
    requests += 1;
    response.writeHead(requests < 3 ? 503 : 200).end('{"id":"a"}');
  });
  await clientOf(t, metrics, server.url)('a', 60_000);
  const labels = 'callee="things",operation="getThing"';
  assert.deepEqual(await seriesOf(metrics, 'http_client_retries_total'), { [labels]: 2 });
  assert.deepEqual(await clientCounts(metrics), {
    [`${labels},status="503"`]: 2,
    [`${labels},status="200"`]: 1,
  });
});

test('a replica is healthy until a call to it fails', async (t) => {
  const metrics = createMetrics(log);
  const url = await startThings(t, createMetrics(log));
  const gone = await startServer(t, () => {});
  await gone.close();
  const call = clientOf(t, metrics, url, gone.url);
  const health = () => seriesOf(metrics, 'http_client_replica_healthy');
  const name = (at: string) => `callee="things",replica="${new URL(at).host}"`;
  assert.deepEqual(await health(), { [name(url)]: 1, [name(gone.url)]: 1 });
  await Promise.all([call('a', 2_000), call('b', 2_000)]);
  assert.deepEqual(await health(), { [name(url)]: 1, [name(gone.url)]: 0 });
});
