import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createTestDatabaseUrl, queryRows } from '#harness/database.ts';
import { findPgbench, OWN_TABLES, PLAIN_TABLES, runPgbench, type Workload } from './baseline.ts';
import { type BaselineFigures, pgbenchScript, runPlainClients } from './statements.ts';

async function databaseOf(t: TestContext, { makeTables }: Workload): Promise<string> {
  const url = await createTestDatabaseUrl(t);
  await makeTables(url);
  return url;
}

/** Orders of which all three writes are there, those of which some are, and what was charged. */
const COUNTS = new Map([
  [
    OWN_TABLES,
    `select count(*) as some, count(*) filter (
       where status = 'Paid' and payments.operation_id = payment_operation_id
         and operations.order_id = orders.id and operations.id = payment_operation_id
         and outbox.id = event_id and outbox.payload->>'status' = 'Paid') as whole,
       (select 1000 * 1000000000000 - sum(balance) from wallets) / 100 as charged
     from orders left join payments on payments.order_id = orders.id
       left join operations on operations.order_id = orders.id
       left join outbox on outbox.aggregateid = orders.id::text`,
  ],
  [
    PLAIN_TABLES,
    `select count(*) as some, count(*) filter (
       where status = 'Paid' and operations.id = operation_id
         and outbox.customer_id = orders.customer_id) as whole,
       (select 1000 * 1000000000000 - sum(balance) from wallets) / 25 as charged
     from orders left join operations on operations.order_id = orders.id
       left join outbox on outbox.order_id = orders.id`,
  ],
]);

async function assertWhole(
  url: string,
  workload: Workload,
  { ordersPerS, latency }: BaselineFigures,
): Promise<void> {
  const [row] = await queryRows(url, COUNTS.get(workload) as string);
  const [whole, some, charged] = [row?.whole, row?.some, row?.charged].map(Number);
  assert.ok(Number(whole) > 0 && whole === some, `${whole} of ${some}`);
  assert.equal(charged, whole, 'each order was charged');
  assert.ok(ordersPerS > 0 && latency.p50 > 0 && latency.p50 <= latency.p999);
}

for (const workload of COUNTS.keys()) {
  test(`${workload.name}: plain connections do the three writes of each order`, async (t) => {
    const url = await databaseOf(t, workload);
    await assertWhole(url, workload, await runPlainClients(url, workload.statements, 4, 0.2));
  });

  test(`${workload.name}: pgbench does the three writes of each order`, async (t) => {
    const pgbench = await findPgbench();
    if (pgbench === undefined) return t.skip('pgbench is not installed');
    const folder = await mkdtemp(join(tmpdir(), 'orderbell-baseline-'));
    t.after(() => rm(folder, { recursive: true }));
    const url = await databaseOf(t, workload);
    const [script, log] = [join(folder, 'baseline.sql'), join(folder, 'times')];
    await writeFile(script, pgbenchScript(workload.statements));
    const job = { pgbench, script, url, log, connections: 4, seconds: 1 };
    await assertWhole(url, workload, await runPgbench(job));
  });
}
