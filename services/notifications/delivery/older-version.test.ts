import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import {
  type LetterBench,
  SENDER,
  startLetterBench as start,
} from '#harness/system/letter-workers.ts';
import { letterOf, stagesOf } from '../api/letter-view.ts';
import { claimLetters } from './claim-store.ts';
import { markCommitting } from './delivery-store.ts';

// Replicas of the version before letters had their event run at the same time.

/** A letter as that version stores it. @returns its id */
async function insertAsBefore({ sql }: LetterBench): Promise<string> {
  const id = randomUUIDv7();
  await sql(
    `insert into letters (id, order_id, customer_id, kind, total_amount, currency, reason,
        occurred_at, template_version, partition, "offset", traceparent)
      values ($1, $2, 'anna', 'grief', 50000, 'RUB', 'voided', '2026-11-22T18:30:00.123Z', 1, 0, 0,
        null)`,
    [id, randomUUID()],
  );
  return id;
}

test('a letter of an older version is sent and shown from its columns', async (t) => {
  const bench = await start(t);
  const id = await insertAsBefore(bench);
  bench.worker();
  const row = await bench.until(id, 'sent', 1);
  assert.equal(row.event, null);
  const { text, kind } = letterOf(row, SENDER);
  assert.equal(kind, 'grief');
  assert.match(text ?? '', /не удалось завершить вовремя/);
  assert.match(text ?? '', /500,00/);
  assert.equal(bench.server.messages.length, 1);
});

test('a new letter has the columns that an older version reads', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  const [row] = await bench.sql(
    `select order_id = (event ->> 'orderId')::uuid as same_order, customer_id, kind, total_amount,
        currency, reason, occurred_at, template_version
      from letters where id = $1`,
    [id],
  );
  assert.deepEqual(row, {
    same_order: true,
    customer_id: 'anna',
    kind: 'happiness',
    total_amount: '50000',
    currency: 'RUB',
    reason: null,
    occurred_at: new Date('2026-11-22T18:30:00.123Z'),
    template_version: 1,
  });
});

test('I6: a replica of that version that takes over a marked letter counts it and repeats it', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  const token = randomUUID();
  await claimLetters(bench.database, { token, leaseMs: 1, limit: 1, except: [], after: '' });
  const recipient = { to: 'anna@example.com', name: 'Anna', locale: 'ru' } as const;
  await markCommitting(bench.database, token, [{ id, recipient }]);
  // Its claim, in short; it repeats to the same recipient where the count is above 0.
  const taken = await bench.sql(
    `update letters set token = $1, attempt_count = attempt_count + 1,
        unknown_outcomes = unknown_outcomes + (state = 'committing')::int
      returning unknown_outcomes, recipient`,
    [randomUUID()],
  );
  assert.deepEqual(taken, [{ unknown_outcomes: 1, recipient: 'anna@example.com' }]);
  // It died too, after a marker of its own.
  await bench.sql("update letters set state = 'committing', due_at = now() - interval '1 s'");
  bench.worker();
  const row = await bench.until(id, 'sent', 2);
  assert.equal(row.unknown_outcomes, 2);
});

test('attempts of an older version have their stage from the text of their error', async (t) => {
  const bench = await start(t);
  const [id = ''] = await bench.insert('anna');
  const errors = ['profiles: no answer', 'the customer has no profile yet', 'connection refused'];
  for (const [at, error] of errors.entries()) {
    await bench.sql(
      `insert into letter_attempts (letter_id, number, started_at, duration_ms, outcome, error)
        values ($1, $2, now(), 1, 'transient', $3)`,
      [id, at + 1, error],
    );
  }
  assert.deepEqual(stagesOf(await bench.letter(id)), [
    { number: 1, stage: 'contact' },
    { number: 2, stage: 'contact' },
  ]);
});
