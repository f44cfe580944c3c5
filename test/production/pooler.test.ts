import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embeddedTopic } from '#harness/broker/embedded-topic.ts';
import { migrationsOf, testLog } from '#harness/database.ts';
import { newHistory } from '#harness/oracle/history.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import {
  findOldPgBouncer,
  skipWithoutPgBouncer,
  startPgBouncer,
} from '#harness/system/pgbouncer.ts';
import { openStack, startPostgresServer } from '#harness/system/postgres-server.ts';
import { createRoleDatabases, ROLE_PASSWORDS } from '#harness/system/role-databases.ts';
import { openTestSystem } from '#harness/system/system.ts';
import { skipWithout } from '#harness/system/tools.ts';
import { runTraffic } from '#harness/system/traffic.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { isTransient } from '#platform/postgres/errors.ts';
import { openDatabase } from '#platform/postgres/service-database.ts';

const skip = skipWithout('pgbouncer') || skipWithoutPgBouncer();

const ORDERS = { name: 'orders', connectionsMax: 4, migrations: [migrationsOf('orders')] } as const;

/** Opens the database of orders as its service does. */
const openOrders = (url: string, pooler: string, more = {}) =>
  openDatabase(
    ORDERS,
    { ...more, ORDERS_DATABASE_URL: url, DATABASE_POOLER: pooler },
    { log: testLog },
  );

/** A server, and a PgBouncer in front that shares two server connections a database. */
async function openPooled(
  open: AsyncDisposableStack,
  poolMode: 'session' | 'transaction',
  {
    program,
    settings = [],
    names,
  }: { program?: string; settings?: string[]; names?: string[] } = {},
) {
  const server = await startPostgresServer(open);
  const direct = await createRoleDatabases(server, names);
  const port = await startPgBouncer(open, {
    ...(program !== undefined && { program }),
    poolMode,
    port: server.port,
    users: { postgres: 'superuser', ...ROLE_PASSWORDS },
    settings: [`default_pool_size = ${poolMode === 'session' ? 40 : 2}`, ...settings],
  });
  return { server, direct, databases: direct.through(port) };
}

for (const mode of ['session', 'transaction'] as const) {
  test(`the system runs behind a PgBouncer in ${mode} mode, and leaves no state in its sessions`, {
    skip,
  }, async (t) => {
    const open = openStack(t);
    const { server, databases } = await openPooled(open, mode);
    const env = { ...databases.env, DATABASE_POOLER: mode };
    const system = await openTestSystem(open, env, { databases });
    const history = newHistory();
    const customers = [await system.customer({ topUp: 100_000 }), await system.customer()];
    await runTraffic({ url: () => system.url, customers, clients: 8, orders: 10, history });
    // As the administrator: the roles of the services have short time limits.
    const broker = embeddedTopic(server.urlOf('broker'));
    await assertReconciled({ ...system, databaseUrl: server.urlOf, broker }, history);

    const url = databases.databaseUrl('orders');
    const options = { url, connectionsMax: 8, applicationName: 'look', log: testLog };
    const database = createDatabase({ ...options, pooler: mode });
    open.defer(() => database.close());
    // The limits hold, although no start-up parameter brings them.
    await assert.rejects(database.query('select pg_sleep(60)'), isTransient);
    // Each session is as a new one.
    const seen = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const { rows } = await database.query(
          "select string_agg(name || '=' || setting, ' ' order by name) as own from pg_settings " +
            "where source = 'session'",
        );
        return rows[0].own;
      }),
    );
    assert.deepEqual(
      new Set(
        seen.filter((own) => !/^(application_name|client_|DateStyle|extra_)/.test(own ?? 'extra_')),
      ),
      new Set(),
    );
    assert.deepEqual(await server.query("select * from pg_locks where locktype = 'advisory'"), []);
  });
}

test('a PgBouncer that a setting does not fit is refused in one line', { skip }, async (t) => {
  const open = openStack(t);
  const { server, direct, databases } = await openPooled(open, 'transaction', {
    names: ['orders'],
  });
  const url = databases.databaseUrl('orders');
  const migrated = await openOrders(direct.databaseUrl('orders'), 'none', databases.env);
  await migrated.close();
  await assert.rejects(openOrders(url, 'none'), {
    message:
      /^the database .*\/orders refuses us: a pooler refuses a start-up parameter; set DATABASE_POOLER to session or transaction: unsupported startup parameter/,
  });
  await server.query('alter role orders in database orders reset all');
  await server.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'orders'",
  );
  await assert.rejects(openOrders(url, 'transaction'), {
    message:
      /^the database .* refuses us: behind a pooler the role itself must have statement_timeout=1500, .*`npm run database-roles`/,
  });
});

test('a PgBouncer that ignores the start-up parameters is refused in one line', {
  skip,
}, async (t) => {
  const open = openStack(t);
  const ignored = 'statement_timeout, lock_timeout, idle_in_transaction_session_timeout, options';
  const settings = [`ignore_startup_parameters = ${ignored}`];
  const { server, direct, databases } = await openPooled(open, 'transaction', {
    settings,
    names: ['orders'],
  });
  const migrated = await openOrders(direct.databaseUrl('orders'), 'none', databases.env);
  await migrated.close();
  await server.query('alter role orders in database orders reset all');
  await assert.rejects(openOrders(databases.databaseUrl('orders'), 'none'), {
    message: /the start-up parameter statement_timeout has no effect, a pooler ignores it/,
  });
});

test('a PgBouncer before 1.21 is refused in transaction mode, in one line', {
  skip: findOldPgBouncer() === null ? 'there is no PgBouncer before 1.21' : false,
}, async (t) => {
  const open = openStack(t);
  const program = findOldPgBouncer() as string;
  const { databases } = await openPooled(open, 'transaction', {
    program,
    names: ['orders'],
  });
  await assert.rejects(openOrders(databases.databaseUrl('orders'), 'transaction', databases.env), {
    message: /refuses us: the pooler does not keep prepared statements: .* 1\.21 or newer/,
  });
});
