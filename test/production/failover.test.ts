import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { FaultProxy } from '#harness/faults/fault-proxy.ts';
import { newHistory } from '#harness/oracle/history.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { call } from '#harness/requests.ts';
import {
  openStack,
  type PostgresServer,
  startPostgresServer,
} from '#harness/system/postgres-server.ts';
import { healthOf } from '#harness/system/processes.ts';
import { openTestSystem, PASSWORD } from '#harness/system/system.ts';
import { runTraffic } from '#harness/system/traffic.ts';

const CLIENTS = 4;
const WITH_DATABASE = ['orders', 'billing', 'profiles', 'notifications', 'identity'];

/** Waits until a standby has all that its primary has. */
async function untilCaughtUp(primary: PostgresServer, standby: PostgresServer): Promise<void> {
  const [written] = await primary.query('select pg_current_wal_lsn() as lsn');
  await eventually('the standby has caught up', async () => {
    const [row] = await standby.query(
      `select pg_last_wal_replay_lsn() >= '${written?.lsn}' as done`,
    );
    return row?.done === true;
  });
}

const untilFollowed = (primary: PostgresServer) =>
  eventually('a standby follows', async () => {
    const rows = await primary.query("select from pg_stat_replication where state = 'streaming'");
    return rows.length > 0;
  });

async function change(server: PostgresServer, setting: string): Promise<void> {
  await server.query(`alter system set ${setting}`);
  await server.query('select pg_reload_conf()');
}

/** A busy gateway may ask a client to repeat. */
async function register(gateway: string): Promise<void> {
  const email = `${randomUUID()}@example.com`;
  const body = { email, password: PASSWORD, name: 'Анна', locale: 'ru' };
  await eventually('a registration', async () => {
    const { status } = await call(gateway, 'POST', '/v1/registrations', { body });
    if (status < 400) return true;
    assert.equal(status, 503);
    return false;
  });
}

test('I1, I2: orders and registrations go on after a switchover and after a killed primary', async (t) => {
  const open = openStack(t);
  const first = await startPostgresServer(open);
  await first.stop();
  const second = await startPostgresServer(open, { standbyOf: first });
  const third = await startPostgresServer(open, { standbyOf: first });
  await first.start();
  const proxy = await FaultProxy.open();
  open.defer(() => proxy.close());
  const leadTo = ({ port }: PostgresServer) => proxy.target(`http://127.0.0.1:${port}`);
  leadTo(first);
  const url = first.urlOf('postgres').replace(`:${first.port}/`, `:${proxy.port}/`);
  const system = await openTestSystem(open, {}, { server: { url, close: async () => {} } });
  const customers = await Promise.all(
    Array.from({ length: CLIENTS }, () => system.customer({ topUp: 1_000_000, realHash: true })),
  );
  const history = newHistory();
  let ended = 0;
  let stopped = false;
  const traffic = runTraffic({
    url: () => system.url,
    customers,
    clients: CLIENTS,
    orders: 100_000,
    history,
    onEnded: () => {
      ended += 1;
    },
    mayGoOn: () => !stopped,
  });
  const untilOrdersGoOn = async (what: string): Promise<void> => {
    const [before, start] = [ended, performance.now()];
    await eventually(`orders ${what}`, async () => ended >= before + 5 * CLIENTS);
    t.diagnostic(`orders ${what}: ${Math.round(performance.now() - start)} ms`);
  };
  const untilReadiness = (status: number) =>
    Promise.all(
      WITH_DATABASE.map((name) =>
        eventually(
          `${status} of ${name}`,
          async () => (await healthOf(system.urlsOf(name)[0] as string, '/readyz')) === status,
        ),
      ),
    );
  await untilOrdersGoOn('at first');
  await untilReadiness(200);

  // The former primary lives on, read-only, and so do the connections of the services to it.
  await change(first, 'default_transaction_read_only = on');
  await untilReadiness(503);
  await untilCaughtUp(first, second);
  await second.query('select pg_promote()');
  await change(third, `primary_conninfo = '${second.replication}'`);
  leadTo(second);
  await untilReadiness(200);
  await untilOrdersGoOn('after the switchover');
  await Promise.all(Array.from({ length: 16 }, () => register(system.url)));

  // Each answered commit is on the standby before the primary is killed.
  await untilFollowed(second);
  await change(second, "synchronous_standby_names = '*'");
  await untilOrdersGoOn('with a synchronous standby');
  await second.stop('SIGKILL');
  await third.query('select pg_promote()');
  leadTo(third);
  await untilOrdersGoOn('after the failover');
  stopped = true;
  await traffic;
  await assertReconciled(system, history);
});
