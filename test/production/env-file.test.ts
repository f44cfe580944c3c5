import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '#dev/files/free-port.ts';
import { DATABASES, databaseSetting } from '#dev/system/databases.ts';
import { createSecrets } from '#dev/system/secrets.ts';
import { SERVICES } from '#dev/system/services.ts';
import { spawnNode } from '#harness/child-process.ts';
import { createTestDatabaseUrl } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { healthOf, publicKeysOf } from '#harness/system/processes.ts';
import { PASSWORD } from '#harness/system/system.ts';

// docs/reference/settings.md: one .env for all services of a machine.

const ROOT = join(import.meta.dirname, '..', '..');

test('one .env serves all services at once, with its keys in each of the documented forms', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-env-'));
  t.after(() => rm(folder, { recursive: true }));
  const secrets = createSecrets();
  const ports = new Map<string, number>();
  for (const name of SERVICES) ports.set(name, await freePort());
  await writeFile(join(folder, 'identity-secret'), `${secrets.identitySecret}\n`);
  const lines = [
    // Several lines in quotes, and one line with \n in it.
    `GATEWAY_PRIVATE_KEY="${secrets.gatewayKey}"`,
    `NOTIFICATIONS_PRIVATE_KEY='${secrets.notificationsKey.trim().replaceAll('\n', '\\n')}'`,
    `SERVICE_PUBLIC_KEYS='${await publicKeysOf(secrets)}'`,
    `IDENTITY_SECRET_FILE=${join(folder, 'identity-secret')}`,
    `WEBHOOKS_SECRET=${'w'.repeat(32)}`,
    'SMTP_URL=smtp://127.0.0.1:1',
    'MAIL_FROM="Shop #1 <orders@shop.example>"',
    // The port of no service: each has its own below.
    'PORT=1',
    'LOG_LEVEL=warn',
  ];
  for (const name of SERVICES) {
    const prefix = name.toUpperCase();
    lines.push(`${prefix}_URL=http://127.0.0.1:${ports.get(name)}`);
    lines.push(`${prefix}_PORT=${ports.get(name)}`);
  }
  for (const name of DATABASES) {
    lines.push(`${databaseSetting(name)}=${await createTestDatabaseUrl(t)}`);
  }
  await writeFile(join(folder, '.env'), `${lines.join('\n')}\n`);

  const all = SERVICES.map((name) =>
    spawnNode([`--env-file=${join(folder, '.env')}`, join(ROOT, 'services', name, 'main.ts')], {
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
      stopWithParent: true,
    }),
  );
  t.after(async () => {
    for (const { child } of all) child.kill('SIGKILL');
    await Promise.all(all.map(({ exited }) => exited));
  });
  await eventually('all to be ready', async () => {
    const ended = all.find(({ child }) => child.exitCode !== null);
    if (ended !== undefined) throw new Error(ended.printed());
    const urls = SERVICES.map((name) => `http://127.0.0.1:${ports.get(name)}`);
    const states = await Promise.all(urls.map((url) => healthOf(url, '/readyz')));
    return states.every((status) => status === 200);
  });
  // The gateway reaches identity and profiles, which accept its key.
  const body = { email: 'anna@example.com', password: PASSWORD, name: 'Anna' };
  const url = `http://127.0.0.1:${ports.get('gateway')}`;
  assert.equal((await call(url, 'POST', '/v1/registrations', { body })).status, 201);
});
