import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createTestDatabaseUrl, queryRows } from '#harness/database.ts';
import { findPgbench, makeTables, runPgbench } from './baseline.ts';
import { pgbenchScript, runPlainClients } from './statements.ts';

async function baselineDatabase(t: TestContext): Promise<string> {
  const url = await createTestDatabaseUrl(t);
  await makeTables(url);
  return url;
}

/** Orders of which all three writes are there, and those of which some are. */
async function countOrders(url: string): Promise<{ whole: number; some: number }> {
  const [row] = await queryRows(
    url,
    `select count(*) as some, count(*) filter (
       where status = 'Paid' and payments.operation_id = payment_operation_id
         and operations.order_id = orders.id and operations.id = payment_operation_id
         and outbox.id = event_id and outbox.payload->>'status' = 'Paid') as whole
     from orders left join payments on payments.order_id = orders.id
       left join operations on operations.order_id = orders.id
       left join outbox on outbox.aggregateid = orders.id::text`,
  );
  const [sums] = await queryRows(
    url,
    'select 1000 * 1000000000000 - sum(balance) as charged from wallets',
  );
  assert.equal(Number(sums?.charged), 100 * Number(row?.whole), 'each order was charged');
  return { whole: Number(row?.whole), some: Number(row?.some) };
}

test('plain connections do the three writes of each order that they count', async (t) => {
  const url = await baselineDatabase(t);
  const { ordersPerS, latency } = await runPlainClients(url, 4, 0.2);
  const { whole, some } = await countOrders(url);
  assert.ok(whole > 0 && whole === some, `${whole} of ${some}`);
  assert.ok(ordersPerS > 0 && latency.p50 > 0 && latency.p50 <= latency.p999);
});

test('pgbench does the three writes of each order that it counts', async (t) => {
  const pgbench = await findPgbench();
  if (pgbench === undefined) return t.skip('pgbench is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-baseline-'));
  t.after(() => rm(folder, { recursive: true }));
  const url = await baselineDatabase(t);
  const [script, log] = [join(folder, 'baseline.sql'), join(folder, 'times')];
  await writeFile(script, pgbenchScript());
  const { ordersPerS, latency } = await runPgbench({
    pgbench,
    script,
    url,
    log,
    connections: 4,
    seconds: 1,
  });
  const { whole, some } = await countOrders(url);
  assert.ok(whole > 0 && whole === some, `${whole} of ${some}`);
  assert.ok(ordersPerS > 0 && latency.p50 > 0 && latency.p50 <= latency.p999);
});
