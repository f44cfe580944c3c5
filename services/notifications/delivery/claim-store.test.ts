import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { type LetterBench, startLetterBench as start } from '#harness/system/letter-workers.ts';
import { CLAIM_MAX, claimLetters, makeReady } from './claim-store.ts';
import { recordFailure, renewLeases } from './delivery-store.ts';

const token = randomUUID();

const claim = (bench: LetterBench, change: { after?: string; except?: string[] } = {}) =>
  claimLetters(bench.database, {
    token,
    leaseMs: 60_000,
    limit: CLAIM_MAX,
    except: [],
    after: '',
    ...change,
  });

/** Letters of one customer, an hour older than any other, the oldest first. */
async function flood(bench: LetterBench, customerId: string, count: number): Promise<string[]> {
  const ids = await bench.insert(...Array.from({ length: count }, () => customerId));
  await bench.sql(
    `update letters set due_at = now() - interval '1 hour' + number * interval '1 ms'
      from unnest($1::uuid[]) with ordinality as flood (id, number) where letters.id = flood.id`,
    [ids],
  );
  return ids;
}

test('the letters of others are in the first claim, however many one customer has', async (t) => {
  const bench = await start(t);
  await flood(bench, 'flood', 1_000);
  const others = await bench.insert('adam', 'zoe');
  const { letters } = await claim(bench);
  assert.equal(letters.length, CLAIM_MAX);
  const claimed = new Set(letters.map(({ id }) => id));
  assert.deepEqual(
    others.filter((id) => !claimed.has(id)),
    [],
  );
  assert.equal(claimed.size, CLAIM_MAX);
});

test('one customer alone gets full claims, the oldest letters first', async (t) => {
  const bench = await start(t);
  const ids = await flood(bench, 'flood', 2 * CLAIM_MAX + 1);
  const claims: string[][] = [];
  for (let number = 1; number <= 3; number++) {
    const { letters, after } = await claim(bench);
    assert.equal(after, '');
    claims.push(letters.map(({ id }) => id).sort());
  }
  const parts = [0, 1, 2].map((part) => ids.slice(part * CLAIM_MAX, (part + 1) * CLAIM_MAX).sort());
  assert.deepEqual(claims, parts);
});

test('where more customers wait than a claim has room for, the next one goes on behind it', async (t) => {
  const bench = await start(t);
  const customers = Array.from({ length: 100 }, (_, number) => `customer-${number + 100}`);
  // Twice, so that the first of them wait again when the turn goes on.
  await bench.insert(...customers, ...customers);
  const first = await claim(bench);
  const namesOf = ({ letters }: typeof first) => letters.map(({ customerId }) => customerId).sort();
  assert.deepEqual(namesOf(first), customers.slice(0, CLAIM_MAX));
  assert.equal(first.after, customers[CLAIM_MAX - 1]);
  const second = await claim(bench, first);
  assert.equal(second.letters.length, CLAIM_MAX);
  const served = new Set([...namesOf(first), ...namesOf(second)]);
  assert.deepEqual([...served].sort(), customers);
  assert.equal(second.after, '');
});

test('a letter that waits for its next try or is leased is claimed when that is over', async (t) => {
  const bench = await start(t);
  const [retried = '', leased = ''] = await bench.insert('anna', 'boris');
  const claimedNow = async (except: string[] = []) => {
    await makeReady(bench.database);
    return (await claim(bench, { except })).letters.map(({ id }) => id).sort();
  };
  assert.deepEqual(await claimedNow(), [retried, leased].sort());
  const failure = { failure: '450', unknownOutcomes: 0 };
  await recordFailure(bench.database, retried, token, {
    state: 'queued',
    retryInMs: 60_000,
    ...failure,
  });
  assert.deepEqual(await claimedNow(), []);

  await bench.sql("update letters set due_at = now() - interval '1 s'");
  assert.deepEqual(await claimedNow([retried, leased]), []);
  // The letter is ready by now, and its holder renews the lease.
  await renewLeases(bench.database, { ids: [leased], token, leaseMs: 60_000 });
  assert.deepEqual(await claimedNow(), [retried]);
  await bench.sql("update letters set due_at = now() - interval '1 s'");
  assert.deepEqual(await claimedNow(), [retried, leased].sort());
});

test('a worker sends the letter of another within its first claim, and all of the flood', async (t) => {
  const bench = await start(t);
  const ids = await flood(bench, 'flood', 200);
  await bench.insert('zoe');
  bench.worker();
  await eventually('all sent', async () => {
    const [row] = await bench.sql("select count(*)::int as n from letters where state = 'sent'");
    return row?.n === ids.length + 1;
  });
  const recipients = bench.server.messages.map(({ to }) => to[0]);
  assert.equal(recipients.length, ids.length + 1);
  assert.ok(recipients.indexOf('zoe@example.com') < CLAIM_MAX);
});
