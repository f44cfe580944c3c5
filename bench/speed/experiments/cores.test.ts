import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { readThreads } from '../measuring/thread-usage.ts';
import { modelOf } from './cores.ts';

test('more cores help until a JavaScript thread fills one of them', () => {
  const costs = {
    'start, main thread': 0.5,
    'start, second thread': 0.25,
    start: 0.25,
    postgres: 1,
  };
  assert.deepEqual(modelOf(costs, 1), { ordersPerS: 500, full: 'all cores' });
  assert.deepEqual(modelOf(costs, 2), { ordersPerS: 1_000, full: 'all cores' });
  assert.deepEqual(modelOf(costs, 8), { ordersPerS: 2_000, full: 'start, main thread' });
});

test('the time of each JavaScript thread is measured beside that of its process', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const worker = new Worker('for (;;);', { eval: true });
  t.after(() => worker.terminate());
  const name = (threads: Record<string, number>, thread: string) =>
    Object.entries(threads).find(([each]) => each.endsWith(thread))?.[1] ?? 0;
  const before = readThreads([process.pid]);
  const end = performance.now() + 500;
  while (performance.now() < end);
  const after = readThreads([process.pid]);
  for (const thread of [', main thread', ', second thread']) {
    assert.ok(name(after, thread) > name(before, thread), thread);
  }
});
