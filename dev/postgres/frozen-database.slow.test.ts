import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { queryRows, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { publicKeysOf } from '#harness/system/processes.ts';
import { complaint, freezeServer, ready, temporaryHome } from '#harness/system/start.ts';
import { readPidFile } from '../files/process.ts';
import { createSecrets } from '../system/secrets.ts';
import { startServiceProcess } from '../system/service-process.ts';
import { startPostgres } from './postgres.ts';
import { serverUrl } from './server.ts';

// A database server without a processor, as on a machine that is busy. For longer than every
// time-out of a connection or a statement (2 s): the freeze is the fault, not a wait for something.
const FREEZE_MS = 2_600;
const LINUX = {
  skip: process.platform !== 'linux' && 'only Linux shows which process serves the data',
};

async function freeze(home: string): Promise<void> {
  const thaw = freezeServer(home);
  try {
    await delay(FREEZE_MS);
  } finally {
    thaw();
  }
}

/** Whether a statement about a database of the server finds something; false when it fails. */
async function finds(home: string, database: string, sql: string): Promise<boolean> {
  const port = readPidFile(join(home, 'postgres'))?.port;
  if (port === undefined) return false;
  const password = (await readFile(join(home, 'postgres-password'), 'utf8')).trim();
  const rows = await queryRows(serverUrl(port, 'postgres', password, database), sql).catch(
    () => [],
  );
  return rows.length > 0;
}

const accepts = (home: string, from = 0) => {
  const log = join(home, 'postgres.log');
  return existsSync(log) && readFileSync(log).subarray(from).includes('ready to accept');
};

test(
  'a first start survives a database server that does not run at every step',
  LINUX,
  async (t) => {
    const { home, start } = await temporaryHome(t);
    const started = start();
    const moments: [string, () => Promise<boolean>][] = [
      ['the server accepts connections', async () => accepts(home)],
      [
        'a database',
        () => finds(home, 'postgres', `select from pg_database where datname = 'orders'`),
      ],
      ['the mailbox', async () => existsSync(join(home, 'mailbox.sqlite'))],
      ['a migration', () => finds(home, 'identity', `select from pg_class where relname = 'jwks'`)],
      ['a token key', () => finds(home, 'identity', 'select from jwks')],
      ['the operator', () => finds(home, 'identity', 'select from "user"')],
    ];
    for (const [what, reached] of moments) {
      await eventually(
        what,
        async () => {
          assert.equal(started.child.exitCode, null, started.printed());
          return /is ready/.test(started.printed()) || reached();
        },
        120_000,
      );
      await freeze(home);
    }
    const url = await ready(started);
    assert.equal((await call(url, 'GET', '/readyz')).status, 200);
    started.child.kill('SIGTERM');
    assert.equal(await started.exited, 0, started.printed());
  },
);

test('a later start survives it too, and says what it waits for', LINUX, async (t) => {
  const { home, start } = await temporaryHome(t);
  const first = start();
  await ready(first);
  first.child.kill('SIGTERM');
  assert.equal(await first.exited, 0, first.printed());

  const from = statSync(join(home, 'postgres.log')).size;
  const second = start();
  await eventually('the server', async () => accepts(home, from), 120_000);
  const thaw = freezeServer(home);
  await eventually('what it waits for', async () => /waiting for /.test(second.printed()), 60_000);
  thaw();
  await ready(second);
  second.child.kill('SIGTERM');
  assert.equal(await second.exited, 0, second.printed());
});

test('a frozen server that a killed start left is no other Orderbell', LINUX, async (t) => {
  const { home, start } = await temporaryHome(t);
  const first = start();
  await ready(first);
  const thaw = freezeServer(home);
  first.child.kill('SIGKILL');
  await first.exited;
  const second = start();
  try {
    await delay(FREEZE_MS);
  } finally {
    thaw();
  }
  await ready(second);

  const third = start();
  assert.equal(await third.exited, 1);
  const owner = new RegExp(`^another Orderbell is running on .*process ${second.child.pid}`);
  assert.match(complaint(third), owner);
});

/** A database server of the test's own, and a database for each service. */
async function ownServer(t: TestContext) {
  const home = await mkdtemp(join(tmpdir(), 'orderbell-frozen-'));
  await chmod(home, 0o755);
  const postgres = await startPostgres({ home, log: testLog, settings: { fsync: 'off' } });
  t.after(async () => {
    await postgres.stop();
    await rm(home, { recursive: true, force: true });
  });
  return { home, urlOf: (name: string) => postgres.ensureDatabase(name, 'secret') };
}

test('services alone wait for a database server that does not run', LINUX, async (t) => {
  const { home, urlOf } = await ownServer(t);
  const secrets = createSecrets();
  const SERVICE_PUBLIC_KEYS = await publicKeysOf(secrets);
  const broker = { BROKER_DATABASE_URL: await urlOf('broker') };
  const settings: Record<string, Record<string, string>> = {
    identity: {
      IDENTITY_DATABASE_URL: await urlOf('identity'),
      IDENTITY_SECRET: secrets.identitySecret,
      OPERATOR_EMAIL: 'operator@example.com',
      OPERATOR_PASSWORD: secrets.operatorPassword,
    },
    orders: { ORDERS_DATABASE_URL: await urlOf('orders'), ...broker },
    billing: { BILLING_DATABASE_URL: await urlOf('billing') },
    profiles: { PROFILES_DATABASE_URL: await urlOf('profiles') },
    notifications: {
      NOTIFICATIONS_DATABASE_URL: await urlOf('notifications'),
      NOTIFICATIONS_PRIVATE_KEY: secrets.notificationsKey,
      PROFILES_URL: 'http://127.0.0.1:1',
      SMTP_URL: 'smtp://127.0.0.1:1',
      ...broker,
    },
  };
  const thaw = freezeServer(home);
  const waiting = new Set<string>();
  const starts = Object.entries(settings).map(async ([name, own]) => {
    const onLine = (line: string) => {
      if (!/cannot be reached|waiting for/.test(line)) return;
      // The last one that waits ends the freeze.
      if (waiting.add(name).size === Object.keys(settings).length) thaw();
    };
    const service = await startServiceProcess(name, { SERVICE_PUBLIC_KEYS, ...own }, { onLine });
    t.after(() => service.close());
  });
  const isKey = () => finds(home, 'identity', 'select from jwks');
  const frozenAgain = eventually('a token key', isKey, 120_000).then(() => freeze(home));
  await Promise.all([...starts, frozenAgain]);
});
