import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createTestDatabase } from '#harness/database.ts';
import type { NewLetterRow } from '../delivery/letter-store.ts';
import { createInbox } from './inbox.ts';

const MIGRATIONS = new URL('../migrations/', import.meta.url);

function letter(changes: Partial<NewLetterRow> = {}): NewLetterRow {
  return {
    id: randomUUID(),
    orderId: randomUUID(),
    customerId: 'anna',
    kind: 'happiness',
    totalAmount: 500,
    currency: 'RUB',
    reason: null,
    templateVersion: 1,
    traceparent: null,
    occurredAt: '2026-11-22T18:30:00.123Z',
    partition: 0,
    offset: 0n,
    ...changes,
  };
}

test('what several partitions bring at the same time is stored in one transaction', async (t) => {
  const database = await createTestDatabase(t, MIGRATIONS);
  const storeAll = createInbox(database);
  const again = letter();
  const parts = [[again, letter()], [letter()], [again]];
  await Promise.all(parts.map((letters) => storeAll(letters, [])));
  const { rows } = await database.query(
    'select count(*)::int as letters, count(distinct xmin::text)::int as transactions from letters',
  );
  assert.deepEqual(rows, [{ letters: 3, transactions: 1 }]);
});

test('content that the database refuses fails its own partition only', async (t) => {
  const database = await createTestDatabase(t, MIGRATIONS);
  const storeAll = createInbox(database);
  const results = await Promise.allSettled([
    storeAll([letter()], []),
    storeAll([letter({ customerId: 'nobody\u0000' })], []),
    storeAll([letter()], []),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.equal((await database.query('select from letters')).rowCount, 2);
});
