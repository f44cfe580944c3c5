import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { parseEnv, promisify } from 'node:util';
import { settleAll } from '#dev/system/replica-set.ts';
import { startServiceProcess } from '#dev/system/service-process.ts';
import { type Certificate, createCertificate } from '#harness/certificate.ts';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { call } from '#harness/requests.ts';
import { PASSWORD, startTestSystem, type TestSystem } from '#harness/system/system.ts';
import { skipWithout } from '#harness/system/tools.ts';
import { RENEWAL_MS } from '#platform/config/renewed-settings.ts';
import { restart, startHaproxy, startOrders } from './order-traffic.ts';

// All that docs/how-to/rotate-secrets.md replaces, by its commands, while customers order: keys of
// services, the secret of identity, a database password, and the certificates of mutual TLS.

const REPLICAS = 2;
// Few: the restarts take the processors.
const ORDERS_PER_SECOND = 5;
const CALLEES = ['profiles', 'billing', 'orders', 'identity', 'notifications'];
// Gateway and notifications.
const CALLERS = 2;
const ROTATED = ['gateway', 'notifications', 'identity-secret'];
const KEYS = /^(\w+_PRIVATE_KEY|SERVICE_PUBLIC_KEYS|IDENTITY_SECRET\w*)$/;
const ROOT = join(import.meta.dirname, '..', '..');
const GATEWAY_STOP_DELAY_MS = 4_000;
const STOP_TIMEOUT_MS = GATEWAY_STOP_DELAY_MS + 12_000;

// Processes look at their certificates five times a second, not once a minute.
const OFTEN = `data:text/javascript,${encodeURIComponent(`
  const { setInterval: original } = globalThis;
  globalThis.setInterval = (work, ms, ...rest) =>
    original(work, ms === ${RENEWAL_MS} ? 200 : ms, ...rest);`)}`;

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-rotation-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

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

/** Files of certificates for all services, which each of them shows as server and as client. */
async function openCertificates(t: TestContext, authority: Certificate) {
  const folder = await temporaryFolder(t);
  const path = (name: string) => join(folder, name);
  async function write(name: string, text: string): Promise<void> {
    await writeFile(path('draft'), text);
    await rename(path('draft'), path(name));
  }
  const authorities = (...all: Certificate[]) =>
    write('ca.crt', all.map(({ cert }) => cert).join('\n'));
  async function certificate(ca: Certificate): Promise<void> {
    const { cert, private: key } = await createCertificate('127.0.0.1', { ca });
    await write('tls.key', key);
    await write('tls.crt', cert);
  }
  await authorities(authority);
  await certificate(authority);
  return {
    authorities,
    certificate,
    settings: {
      TLS_CERTIFICATE_FILE: path('tls.crt'),
      TLS_KEY_FILE: path('tls.key'),
      // The gateways' clients have no certificates.
      ...Object.fromEntries(
        CALLEES.map((name) => [`${name.toUpperCase()}_TLS_CLIENT_CA_FILE`, path('ca.crt')]),
      ),
      SERVICES_TLS_CA_FILE: path('ca.crt'),
      SERVICES_TLS_CERTIFICATE_FILE: path('tls.crt'),
      SERVICES_TLS_KEY_FILE: path('tls.key'),
    },
    /** For a proxy, which reads its file at its start only. */
    async trustedByProxy(...all: Certificate[]): Promise<string> {
      await write('proxy.crt', all.map(({ cert }) => cert).join('\n'));
      return `ssl verify required ca-file ${path('proxy.crt')}`;
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

/** Signs a customer in twice a second. @returns ends it, with the answers that failed */
async function startSignIns(system: TestSystem, url: string) {
  const { email } = await system.customer();
  const failed: string[] = [];
  let running = true;
  const done = (async () => {
    while (running) {
      const body = { email, password: PASSWORD };
      const answer = await call(url, 'POST', '/v1/sessions', { body }).catch(String);
      if (typeof answer === 'string') failed.push(answer);
      else if (answer.status !== 200) failed.push(JSON.stringify(answer.body));
      await pause(500);
    }
  })();
  return async () => {
    running = false;
    await done;
    return failed;
  };
}

/** Two replicas of each service behind HAProxy, with customers who order and sign in. */
async function openTraffic(t: TestContext, settings: Record<string, string>, tls?: string) {
  const begin = performance.now();
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(`${Math.round(performance.now() - begin)} ms ${line}`);
  };
  const system = await startTestSystem(
    t,
    {
      ...settings,
      // So that no answer depends on how busy the machine is.
      ORDER_DEADLINE_MS: '60000',
      RECOVERY_AGE_MS: '600000',
      ORDERS_IN_FLIGHT_MAX: '10000',
      LOG_REQUESTS: 'false',
    },
    {
      replicasOf: () => REPLICAS,
      startService(name, env) {
        const delayMs = name === 'gateway' ? GATEWAY_STOP_DELAY_MS : 0;
        return startServiceProcess(
          name,
          { ...env, STOP_DELAY_MS: String(delayMs) },
          { stopTimeoutMs: STOP_TIMEOUT_MS, onLine, imports: [OFTEN] },
        );
      },
    },
  );
  const haproxy = await startHaproxy(t, system.urlsOf('gateway'), onLine, tls);
  await haproxy.allUp();
  const orders = await startOrders(system, haproxy.url, begin, ORDERS_PER_SECOND);
  const endSignIns = await startSignIns(system, haproxy.url);
  return {
    system,
    haproxy,
    lines,
    say: (what: string) => t.diagnostic(`${what} after ${orders.count()} orders`),
    async end(): Promise<void> {
      const { failed, history } = await orders.stop();
      const faults = [...failed, ...(await endSignIns())];
      if (faults.length > 0) console.error(lines.join('\n'));
      assert.deepEqual(faults, []);
      await assertReconciled(system, history);
    },
  };
}

test('keys, secrets and passwords are replaced, and no order and no sign-in fails', {
  skip: skipWithout('haproxy'),
}, async (t) => {
  const installation = await openInstallation(t);
  const traffic = await openTraffic(t, await installation.keys());
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
  await restartAll(CALLEES, { ORDERS_DATABASE_URL: logins[0].url });
  traffic.say('the new ones are accepted');
  for (const what of ROTATED) await installation.rotate(what, 'switch');
  await restartAll(['gateway', 'notifications', 'identity']);
  traffic.say('the new ones are used');
  for (const what of ROTATED) await installation.rotate(what, 'remove');
  await restartAll(CALLEES, { ORDERS_DATABASE_URL: logins[1].url });
  await queryRows(system.databaseUrl('orders'), `alter role ${logins[0].role} nologin`);
  traffic.say('the old ones are gone');
  await traffic.end();
});

test('certificates and the authority of mutual TLS are replaced, and nothing fails', {
  skip: skipWithout('haproxy'),
}, async (t) => {
  const [first, second] = [await createCertificate('ca.1'), await createCertificate('ca.2')];
  const known = getCACertificates('default');
  setDefaultCACertificates([...known, first.cert, second.cert]);
  t.after(() => setDefaultCACertificates(known));
  const certificates = await openCertificates(t, first);
  const tls = await certificates.trustedByProxy(first, second);
  const traffic = await openTraffic(t, certificates.settings, tls);
  const { lines } = traffic;
  /** @param listeners how many services read the changed files for their listener */
  async function renewed(change: Promise<void>, listeners: number): Promise<void> {
    const before = lines.length;
    await change;
    await eventually('all to take it over', async () => {
      const said = lines.slice(before).join('\n');
      const count = (what: RegExp) => (said.match(what) ?? []).length;
      return (
        count(/\(TLS_CERTIFICATE\) was renewed/g) >= REPLICAS * listeners &&
        count(/\(SERVICES_TLS_…\) was renewed/g) >= REPLICAS * CALLERS
      );
    });
  }
  const all = CALLEES.length + 1;
  await renewed(certificates.certificate(first), all);
  // Both are trusted while one replaces the other.
  await renewed(certificates.authorities(first, second), CALLEES.length);
  await renewed(certificates.certificate(second), all);
  traffic.say('certificates and their authority are replaced');
  await traffic.end();
  const url = traffic.system.urlsOf('orders')[0] as string;
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.equal((await fetch(`${url}/metrics`)).status, 403);
});
