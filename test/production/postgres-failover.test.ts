import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { newHistory } from '#harness/oracle/history.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import {
  openStack,
  type PostgresServer,
  startPostgresServer,
} from '#harness/system/postgres-server.ts';
import { openTestSystem, type TestSystem } from '#harness/system/system.ts';
import { skipWithout } from '#harness/system/tools.ts';
import { runTraffic } from '#harness/system/traffic.ts';
import { startPostgresHaproxy } from './postgres-haproxy.ts';

const CLIENTS = 4;
const SYNCHRONOUS = "synchronous_standby_names = 'ANY 1 (*)'";

async function change(server: PostgresServer, setting: string): Promise<void> {
  await server.query(`alter system set ${setting}`);
  await server.query('select pg_reload_conf()');
}

/** Makes each commit wait until a standby has it. */
async function beSynchronous(primary: PostgresServer, standbys: number): Promise<void> {
  await eventually('the standbys to stream', async () => {
    const rows = await primary.query("select from pg_stat_replication where state = 'streaming'");
    return rows.length === standbys;
  });
  await change(primary, SYNCHRONOUS);
}

/** As a failover manager does: the standby that received most leads, and the others follow it. */
async function failOver(standbys: PostgresServer[]): Promise<PostgresServer> {
  const received = await Promise.all(
    standbys.map(async (server) => {
      const [row] = await server.query("select pg_last_wal_receive_lsn() - '0/0' as bytes");
      return { server, bytes: BigInt(String(row?.bytes)) };
    }),
  );
  const [leader, ...others] = received
    .sort((one, other) => Number(other.bytes - one.bytes))
    .map(({ server }) => server) as [PostgresServer, ...PostgresServer[]];
  await leader.query('select pg_promote()');
  for (const other of others) {
    await change(other, `primary_conninfo = '${leader.replication}'`);
  }
  if (others.length > 0) await beSynchronous(leader, others.length);
  return leader;
}

/**
 * Stops all processes of a server without a word to anybody, as a host does that loses its network:
 * connections stay open, and nothing answers.
 */
async function freeze(open: AsyncDisposableStack, server: PostgresServer): Promise<void> {
  const rows = await server.query('select pid from pg_stat_activity');
  const [postmaster] = (await readFile(join(server.data, 'postmaster.pid'), 'utf8')).split('\n');
  const pids = [Number(postmaster), ...rows.map(({ pid }) => Number(pid))];
  const signal = (name: NodeJS.Signals) => {
    for (const pid of pids) {
      try {
        process.kill(pid, name);
      } catch {
        // It has ended meanwhile.
      }
    }
  };
  // Stopped processes handle no other signal.
  open.defer(async () => signal('SIGKILL'));
  signal('SIGSTOP');
}

/** HAProxy takes each server for a primary until its first checks have failed. */
async function untilPrimaryOnly(url: string): Promise<void> {
  const isStandby = () => queryRows(url, 'select where pg_is_in_recovery()');
  await eventually('HAProxy to lead to the primary alone', async () => {
    const found = await Promise.all(Array.from({ length: 6 }, isStandby)).catch(() => null);
    return found !== null && found.flat().length === 0;
  });
}

/** Orders without a pause. @returns their times, and how to end them */
async function startTraffic(system: TestSystem) {
  const customers = await Promise.all(
    Array.from({ length: CLIENTS }, () => system.customer({ topUp: 1_000_000, realHash: true })),
  );
  const history = newHistory();
  const endedMs: number[] = [];
  let stopped = false;
  const traffic = runTraffic({
    url: () => system.url,
    customers,
    clients: CLIENTS,
    orders: 100_000,
    history,
    onEnded: () => {
      endedMs.push(performance.now());
    },
    mayGoOn: () => !stopped,
  });
  return {
    history,
    async untilOrdersGoOn(): Promise<void> {
      const before = endedMs.length;
      await eventually('orders', async () => endedMs.length >= before + 10 * CLIENTS);
    },
    /** The longest time without an order that ended, since a moment. */
    longestPauseMs(since: number): number {
      const times = [since, ...endedMs.filter((ms) => ms > since)];
      return Math.max(...times.slice(1).map((ms, index) => ms - (times[index] as number)));
    },
    async stop(): Promise<void> {
      stopped = true;
      await traffic;
    },
  };
}

async function assertVerified(t: TestContext, system: TestSystem): Promise<void> {
  const operator = await system.operator();
  const { status, body } = await operator.call('GET', '/v1/operator/ledger/verify');
  assert.equal(status, 200);
  t.diagnostic(JSON.stringify(body));
  assert.deepEqual(body.differences, []);
  assert.equal(body.complete, true);
}

test('I1 to I6: HAProxy leads to the promoted server, and no answered order is lost or charged twice', {
  skip: skipWithout('haproxy'),
}, async (t) => {
  const open = openStack(t);
  const first = await startPostgresServer(open);
  await first.stop();
  const standbys = [
    await startPostgresServer(open, { standbyOf: first }),
    await startPostgresServer(open, { standbyOf: first }),
  ];
  await first.start();
  await beSynchronous(first, standbys.length);
  const port = await startPostgresHaproxy(open, [first, ...standbys]);
  const url = first.urlOf('postgres').replace(`:${first.port}/`, `:${port}/`);
  await untilPrimaryOnly(url);
  const system = await openTestSystem(open, {}, { server: { url, close: async () => {} } });
  const traffic = await startTraffic(system);
  await traffic.untilOrdersGoOn();

  const killed = performance.now();
  await first.stop('SIGKILL');
  const second = await failOver(standbys);
  await traffic.untilOrdersGoOn();
  t.diagnostic(`primary killed: ${Math.round(traffic.longestPauseMs(killed))} ms without an order`);

  const frozen = performance.now();
  await freeze(open, second);
  await failOver(standbys.filter((server) => server !== second));
  await traffic.untilOrdersGoOn();
  t.diagnostic(`primary frozen: ${Math.round(traffic.longestPauseMs(frozen))} ms without an order`);

  await traffic.stop();
  await assertReconciled(system, traffic.history);
  await assertVerified(t, system);
});
