import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { identityProblems } from '#contracts/identity.ts';
import { startTestService, testKeyOf } from '#harness/system/internal-service.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { publicKeyOf } from '#platform/http/service-token.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { IdentityConfig, service, startIdentity as startService } from './service.ts';
import { createSignInWatch, type LockOut } from './sign-in-watch.ts';

const GIVEN = { email: 'Anna.Secret@example.com', clientAddress: '192.0.2.77' };
const failed = new AppError(identityProblems.signInFailed, 'no');
const locked = new AppError(commonProblems.tooMany, 'no', { headers: { 'retry-after': '60' } });

function watchWith(record: (lockOut: LockOut) => Promise<void> = async () => {}) {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const log = pino(stream);
  const metrics = createMetrics(log);
  const recorded: LockOut[] = [];
  const watch = createSignInWatch({
    metrics,
    log,
    secret: 'secret',
    findAccountId: async (email) => (email.startsWith('boris') ? 'boris-id' : null),
    async record(lockOut) {
      recorded.push(lockOut);
      await record(lockOut);
    },
  });
  const refuse = (error: Error, given = GIVEN) =>
    assert.rejects(
      watch('lock-out-sign-in', given, () => Promise.reject(error)),
      error,
    );
  const counts = async () => {
    const text = await metrics.scrape();
    return Object.fromEntries(
      [...text.matchAll(/orderbell_sign_ins_total\{outcome="(\w+)"\} (\d+)/g)].map(
        ([, outcome, count]) => [outcome, Number(count)],
      ),
    );
  };
  return { watch, refuse, counts, lines, recorded };
}

test('sign-ins are counted by outcome, and failures are one line without an address', async () => {
  const { watch, refuse, counts, lines } = watchWith();
  assert.equal(await watch('lock-out-sign-in', GIVEN, async () => 7), 7);
  for (let time = 0; time < 50; time++) await refuse(failed);
  await refuse(locked);
  // Neither a success nor a failure of the person who signs in.
  await refuse(new Error('the database is away'));
  assert.deepEqual(await counts(), { succeeded: 1, failed: 50, locked: 1 });
  assert.equal(lines.length, 2, lines.join(''));
  assert.doesNotMatch(lines.join(''), /anna|example|192\.0/i);
});

test('a lock-out is recorded once while it lasts, without an address', async () => {
  const { refuse, recorded } = watchWith();
  for (let time = 0; time < 5; time++) await refuse(locked);
  await refuse(locked, { ...GIVEN, email: 'anna.SECRET@example.com' });
  await refuse(locked, { ...GIVEN, email: 'boris@example.com' });
  assert.equal(recorded.length, 2);
  const [unknown, known] = recorded as [LockOut, LockOut];
  assert.match(unknown.subject.accountHash ?? '', /^[0-9a-f]{32}$/);
  assert.equal(known.subject.customerId, 'boris-id');
  assert.equal(known.subject.accountHash, undefined);
  assert.equal(known.subject.clientHash, unknown.subject.clientHash);
  assert.doesNotMatch(JSON.stringify(recorded), /secret|example|192\.0/i);
});

test('a lock-out that could not be recorded is recorded by the next refusal', async () => {
  let fault: Error | null = new Error('the database is away');
  const { refuse, recorded } = watchWith(async () => {
    if (fault !== null) throw fault;
  });
  await refuse(locked);
  fault = null;
  await refuse(locked);
  await refuse(locked);
  assert.equal(recorded.length, 2);
});

const OPERATOR = { OPERATOR_EMAIL: 'olga@example.com', OPERATOR_PASSWORD: 'a password of hers' };
const SECRET = { IDENTITY_SECRET: 'kq8Zt3Vx0pLm7Rw2Yc5Nh9Bd4Gf6Js1A' };

async function startIdentity(t: TestContext, settings: Record<string, string> = {}) {
  const identity = await startTestService(t, service, { ...SECRET, ...settings });
  const post = (path: string, body: object) =>
    identity.call('POST', path, { clientAddress: GIVEN.clientAddress, ...body });
  const trail = async () =>
    (await identity.call('GET', '/audit-trail?limit=100')).body.data as {
      action: string;
      actor: string | null;
      subject: Record<string, string>;
      after: { until: string } | null;
    }[];
  return { ...identity, post, trail };
}

test('lock-outs of identity are in its trail, once in a window', async (t) => {
  const limits = { FAILED_SIGN_INS_PER_ACCOUNT: '2', REGISTRATIONS_PER_ADDRESS: '1' };
  const identity = await startIdentity(t, limits);
  const account = { email: 'anna@example.com', password: 'correct horse battery' };
  const { customerId } = (await identity.post('/accounts', account)).body;
  const statuses: number[] = [];
  for (let time = 0; time < 6; time++) {
    const wrong = { ...account, password: 'wrong horse battery' };
    statuses.push((await identity.post('/sessions', wrong)).status);
  }
  assert.ok(statuses.includes(401) && statuses.at(-1) === 429, String(statuses));
  const another = { ...account, email: 'vera@example.com' };
  for (let time = 0; time < 3; time++) {
    assert.equal((await identity.post('/accounts', another)).status, 429);
  }
  const entries = await identity.trail();
  assert.deepEqual(
    entries.map(({ action, actor }) => [action, actor]),
    [
      ['lock-out-registration', null],
      ['lock-out-sign-in', null],
    ],
  );
  const [ofRegistration, ofSignIn] = entries;
  assert.equal(ofSignIn?.subject.customerId, customerId);
  assert.match(ofRegistration?.subject.accountHash ?? '', /^[0-9a-f]{32}$/);
  assert.ok(new Date(ofSignIn?.after?.until ?? 0) > new Date());
  assert.doesNotMatch(JSON.stringify(entries), /example|192\.0\.2/);
});

test('wrong passwords at a change and at an erasure count as failed sign-ins', async (t) => {
  const identity = await startIdentity(t, { FAILED_SIGN_INS_PER_ACCOUNT: '2' });
  const account = { email: 'anna@example.com', password: 'correct horse battery' };
  const { customerId } = (await identity.post('/accounts', account)).body;
  const { clientAddress } = GIVEN;
  const change = { currentPassword: 'wrong horse', newPassword: 'another good one', clientAddress };
  const changed = await identity.call('PUT', `/accounts/${customerId}/password`, change);
  const check = () =>
    identity.post(`/accounts/${customerId}/password`, { password: 'wrong horse' });
  assert.deepEqual([changed.status, (await check()).status], [403, 403]);
  for (const { status } of [
    await check(),
    await identity.call('PUT', `/accounts/${customerId}/password`, change),
  ]) {
    assert.equal(status, 429);
  }
  const { body } = await identity.call('GET', '/metrics');
  assert.match(body, /^orderbell_sign_ins_total\{outcome="failed"\} 2$/m);
  assert.match(body, /^orderbell_sign_ins_total\{outcome="locked"\} 2$/m);
  const entries = await identity.trail();
  assert.deepEqual(
    entries.map(({ action, subject }) => [action, subject.customerId]),
    [['lock-out-sign-in', customerId]],
  );
});

test('what a start changes of the operator is in the trail', async (t) => {
  const identity = await startIdentity(t, OPERATOR);
  const actions = async () => (await identity.trail()).map(({ action }) => action);
  assert.deepEqual(await actions(), ['create-operator']);
  const url = identity.databaseUrl('IDENTITY_DATABASE_URL');
  const key = await publicKeyOf('gateway', testKeyOf('gateway'));
  const again = async (settings: Record<string, string>) => {
    const config = loadConfig('identity', IdentityConfig, {
      ...SECRET,
      ...settings,
      IDENTITY_DATABASE_URL: url,
      SERVICE_PUBLIC_KEYS: JSON.stringify({ keys: [key] }),
    });
    await (await startService(config, pino({ level: 'silent' }))).close();
  };
  await again(OPERATOR);
  assert.deepEqual(await actions(), ['create-operator'], 'nothing changed');
  await again({ ...OPERATOR, OPERATOR_PASSWORD: 'another password' });
  assert.deepEqual(await actions(), ['set-operator-password', 'create-operator']);
  await again({ ...OPERATOR, OPERATOR_EMAIL: 'vera@example.com' });
  assert.deepEqual((await actions()).slice(0, 2), ['change-role', 'create-operator']);
});
