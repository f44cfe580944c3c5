import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAlive, readPidFile } from '#dev/files/process.ts';
import { startPostgres } from '#dev/postgres/postgres.ts';
import { queryRows, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { newHistory } from '#harness/oracle/history.ts';
import { assertReconciled, passLeases } from '#harness/oracle/oracle.ts';
import { answeredWith, call } from '#harness/requests.ts';
import { skipWithoutOwnBroker } from '#harness/system/own-kafka.ts';
import {
  type OwnServer,
  orderOf,
  startTestSystem,
  stop,
  type TestSystem,
} from '#harness/system/system.ts';
import { runTraffic } from '#harness/system/traffic.ts';

interface KillableServer extends OwnServer {
  /** Ends every connection but its own. */
  cutAll(): Promise<void>;
  /** SIGKILL; it comes back by itself. @returns the pid */
  kill(): number | undefined;
}

/** A server that may be harmed; the one of all tests may not. */
async function startKillableServer(): Promise<KillableServer> {
  const home = await mkdtemp(join(tmpdir(), 'orderbell-faults-'));
  // For root the server runs as another user, who must be able to enter.
  await chmod(home, 0o755);
  // A killed process loses nothing that it handed to the system.
  const postgres = await startPostgres({ home, log: testLog, settings: { fsync: 'off' } });
  const url = postgres.superuserUrl('postgres');
  return {
    url,
    async cutAll() {
      await queryRows(
        url,
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
      );
    },
    kill() {
      const pid = readPidFile(join(postgres.folder, 'postgres'))?.pid;
      if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
      return pid;
    },
    async close() {
      await postgres.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

test('I1 to I6: connections cut and the server killed in the middle of traffic', async (t) => {
  const server = await startKillableServer();
  // Short enough that an outage outlasts the deadline of requests, so recovery meets the replays.
  const hasty = { ORDER_DEADLINE_MS: '250', RECOVERY_AGE_MS: '500', RECOVERY_INTERVAL_MS: '100' };
  const system = await startTestSystem(t, hasty, { server });
  const customers = [];
  for (let number = 0; number < 8; number++) customers.push(await system.customer({ topUp: 200 }));
  const history = newHistory();
  /** By the number of ended orders, so that no fault comes before or after the traffic. */
  const faults = new Map<number, () => unknown>([
    ...[40, 90, 240, 290, 370].map((ended): [number, () => unknown] => [
      ended,
      () => server.cutAll().catch(() => {}), // after a kill there is nothing to cut
    ]),
    [150, () => killed.add(server.kill())],
    [310, () => killed.add(server.kill())],
  ]);
  const killed = new Set<number | undefined>();
  await runTraffic({
    url: () => system.url,
    customers,
    clients: 16,
    orders: 25,
    history,
    onEnded: (ended) => faults.get(ended)?.(),
  });
  assert.equal(killed.size, 2, 'the server did not come back in between');
  // Some leases last longer than the test may wait.
  await passLeases(system);
  await assertReconciled(system, history);
  t.diagnostic(
    [0, 201, 202, 406, 409, 503]
      .map((code) => `${code}: ${history.orders.filter(({ status }) => status === code).length}`)
      .join(', '),
  );
  // Without a restart of ours everything works, letters included.
  const anna = await system.customer({ topUp: 100 });
  // By a gateway whose deadline a slow machine meets too.
  const patient = await system.startExtraGateway({ RECOVERY_AGE_MS: '600000' });
  const headers = { authorization: `Bearer ${anna.token}`, 'idempotency-key': 'after-the-faults' };
  const request = { headers, body: orderOf(100) };
  await answeredWith(201, () => call(patient.url, 'POST', '/v1/orders', request));
  await patient.close();
  await assertReconciled(system, history);
});

/** Runs a relay or a consumer until it has reached its moment, and kills it there. */
async function killAtItsMoment(
  which: 'relay' | 'consumer',
  { databaseUrl, broker }: TestSystem,
): Promise<void> {
  const main = new URL('../../harness/faults/dying-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [main, which], {
    env: {
      ...process.env,
      ORDERS_DATABASE_URL: databaseUrl('orders'),
      NOTIFICATIONS_DATABASE_URL: databaseUrl('notifications'),
      ...broker.settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  try {
    await eventually(`the moment of the ${which}`, async () => said === 'here\n');
  } finally {
    child.kill('SIGKILL');
    await closed;
  }
}

const rowsOf = async ({ databaseUrl }: TestSystem, database: string, sql: string) =>
  queryRows(databaseUrl(database), sql);

test('I5, I6: a relay killed between acknowledgement and mark: published again, one letter', {
  skip: skipWithoutOwnBroker,
}, async (t) => {
  const system = await startTestSystem(t, {}, { ownBroker: true });
  const anna = await system.customer({ topUp: 100 });
  // Without the broker the event stays in the outbox, for the relay that will die with it.
  const openBroker = await system.broker.takeAway();
  assert.equal((await anna.call('POST', '/v1/orders', orderOf(100))).status, 201);
  const startOrders = await stop(system, 'orders');
  await openBroker();
  await passLeases(system);
  await killAtItsMoment('relay', system);

  const outbox = () =>
    rowsOf(system, 'orders', 'select id, published_at is null as waiting, attempts from outbox');
  const [event] = await outbox();
  assert.equal(event?.waiting, true);
  assert.equal((await system.broker.listMessages()).length, 1);
  await startOrders();
  // The lease of the dead keeps the others from it until it ends.
  await passLeases(system);
  await eventually('the event to be published again', async () => {
    return (await system.broker.listMessages()).length === 2;
  });
  const [first, second] = await system.broker.listMessages();
  assert.equal(first?.content, second?.content);
  await assertReconciled(system);
  assert.equal((await rowsOf(system, 'notifications', 'select id from letters')).length, 1);
});

test('I6: a consumer killed between letter and position: delivered again, one letter, one mail', async (t) => {
  const system = await startTestSystem(t);
  const anna = await system.customer({ topUp: 100 });
  const startNotifications = await stop(system, 'notifications');
  const placed = await anna.call('POST', '/v1/orders', orderOf(100));
  assert.equal(placed.status, 201);
  await killAtItsMoment('consumer', system);

  const letters = () => rowsOf(system, 'notifications', 'select id, attempt_count from letters');
  const [letter] = await letters();
  assert.equal(letter?.attempt_count, 0);
  const { listUnread } = system.broker;
  assert.equal((await listUnread()).length, 1);
  await passLeases(system);
  await startNotifications();
  await eventually('the position', async () => (await listUnread()).length === 0);
  await assertReconciled(system);
  assert.deepEqual(await letters(), [{ ...letter, attempt_count: 1 }]);
});
