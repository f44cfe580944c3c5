import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestDatabaseUrl, testLog } from '#harness/database.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { createDatabase } from './database.ts';

test('the pool says how many connections it has, and how long work waits for one', async (t) => {
  const metrics = createMetrics(testLog);
  const url = await createTestDatabaseUrl(t, () => database.close());
  const options = { url, connectionsMax: 1, applicationName: 'test', log: testLog, metrics };
  const database = createDatabase(options);
  const read = async () => {
    const lines = (await metrics.scrape()).matchAll(/^database_pool_([a-z]\S*) (\S+)$/gm);
    return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]));
  };
  const before = await read();
  assert.equal(before.connections_max, 1);
  assert.equal(before['connections{state="idle"}'], 0);
  assert.equal(before.wait_duration_seconds_count, 0);

  const held = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const work = database.transaction(async () => {
    begun.resolve();
    await held.promise;
  });
  await begun.promise;
  const waiting = database.query('select 1');
  const during = await read();
  assert.equal(during['connections{state="in_use"}'], 1);
  assert.equal(during.waiting, 1);
  assert.equal(during.wait_duration_seconds_count, 1);

  held.resolve();
  await Promise.all([work, waiting]);
  const after = await read();
  assert.equal(after['connections{state="idle"}'], 1);
  assert.equal(after.waiting, 0);
  assert.equal(after.wait_duration_seconds_count, 2);
});

test('a wait that ends without a connection is measured and rejected as ever', async (t) => {
  const metrics = createMetrics(testLog);
  const url = 'postgres://nobody@127.0.0.1:1/none';
  const options = { url, connectionsMax: 1, applicationName: 'test', log: testLog, metrics };
  const database = createDatabase(options);
  t.after(() => database.close());
  await assert.rejects(database.query('select 1'));
  await assert.rejects(database.transaction(async () => {}));
  assert.match(await metrics.scrape(), /^database_pool_wait_duration_seconds_count 2$/m);
});
