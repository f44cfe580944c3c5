import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { startRetention } from './retention.ts';

/** A task with so many rows left. */
function taskOf(name: string, left: number) {
  const runs: number[] = [];
  return {
    runs,
    task: {
      name,
      batch: 10,
      async run() {
        const rows = Math.min(10, left);
        left -= rows;
        runs.push(rows);
        return rows;
      },
    },
  };
}

test('retention goes on batch by batch until nothing is left, and says so in metrics', async (t) => {
  const metrics = createMetrics(testLog);
  const letters = taskOf('letters', 25);
  const inbox = taskOf('inbox', 0);
  const tasks = [letters.task, inbox.task];
  const retention = startRetention({ tasks, log: testLog, metrics });
  t.after(retention.close);
  await eventually('the end of a run', async () => inbox.runs.length > 0);
  assert.deepEqual([letters.runs, inbox.runs], [[10, 10, 5], [0]]);
  const scraped = await metrics.scrape();
  assert.match(scraped, /^orderbell_retention_rows_total\{task="letters"\} 25$/m);
  assert.match(scraped, /^orderbell_retention_last_run_timestamp_seconds\{task="inbox"\} \d{10}$/m);
});

test('a close ends a run between two batches', async () => {
  const endless = { name: 'endless', batch: 1, run: async () => 1 };
  const metrics = createMetrics(testLog);
  const retention = startRetention({ tasks: [endless], log: testLog, metrics });
  await retention.close();
  assert.doesNotMatch(await metrics.scrape(), /last_run_timestamp_seconds\{/);
});
