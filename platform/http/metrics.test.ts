import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { testLog } from '#harness/database.ts';
import { type Metric, serveMetrics } from './metrics.ts';
import { createHttpServer, listen } from './server.ts';

async function scrape(t: TestContext, metrics: Metric[]) {
  const app = createHttpServer({ log: testLog });
  serveMetrics(app, metrics);
  const url = await listen(app, '127.0.0.1', 0);
  t.after(() => app.close());
  return async () => {
    const answer = await fetch(`${url}/metrics`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    return (await answer.text()).split('\n');
  };
}

test('each scrape reads a metric, with its labels', async (t) => {
  let lag = [1, 2];
  const look = await scrape(t, [
    {
      name: 'test_lag',
      help: 'How far behind.',
      labels: ['partition'],
      read: async () => lag.map((value, each) => ({ value, labels: { partition: String(each) } })),
    },
  ]);
  const first = await look();
  assert.ok(first.includes('# HELP test_lag How far behind.'));
  assert.deepEqual(
    first.filter((line) => line.startsWith('test_lag')),
    ['test_lag{partition="0"} 1', 'test_lag{partition="1"} 2'],
  );
  lag = [0];
  assert.deepEqual(
    (await look()).filter((line) => line.startsWith('test_lag')),
    ['test_lag{partition="0"} 0'],
  );
});

test('a metric that fails or is late is missing, and all others are there', async (t) => {
  const look = await scrape(t, [
    { name: 'test_broken', help: 'Fails.', read: () => Promise.reject(new Error('away')) },
    { name: 'test_hanging', help: 'Hangs.', read: () => new Promise(() => {}) },
    { name: 'test_sound', help: 'Works.', read: async () => [{ value: 7 }] },
  ]);
  const names = (await look()).filter((line) => line !== '' && !line.startsWith('#'));
  assert.deepEqual(names.map((line) => line.replace(/ .*/, '')).sort(), [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'test_sound',
  ]);
});
