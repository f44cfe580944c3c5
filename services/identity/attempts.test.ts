import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestDatabase, testLog } from '#harness/database.ts';
import { AppError } from '#platform/errors.ts';
import { createAttempts } from './attempts.ts';
import { deleteExpiredAttempts } from './attempts-store.ts';

const MIGRATIONS = new URL('migrations/', import.meta.url);
const LIMITS = {
  FAILED_SIGN_INS_PER_ACCOUNT: 1,
  FAILED_SIGN_INS_PER_ADDRESS: 1_000,
  SIGN_IN_WINDOW_S: 900,
  REGISTRATIONS_PER_ADDRESS: 1,
  REGISTRATION_WINDOW_S: 3600,
};
const at = (email: string, clientAddress = '::1') => ({ email, clientAddress });
const ANNA = at('anna@example.com');
const tooMany = (error: unknown): boolean =>
  error instanceof AppError && error.problem.code === 'too-many-requests';

test('a new window begins when the old one is over, and not earlier', async (t) => {
  const database = await createTestDatabase(t, MIGRATIONS);
  const attempts = createAttempts(database, LIMITS, testLog);
  await attempts.countRegistration(ANNA);
  await assert.rejects(attempts.countRegistration(ANNA), tooMany);
  await database.query(`update attempts set resets_at = now() + interval '2 minutes'`);
  await assert.rejects(attempts.countRegistration(ANNA), (error: AppError) => {
    const wait = Number(error.headers['retry-after']);
    return tooMany(error) && wait > 60 && wait <= 120;
  });
  await database.query(`update attempts set resets_at = now() - interval '1 millisecond'`);
  await attempts.countRegistration(ANNA);
  await assert.rejects(attempts.countRegistration(ANNA), tooMany);
});

test('attempts are counted exactly, however many come at once', async (t) => {
  const database = await createTestDatabase(t, MIGRATIONS);
  const replicas = [1, 2].map(() => createAttempts(database, LIMITS, testLog));
  await Promise.allSettled(
    Array.from({ length: 60 }, (_, i) => replicas[i % 2]?.countFailedSignIn(at(`${i % 3}`))),
  );
  const { rows } = await database.query(
    'select kind, subject, count from attempts order by subject, kind',
  );
  assert.deepEqual(
    rows.map(({ kind, subject, count }) => [kind, subject, count]),
    [
      ...['0', '1', '2'].flatMap((email) => [
        ['sign-in-account', email, 20],
        ['sign-in-pair', `${email} ::1`, 20],
      ]),
      ['sign-in-address', '::1', 60],
    ],
  );
});

test('counters whose window is over are removed in bounded batches', async (t) => {
  const database = await createTestDatabase(t, MIGRATIONS);
  const attempts = createAttempts(database, LIMITS, testLog);
  for (const email of ['a', 'b', 'c']) await attempts.countFailedSignIn(at(email, email));
  assert.equal(await deleteExpiredAttempts(database, 10), 0);
  await database.query(`update attempts set resets_at = now() - interval '1 second'`);
  assert.equal(await deleteExpiredAttempts(database, 4), 4);

  // Later attempts delete the remaining expired rows.
  for (let number = 0; number < 100; number++) {
    await attempts.countRegistration(at('a', `192.0.2.${number}`));
  }
  const { rows } = await database.query('select 1 from attempts where resets_at <= now()');
  assert.deepEqual(rows, []);
});

test('failures from many addresses slow an account down, and do not lock it', async (t) => {
  const database = await createTestDatabase(t, MIGRATIONS);
  const attempts = createAttempts(database, { ...LIMITS, FAILED_SIGN_INS_PER_ACCOUNT: 3 }, testLog);
  for (let number = 0; number < 50; number++) {
    await attempts.countFailedSignIn(at(ANNA.email, `192.0.2.${number}`));
  }
  const asked: string[] = [];
  const attempt = (clientAddress: string, known: boolean) =>
    attempts.admitSignIn({
      ...at(ANNA.email, clientAddress),
      async isKnown() {
        asked.push(clientAddress);
        return known;
      },
    });
  await attempt('198.51.100.1', false);
  await attempt('198.51.100.2', true);
  assert.deepEqual(asked, ['198.51.100.1', '198.51.100.2']);
  // Other accounts do not wait, and are not asked about.
  await attempts.admitSignIn({ ...at('boris@example.com'), isKnown: () => assert.fail('asked') });
});

test('after a reset by a letter its client address needs no luck in the lane', async (t) => {
  const database = await createTestDatabase(t, MIGRATIONS);
  const attempts = createAttempts(database, LIMITS, testLog);
  for (let number = 0; number < 6; number++) {
    await attempts.countFailedSignIn(at(ANNA.email, `198.51.100.${number}`));
  }
  await attempts.welcomeAgain(at(ANNA.email, '198.51.100.1'));
  const admit = (one: typeof ANNA) => attempts.admitSignIn({ ...one, isKnown: async () => false });
  // More than the lane takes.
  await Promise.all(Array.from({ length: 30 }, () => admit(at(ANNA.email, '198.51.100.1'))));
  // Of this account, and as often as any other may fail there.
  await assert.rejects(admit(at(ANNA.email, '198.51.100.2')), tooMany);
  await assert.rejects(
    attempts
      .countFailedSignIn(at(ANNA.email, '198.51.100.1'))
      .then(() => admit(at(ANNA.email, '198.51.100.1'))),
    tooMany,
  );
});

test('a full lane draws lots, and what loses is counted', async (t) => {
  const database = await createTestDatabase(t, MIGRATIONS);
  const attempts = createAttempts(database, LIMITS, testLog);
  for (let number = 0; number < 6; number++) {
    await attempts.countFailedSignIn(at(ANNA.email, `198.51.100.${number}`));
  }
  const isKnown = async () => false;
  const results = await Promise.allSettled(
    Array.from({ length: 30 }, (_, index) =>
      attempts.admitSignIn({ ...at(ANNA.email, `192.0.2.${index}`), isKnown }),
    ),
  );
  const lost = results.filter((result) => result.status === 'rejected');
  // More than the 8 places where the machine is so slow that some come after others have passed.
  assert.ok(lost.length > 0 && results.length - lost.length >= 8, `${lost.length} lost`);
  assert.ok(lost.every(({ reason }) => tooMany(reason) && reason.headers['retry-after'] === '3'));
  const { rows } = await database.query(
    `select count(*)::int as lost from attempts where kind = 'sign-in-pair' and subject like '%192.0%'`,
  );
  assert.deepEqual(rows, [{ lost: lost.length }]);
});
