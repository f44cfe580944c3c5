import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPostgres } from '#dev/postgres/postgres.ts';
import { startServiceProcess } from '#dev/system/service-process.ts';
import type { StartService } from '#dev/system/system.ts';
import { queryRows, testLog } from '#harness/database.ts';
import { newHistory } from '#harness/oracle/history.ts';
import { assertReconciled, passLeases } from '#harness/oracle/oracle.ts';
import {
  skipWithoutPreviousRelease,
  testPreviousRelease,
} from '#harness/system/previous-release.ts';
import { type OwnServer, startTestSystem, stop, type TestSystem } from '#harness/system/system.ts';
import { runTraffic } from '#harness/system/traffic.ts';

// docs/how-to/upgrade-and-roll-back.md: callees first, and back callers first.
const UPGRADE = [
  ...['profiles', 'billing', 'orders', 'identity', 'webhooks', 'notifications', 'gateway'],
];

/** A server whose databases are empty at first: the previous release migrates them. */
async function startServer(): Promise<OwnServer> {
  const home = await mkdtemp(join(tmpdir(), 'orderbell-upgrade-'));
  // For root the server runs as another user, who must be able to enter.
  await chmod(home, 0o755);
  const postgres = await startPostgres({ home, log: testLog, settings: { fsync: 'off' } });
  return {
    url: postgres.superuserUrl('postgres'),
    async close() {
      await postgres.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Restarts each service in turn, one replica of each. */
async function restartInTurn(system: TestSystem, names: string[]): Promise<void> {
  for (const name of names) {
    const start = await stop(system, name);
    await start();
  }
}

test('I1 to I6: an upgrade from the previous release and its roll back, under traffic', {
  skip: skipWithoutPreviousRelease,
}, async (t) => {
  /** The version that a process starts with; undefined is this one. */
  let root: string | undefined = testPreviousRelease();
  const startService: StartService = (name, env) => {
    // A service that the previous release does not have runs as this version, beside it.
    const older = root !== undefined && existsSync(join(root, 'services', name)) ? { root } : {};
    return startServiceProcess(name, { ...env, LOG_LEVEL: 'info' }, older);
  };
  const system = await startTestSystem(
    t,
    {},
    {
      server: await startServer(),
      startService,
      otherVersions: true,
    },
  );
  const migrations = () =>
    queryRows(system.databaseUrl('notifications'), 'select name from migrations order by name');
  const before = await migrations();
  const customers = [];
  for (let number = 0; number < 4; number++)
    customers.push(await system.customer({ topUp: 1_000 }));
  const history = newHistory();
  let going = true;
  let ended = 0;
  const traffic = runTraffic({
    url: () => system.url,
    customers,
    clients: 4,
    orders: 1_000_000,
    history,
    onEnded: (count) => {
      ended = count;
    },
    mayGoOn: () => going,
  });
  try {
    root = undefined;
    await restartInTurn(system, UPGRADE);
    const upgraded = ended;
    assert.ok((await migrations()).length >= before.length);
    root = testPreviousRelease();
    await restartInTurn(system, UPGRADE.toReversed());
    t.diagnostic(
      `${upgraded} orders ended during the upgrade, ${ended - upgraded} on the way back`,
    );
    assert.ok(upgraded > 0 && ended > upgraded);
  } finally {
    going = false;
    await traffic;
  }
  await passLeases(system);
  await assertReconciled(system, history);
});
