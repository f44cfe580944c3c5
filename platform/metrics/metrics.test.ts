import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testLog } from '#harness/database.ts';
import { createMetrics, type Metric } from './metrics.ts';

function scraperOf(metrics: Metric[]) {
  const registry = createMetrics(testLog);
  registry.add(metrics);
  return async () => (await registry.scrape()).split('\n');
}

/** The series of names that begin with `test_`. */
const ours = (lines: string[]) => lines.filter((line) => line.startsWith('test_'));

test('each scrape reads a metric, with its labels', async () => {
  let lag = [1, 2];
  const look = scraperOf([
    {
      name: 'test_lag',
      help: 'How far behind.',
      labels: ['partition'],
      read: async () => lag.map((value, each) => ({ value, labels: { partition: String(each) } })),
    },
  ]);
  const first = await look();
  assert.ok(first.includes('# HELP test_lag How far behind.'));
  assert.deepEqual(ours(first), ['test_lag{partition="0"} 1', 'test_lag{partition="1"} 2']);
  lag = [0];
  assert.deepEqual(ours(await look()), ['test_lag{partition="0"} 0']);
});

test('a metric that fails or is late is missing, and all others are there', async () => {
  const look = scraperOf([
    { name: 'test_broken', help: 'Fails.', read: () => Promise.reject(new Error('away')) },
    { name: 'test_hanging', help: 'Hangs.', read: () => new Promise(() => {}) },
    { name: 'test_sound', help: 'Works.', read: async () => [{ value: 7 }] },
  ]);
  assert.deepEqual(ours(await look()), ['test_sound 7']);
});

test('a name that ends in _total is a counter, any other a gauge', async () => {
  const look = scraperOf([
    { name: 'test_things_total', help: 'Counted.', labels: ['kind'], read: async () => [] },
    { name: 'test_things', help: 'Measured.', read: () => [{ value: -1 }] },
  ]);
  const lines = await look();
  assert.ok(lines.includes('# TYPE test_things_total counter'));
  assert.ok(lines.includes('# TYPE test_things gauge'));
  assert.deepEqual(ours(lines), ['test_things -1']);
});

test('several parts may add readings to one metric', async () => {
  const metrics = createMetrics(testLog);
  for (const part of ['a', 'b']) {
    const read = () => [{ value: 1, labels: { part } }];
    metrics.add([{ name: 'test_parts', help: 'Parts.', labels: ['part'], read }]);
  }
  const lines = ours((await metrics.scrape()).split('\n'));
  assert.deepEqual(lines, ['test_parts{part="a"} 1', 'test_parts{part="b"} 1']);
});

test('every series of a counter begins at 0', async () => {
  const metrics = createMetrics(testLog);
  const count = metrics.counter({
    name: 'test_ends_total',
    help: 'Ends.',
    labels: { kind: ['x', 'y'], end: ['good', 'bad'] },
  });
  count({ kind: 'y', end: 'bad' });
  const lines = ours((await metrics.scrape()).split('\n'));
  assert.deepEqual(lines, [
    'test_ends_total{kind="x",end="good"} 0',
    'test_ends_total{kind="x",end="bad"} 0',
    'test_ends_total{kind="y",end="good"} 0',
    'test_ends_total{kind="y",end="bad"} 1',
  ]);
});

test('concurrent scrapes share one reading, and a later one reads again', async () => {
  const release = Promise.withResolvers<void>();
  let reads = 0;
  const metrics = createMetrics(testLog);
  const read = async () => {
    reads += 1;
    await release.promise;
    return [{ value: reads }];
  };
  metrics.add([{ name: 'test_reads', help: 'Reads.', read }]);
  const both = [metrics.scrape(), metrics.scrape()];
  release.resolve();
  for (const text of await Promise.all(both))
    assert.deepEqual(ours(text.split('\n')), ['test_reads 1']);
  assert.deepEqual(ours((await metrics.scrape()).split('\n')), ['test_reads 2']);
});

test('services in one process do not see the metrics of each other', async () => {
  const [one, other] = [createMetrics(testLog), createMetrics(testLog)];
  one.add([{ name: 'test_own', help: 'Own.', read: () => [{ value: 1 }] }]);
  assert.match(await one.scrape(), /^test_own 1$/m);
  const text = await other.scrape();
  assert.doesNotMatch(text, /test_own/);
  // The process is in both.
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m);
  assert.match(text, /^process_resident_memory_bytes \d/m);
});
