import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createTestDatabase } from '#harness/database.ts';
import { newLetter } from '#harness/system/new-letter.ts';
import { rub } from '#harness/system/system.ts';
import { insertRepair } from '#platform/postgres/repair-log.ts';
import { insertLetters } from '../inbox/inbox-store.ts';
import { auditLetters, type LetterBounds } from './audit-store.ts';

const idOf = (number: number, kind = 'a') => `00000000-0000-7000-8000-${kind}0000000000${number}`;

/** Inserts letters of these orders. Each id contains the order's number and the letter's. */
async function start(t: TestContext, letters: [order: number, letter: number][]) {
  const database = await createTestDatabase(t, new URL('../migrations/', import.meta.url));
  await insertLetters(
    database,
    letters.map(([order, letter]) =>
      newLetter(
        {
          orderId: idOf(order),
          status: 'Cancelled',
          reason: 'voided',
          total: rub(500),
        },
        { id: idOf(letter, 'c'), offset: BigInt(letter) },
      ),
    ),
  );
  return {
    database,
    audit: (bounds: Partial<LetterBounds> = {}) =>
      auditLetters(database, { limit: 500, ...bounds }),
  };
}

test('the audit returns letters as orders requested them; one in `committing` is still being sent', async (t) => {
  const { database, audit } = await start(t, [[1, 1]]);
  const letter = {
    id: idOf(1, 'c'),
    orderId: idOf(1),
    customerId: 'anna',
    kind: 'grief',
    reason: 'voided',
    total: rub(500),
    state: 'queued',
    acknowledged: false,
  };
  assert.deepEqual(await audit(), [letter]);
  for (const [state, shown] of [
    ['sending', 'sending'],
    ['committing', 'sending'],
    ['sent', 'sent'],
    ['failed', 'failed'],
  ]) {
    await database.query(`update letters set state = $1, recipient = 'a@example.com'`, [state]);
    assert.deepEqual(await audit(), [{ ...letter, state: shown }]);
  }
});

test('an acknowledged letter is marked as acknowledged, and no other', async (t) => {
  const { database, audit } = await start(t, [
    [1, 1],
    [1, 2],
  ]);
  const repair = { step: 'acknowledge', detail: {}, reason: 'drill', madeBy: 'olga' };
  const subject = idOf(2, 'c');
  const trail = { subject: { letterId: subject } };
  assert.equal(await insertRepair(database, { ...repair, subject, audit: trail }), true);
  assert.equal(await insertRepair(database, { ...repair, subject, audit: trail }), false);
  assert.deepEqual(
    (await audit()).map(({ acknowledged }) => acknowledged),
    [false, true],
  );
});

test('letters come by order and id, within the bounds', async (t) => {
  const { audit } = await start(t, [
    [3, 1],
    [1, 2],
    [2, 5],
    [2, 3],
    [2, 4],
  ]);
  const bounds: [Partial<LetterBounds>, number[]][] = [
    [{}, [2, 3, 4, 5, 1]],
    [{ limit: 2 }, [2, 3]],
    [{ after: idOf(1) }, [3, 4, 5, 1]],
    [{ after: idOf(2), afterLetter: idOf(3, 'c') }, [4, 5, 1]],
    [{ after: idOf(2), afterLetter: idOf(3, 'c'), through: idOf(2) }, [4, 5]],
    [{ after: idOf(2), afterLetter: idOf(3, 'c'), through: idOf(2), limit: 1 }, [4]],
    [{ after: idOf(2) }, [1]],
    [{ through: idOf(1) }, [2]],
    [{ after: idOf(3) }, []],
  ];
  for (const [given, expected] of bounds) {
    const ids = (await audit(given)).map(({ id }) => id);
    assert.deepEqual(
      ids,
      expected.map((number) => idOf(number, 'c')),
      JSON.stringify(given),
    );
  }
});
