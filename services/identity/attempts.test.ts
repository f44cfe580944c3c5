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
const tooMany = (error: unknown): boolean =>
  error instanceof AppError && error.problem.code === 'too-many-requests';

test('a new window begins when the old one is over, and not earlier', async (t) => {
  const database = await createTestDatabase(t, MIGRATIONS);
  const attempts = createAttempts(database, LIMITS, testLog);
  await attempts.countRegistration('::1');
  await assert.rejects(attempts.countRegistration('::1'), tooMany);
  await database.query(`update attempts set resets_at = now() + interval '2 minutes'`);
  await assert.rejects(attempts.countRegistration('::1'), (error: AppError) => {
    const wait = Number(error.headers['retry-after']);
    return tooMany(error) && wait > 60 && wait <= 120;
  });
  await database.query(`update attempts set resets_at = now() - interval '1 millisecond'`);
  await attempts.countRegistration('::1');
  await assert.rejects(attempts.countRegistration('::1'), tooMany);
});

test('attempts are counted exactly, however many come at once', async (t) => {
  const database = await createTestDatabase(t, MIGRATIONS);
  const replicas = [1, 2].map(() => createAttempts(database, LIMITS, testLog));
  await Promise.allSettled(
    Array.from({ length: 60 }, (_, i) => replicas[i % 2]?.countFailedSignIn(`${i % 3}`, '::1')),
  );
  const { rows } = await database.query('select subject, count from attempts order by subject');
  assert.deepEqual(
    rows.map(({ subject, count }) => [subject, count]),
    [
      ['0', 20],
      ['1', 20],
      ['2', 20],
      ['::1', 60],
    ],
  );
});

test('counters whose window is over are removed in bounded batches', async (t) => {
  const database = await createTestDatabase(t, MIGRATIONS);
  const attempts = createAttempts(database, LIMITS, testLog);
  for (const email of ['a', 'b', 'c']) await attempts.countFailedSignIn(email, '::1');
  assert.equal(await deleteExpiredAttempts(database, 10), 0);
  await database.query(`update attempts set resets_at = now() - interval '1 second'`);
  assert.equal(await deleteExpiredAttempts(database, 3), 3);

  // Later attempts delete the remaining expired rows.
  for (let number = 0; number < 100; number++) {
    await attempts.countRegistration(`192.0.2.${number}`);
  }
  const { rows } = await database.query('select 1 from attempts where resets_at <= now()');
  assert.deepEqual(rows, []);
});
