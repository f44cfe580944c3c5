import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { databaseRoles, psqlScript } from '#dev/postgres/roles.ts';
import { DATABASES } from '#dev/system/databases.ts';
import { embeddedTopic } from '#harness/broker/embedded-topic.ts';
import { spawnNode } from '#harness/child-process.ts';
import { queryRows } from '#harness/database.ts';
import { newHistory } from '#harness/oracle/history.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import {
  openStack,
  POSTGRES_15,
  skipWithoutPostgres15,
  startPostgresServer,
} from '#harness/system/postgres-server.ts';
import { createRoleDatabases } from '#harness/system/role-databases.ts';
import { openTestSystem } from '#harness/system/system.ts';
import { runTraffic } from '#harness/system/traffic.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const jobOf = (name: string) =>
  name === 'broker' ? 'platform/broker/embedded/migrate.ts' : `services/${name}/migrate.ts`;

async function runJob(name: string, env: Record<string, string>) {
  const { exited, printed } = spawnNode([join(ROOT, jobOf(name))], {
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env },
  });
  return { code: await exited, output: printed() };
}

test('on PostgreSQL 15 a job migrates as the owner, and services run that may change rows only', {
  skip: skipWithoutPostgres15,
}, async (t) => {
  const open = openStack(t);
  const server = await startPostgresServer(open, { bin: POSTGRES_15 });
  const databases = await createRoleDatabases(server);
  await databases.prepare();
  const { ORDERS_MIGRATION_DATABASE_URL: _owner, ...rowsOnly } = databases.env;
  const checksOnly = { ...databases.env, MIGRATE_ON_START: 'false' };

  await assert.rejects(openTestSystem(open, checksOnly, { databases }), (error: Error) => {
    assert.match(
      error.message,
      /migration 0001-[\w-]+\.sql is not applied, and MIGRATE_ON_START is false: run node services\/\w+\/migrate\.ts first/,
    );
    return true;
  });
  const refused = await runJob('orders', rowsOnly);
  assert.equal(refused.code, 1);
  const { level, msg } = JSON.parse(refused.output) as { level: string; msg: string };
  assert.equal(level, 'fatal');
  assert.match(msg, /^this role may not apply migration 0001-orders\.sql: run .* as the owner/);
  for (const name of DATABASES) {
    const { code, output } = await runJob(name, databases.env);
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`^the database .*/${name} is migrated: \\d{4}-`));
  }
  const again = await runJob('billing', databases.env);
  assert.match(again.output, /is migrated: nothing was missing/);

  const system = await openTestSystem(open, checksOnly, { databases });
  const history = newHistory();
  const customers = [await system.customer({ topUp: 100_000 })];
  await runTraffic({ url: () => system.url, customers, clients: 4, orders: 10, history });
  // As the administrator: the roles of the services have short time limits.
  const broker = embeddedTopic(server.urlOf('broker'));
  await assertReconciled({ ...system, databaseUrl: server.urlOf, broker }, history);
  for (const name of DATABASES) {
    const url = databases.databaseUrl(name);
    await assert.rejects(queryRows(url, 'create table mine ()'), { code: '42501' });
    await assert.rejects(queryRows(url, 'drop table migrations'), { code: '42501' });
  }
});

test('psql runs what npm run database-roles prints, also a second time', {
  skip: existsSync(join(POSTGRES_15, 'psql')) ? false : 'there is no psql',
}, async (t) => {
  const open = openStack(t);
  const server = await startPostgresServer(open, { bin: POSTGRES_15 });
  const script = psqlScript(
    databaseRoles({
      ORDERS_DATABASE_URL: `postgres://or'ders:pass'%22%40@h/or%22ders`,
      ORDERS_MIGRATION_DATABASE_URL: 'postgres://owner:pass@h/or%22ders',
      BILLING_DATABASE_URL: 'postgres://billing@h/billing',
    }),
  );
  for (const _time of [1, 2]) {
    const psql = spawnSync(
      join(POSTGRES_15, 'psql'),
      ['-v', 'ON_ERROR_STOP=1', server.urlOf('postgres')],
      { input: script },
    );
    assert.equal(psql.status, 0, String(psql.stderr));
  }
  const rows = await server.query(
    `select datname, pg_get_userbyid(datdba) as owner from pg_database
      where datname in ('or"ders', 'billing') order by 1`,
  );
  assert.deepEqual(rows, [
    { datname: 'billing', owner: 'billing' },
    { datname: 'or"ders', owner: 'owner' },
  ]);
});
