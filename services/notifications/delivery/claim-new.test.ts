import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import {
  contactOf,
  type LetterBench,
  outcomesOf,
  startLetterBench as start,
} from '#harness/system/letter-workers.ts';
import { type NewLetter, newLetter } from '#harness/system/new-letter.ts';
import { insertLetters } from '../inbox/inbox-store.ts';
import { CLAIM_MAX } from './claim-store.ts';
import { BACKLOG_AGE_MS, BACKLOG_MIN, type LetterWorker, NEW_MAX } from './worker.ts';

/** A claim of new letters, once the worker has seen that no other letter waits. */
const claimOf = (worker: LetterWorker, count = 1) =>
  eventually('nothing waits in turn', async () => worker.claimNew(count, new Date()) ?? false);

/** Statements that claim letters, of the databases that it wraps. */
function countClaims(bench: LetterBench) {
  let claims = 0;
  const query = (...args: unknown[]) => {
    if ((args[0] as { name?: string }).name === 'claim-letters') claims += 1;
    return (bench.database.query as (...given: unknown[]) => unknown)(...args);
  };
  return {
    database: { ...bench.database, query } as LetterBench['database'],
    claims: () => claims,
  };
}

test('I6: a letter that is claimed while it is stored is sent once, without another claim', async (t) => {
  const bench = await start(t);
  const { database, claims } = countClaims(bench);
  const worker = bench.worker({ database, times: { pollMs: 600_000 } });
  const claim = await claimOf(worker, 2);
  const before = claims();
  const letters: NewLetter[] = [
    newLetter({ customerId: 'anna', occurredAt: '2026-11-22T21:30:00+03:00' }),
    newLetter({ customerId: 'boris' }),
  ];
  const stored = await insertLetters(bench.database, letters, claim);
  assert.equal(stored.length, 2);
  const [row] = await bench.sql(
    'select state, token, ready, attempt_count, due_at > now() as leased from letters limit 1',
  );
  const { token } = claim;
  assert.deepEqual(row, { state: 'sending', token, ready: false, attempt_count: 1, leased: true });
  // The event comes again before its letter is sent.
  assert.deepEqual(await insertLetters(bench.database, letters, claim), []);
  worker.take(stored);
  for (const { id } of letters) {
    const sent = await bench.until(id, 'sent', 1);
    assert.deepEqual(outcomesOf(sent), ['sent']);
    assert.equal(sent.unknown_outcomes, 0);
  }
  assert.equal(claims(), before);
  assert.equal(bench.server.messages.length, 2);
});

test('new letters queue before the first claim, behind a full one, and where there is no room', async (t) => {
  const bench = await start(t);
  const gate = Promise.withResolvers<void>();
  await bench.insert(...Array.from({ length: CLAIM_MAX }, (_, at) => `customer-${at}`));
  const worker = bench.worker({
    times: { pollMs: 600_000 },
    async lookUpContacts(ids) {
      await gate.promise;
      return new Map(ids.map((id) => [id, contactOf(id)]));
    },
  });
  assert.equal(worker.claimNew(1, new Date()), null);
  // The second claim finds nothing, so that nobody waits in turn.
  await claimOf(worker, NEW_MAX - CLAIM_MAX);
  assert.equal(worker.claimNew(NEW_MAX - CLAIM_MAX + 1, new Date()), null);
  // A letter that had to queue is waiting now, so that later ones queue behind it.
  assert.equal(worker.claimNew(1, new Date()), null);
  worker.take([]);
  await claimOf(worker);
  gate.resolve();
});

test('while a backlog is stored, a worker claims seldom', async (t) => {
  const bench = await start(t);
  await bench.insert(...Array.from({ length: 2 * CLAIM_MAX }, (_, at) => `customer-${at}`));
  const worker = bench.worker({ times: { pollMs: 600_000 } });
  const old = new Date(Date.now() - 2 * BACKLOG_AGE_MS);
  const started = performance.now();
  assert.equal(worker.claimNew(BACKLOG_MIN, old), null);
  const sent = (count: number) =>
    eventually(`${count} are sent`, async () => bench.server.messages.length >= count);
  await sent(CLAIM_MAX);
  // Each batch of the backlog calls the worker.
  worker.take([]);
  await sent(2 * CLAIM_MAX);
  assert.ok(performance.now() - started > 500);
});

test('young events that came faster than letters went slow no claim', async (t) => {
  const bench = await start(t);
  await bench.insert(...Array.from({ length: 2 * CLAIM_MAX }, (_, at) => `customer-${at}`));
  const times = { pollMs: 600_000, backlogMs: 600_000, backlogClaimMs: 600_000 };
  const worker = bench.worker({ times });
  assert.equal(worker.claimNew(BACKLOG_MIN, new Date()), null);
  const sent = (count: number) =>
    eventually(`${count} are sent`, async () => bench.server.messages.length >= count);
  await sent(CLAIM_MAX);
  worker.take([]);
  await sent(2 * CLAIM_MAX);
});

test('new letters queue while the mail server is paused', async (t) => {
  const bench = await start(t);
  let readiness: 'all' | 'none' = 'all';
  const worker = bench.worker({
    around: (mailer) => ({ ...mailer, readiness: () => readiness }),
  });
  await claimOf(worker);
  readiness = 'none';
  assert.equal(worker.claimNew(1, new Date()), null);
});

test('letters that come too late for a closed worker are given back', async (t) => {
  const bench = await start(t);
  const worker = bench.worker();
  const claim = await claimOf(worker);
  const letter = newLetter();
  const stored = await insertLetters(bench.database, [letter], claim);
  await worker.close();
  assert.equal(worker.claimNew(1, new Date()), null);
  worker.take(stored);
  const row = await bench.until(letter.id, 'queued', 0);
  assert.equal(row.attempt_count, 0);
  assert.equal(bench.server.messages.length, 0);
});
