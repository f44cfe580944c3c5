import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { testLog } from '#harness/database.ts';
import { createMetrics } from './metrics.ts';
import { startMetricsServer } from './metrics-server.ts';

async function startServer(t: TestContext, port = 0) {
  const metrics = createMetrics(testLog);
  const server = await startMetricsServer({ metrics, host: '127.0.0.1', port, log: testLog });
  t.after(() => server.close());
  return server.url;
}

test('the port answers GET /metrics and nothing else', async (t) => {
  const url = await startServer(t);
  const answer = await fetch(`${url}?once`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(await answer.text(), /^# TYPE process_cpu_seconds_total counter$/m);
  const post = await fetch(url, { method: 'POST' });
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET']);
  const elsewhere = await fetch(new URL('/', url));
  assert.deepEqual(
    [elsewhere.status, await elsewhere.text()],
    [404, 'Metrics are at GET /metrics.\n'],
  );
});

test('further connections are closed, so that scrapes cannot take all open files', async (t) => {
  const { hostname, port } = new URL(await startServer(t));
  const sockets = [];
  for (let number = 0; number < 32; number++) {
    const socket = connect(Number(port), hostname);
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    sockets.push(socket);
  }
  const further = connect(Number(port), hostname);
  t.after(() => further.destroy());
  further.on('error', () => {});
  await once(further, 'close');
  assert.ok(sockets.every(({ closed }) => !closed));
});

test('a port that is in use is named with its setting', async (t) => {
  const { port } = new URL(await startServer(t));
  await assert.rejects(startServer(t, Number(port)), {
    message: `port ${port} on 127.0.0.1 is already in use; METRICS_PORT sets another`,
  });
});
