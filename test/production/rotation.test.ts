import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseEnv, promisify } from 'node:util';
import { settleAll } from '#dev/system/replica-set.ts';
import { queryRows } from '#harness/database.ts';
import { skipWithout } from '#harness/system/tools.ts';
import { restart } from './order-traffic.ts';
import { CALLEES, openTraffic, REPLICAS, temporaryFolder } from './rotation-traffic.ts';

// Keys of services, the secrets of identity and webhooks, and a database password are replaced by the commands of
// docs/how-to/rotate-secrets.md while customers order.

const ROTATED = ['gateway', 'notifications', 'identity-secret', 'webhooks-secret'];
const RESTARTED = [...CALLEES, 'webhooks'];
const KEYS = /^(\w+_PRIVATE_KEY|SERVICE_PUBLIC_KEYS|IDENTITY_SECRET\w*|WEBHOOKS_SECRET\w*)$/;
const ROOT = join(import.meta.dirname, '..', '..');

/** An installation by `npm run new-installation`, and its rotation by `npm run rotate`. */
async function openInstallation(t: TestContext) {
  const folder = await temporaryFolder(t);
  const run = (script: string, ...args: string[]) =>
    promisify(execFile)(
      process.execPath,
      ['dev/run.cjs', `dev/installation/${script}.ts`, ...args, '--out', join(folder, 'new')],
      { cwd: ROOT },
    );
  await run(
    'new-installation',
    ...['--postgres', 'db.example', '--kafka', 'a.example:1', '--smtp', 'smtp://mail.example'],
    ...['--mail-from', 'Orders <orders@shop.example>'],
  );
  return {
    rotate: (what: string, step: string) => run('rotate', what, step),
    /** The keys and secrets as they are in its `.env` now. */
    async keys(): Promise<Record<string, string>> {
      const env = parseEnv(await readFile(join(folder, 'new', '.env'), 'utf8'));
      return Object.fromEntries(Object.entries(env).filter(([name]) => KEYS.test(name))) as Record<
        string,
        string
      >;
    },
  };
}

/** Second login roles, as docs/how-to/rotate-secrets.md makes them. */
async function openLogin(t: TestContext, url: string): Promise<{ url: string; role: string }> {
  const role = `orders_${randomBytes(4).toString('hex')}`;
  const login = new URL(url);
  const owner = login.username;
  await queryRows(url, `create role ${role} login password '${role}' in role "${owner}"`);
  await queryRows(url, `alter role ${role} set role = "${owner}"`);
  t.after(() => queryRows(new URL('/postgres', url).href, `drop role ${role}`));
  login.username = role;
  login.password = role;
  return { url: login.href, role };
}

test('keys, secrets and passwords are replaced, and no order and no sign-in fails', {
  skip: skipWithout('haproxy'),
}, async (t) => {
  const installation = await openInstallation(t);
  const traffic = await openTraffic(t, await installation.keys(), true);
  const { system, haproxy } = traffic;
  const logins = [
    await openLogin(t, system.databaseUrl('orders')),
    await openLogin(t, system.databaseUrl('orders')),
  ] as const;

  async function restartAll(names: string[], more: Record<string, string> = {}): Promise<void> {
    const changes = { ...(await installation.keys()), ...more };
    for (let index = 0; index < REPLICAS; index++) {
      await settleAll(names.map((name) => restart(system, name, index, changes)));
      if (names.includes('gateway')) await haproxy.allUp();
    }
  }
  for (const what of ROTATED) await installation.rotate(what, 'add');
  await restartAll(RESTARTED, { ORDERS_DATABASE_URL: logins[0].url });
  traffic.say('the new ones are accepted');
  for (const what of ROTATED) await installation.rotate(what, 'switch');
  await restartAll(['gateway', 'notifications', 'identity', 'webhooks']);
  traffic.say('the new ones are used');
  for (const what of ROTATED) await installation.rotate(what, 'remove');
  await restartAll(RESTARTED, { ORDERS_DATABASE_URL: logins[1].url });
  await queryRows(system.databaseUrl('orders'), `alter role ${logins[0].role} nologin`);
  traffic.say('the old ones are gone');
  await traffic.end();
});
