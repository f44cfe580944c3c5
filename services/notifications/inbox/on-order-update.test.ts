import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { ORDER_UPDATE_TYPE } from '#contracts/order-update-message.ts';
import { createHandedBroker } from '#harness/broker/handed-broker.ts';
import { createTestDatabase, testLog } from '#harness/database.ts';
import { PAID } from '#harness/system/new-letter.ts';
import type { IncomingMessage } from '#platform/broker/port/broker.ts';
import type { Database } from '#platform/postgres/database.ts';
import { type InboxOptions, startInbox } from './on-order-update.ts';

let nextOffset = 0n;

/** A message as the broker delivers it; undefined leaves a header out. */
function message(
  value: unknown = PAID,
  headers: Record<string, string | Buffer | undefined> = {},
): IncomingMessage {
  const all = { ce_id: randomUUID(), ce_type: ORDER_UPDATE_TYPE, ...headers };
  const given = Object.entries(all).filter(([, text]) => text !== undefined);
  return {
    topic: 'orders',
    partition: 3,
    offset: nextOffset++,
    key: Buffer.from('key'),
    value:
      value === null || Buffer.isBuffer(value)
        ? value
        : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    headers: Object.fromEntries(
      given.map(([name, text]) => [name, Buffer.from(text as string | Buffer)]),
    ),
    timestamp: new Date(),
  };
}

/** The inbox on a database of its own. */
async function start(
  t: TestContext,
  around = (database: Database) => database,
  claimNew: InboxOptions['claimNew'] = () => null,
) {
  const database = await createTestDatabase(t, new URL('../migrations/', import.meta.url));
  const { broker, handle } = createHandedBroker();
  let kicks = 0;
  const claimed: string[] = [];
  const inbox = await startInbox({
    database: around(database),
    broker,
    log: testLog,
    now: () => new Date(),
    claimNew,
    onLetters(letters) {
      kicks++;
      claimed.push(...letters.map(({ id }) => id));
    },
  });
  return {
    unknownTypes: async () => {
      const metric = inbox.metrics.find(({ name }) => /unknown_type/.test(name));
      return ((await metric?.read()) ?? []).map(({ labels }) => labels?.type);
    },
    kicks: () => kicks,
    claimed,
    take: (...messages: IncomingMessage[]) => handle(messages),
    letters: async () => (await database.query('select * from letters order by "offset"')).rows,
    dead: async () => (await database.query('select * from dead_letters order by "offset"')).rows,
  };
}

const idOf = ({ headers }: IncomingMessage) => headers.ce_id?.toString();

test('I6: a repeated event makes one letter: in one batch, redelivered, at a new offset', async (t) => {
  const inbox = await start(t);
  const first = message();
  const copy = { ...first, offset: 900n };
  const shouted = message(PAID, { ce_id: idOf(first)?.toUpperCase() });
  await inbox.take(first, copy, shouted);
  await inbox.take(first);
  await inbox.take(copy, message());
  await Promise.all(Array.from({ length: 10 }, () => inbox.take(first, copy)));
  const letters = await inbox.letters();
  assert.equal(letters.length, 2);
  const { id, order_id, customer_id, kind, total_amount, currency, reason, state } = letters[0];
  assert.deepEqual(
    [id, order_id, customer_id, kind, total_amount, currency, reason, state],
    [idOf(first), PAID.orderId, 'anna', 'happiness', '50000', 'RUB', null, 'queued'],
  );
  assert.equal(letters[0].occurred_at.toISOString(), PAID.occurredAt);
  assert.deepEqual(await inbox.dead(), []);
  assert.ok(inbox.kicks() > 0);
});

test('I6: new letters are claimed for the worker of this process, a repeated event is not', async (t) => {
  const counts: number[] = [];
  const token = randomUUID();
  const inbox = await start(
    t,
    (database) => database,
    (count) => {
      counts.push(count);
      return { token, leaseMs: 60_000 };
    },
  );
  const first = message();
  const second = message();
  await inbox.take(first);
  await inbox.take(first, second, message('{'));
  assert.deepEqual(inbox.claimed, [idOf(first), idOf(second)]);
  assert.deepEqual(counts, [1, 2]);
  const states = (await inbox.letters()).map((row) => [row.state, row.token, row.attempt_count]);
  assert.deepEqual(states, [
    ['sending', token, 1],
    ['sending', token, 1],
  ]);
});

test('I6: a letter that went its way stays as it is when its event comes again', async (t) => {
  const inbox = await start(t);
  const event = message();
  await inbox.take(event);
  const [before] = await inbox.letters();
  await inbox.take({ ...event, partition: 5, value: Buffer.from(JSON.stringify(PAID)) });
  assert.deepEqual(await inbox.letters(), [before]);
});

const { total: _total, ...noTotal } = PAID;
const deep = `${JSON.stringify(PAID).slice(0, -1)},"note":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
const poison: [string, IncomingMessage, RegExp][] = [
  ['no ce_type', message(PAID, { ce_type: undefined }), /ce_type is missing/],
  ['no ce_id', message(PAID, { ce_id: undefined }), /ce_id is not a UUID/],
  ['an odd ce_id', message(PAID, { ce_id: 'order-1' }), /ce_id is not a UUID/],
  ['an empty ce_id', message(PAID, { ce_id: '' }), /ce_id is not a UUID/],
  ['no value', message(null), /no value/],
  ['an empty value', message(''), /not JSON/],
  ['text that is no JSON', message('{"orderId":'), /not JSON/],
  ['bytes that are no text', message(Buffer.from([0xff, 0x00, 0xfe])), /not JSON/],
  ['JSON that is no object', message('null'), /schema/],
  ['a missing member', message(noTotal), /schema.*total/],
  ['a member of another type', message({ ...PAID, version: '2' }), /schema: \/version/],
  ['an unknown status', message({ ...PAID, status: 'Lost' }), /schema: \/status/],
  ['an unknown reason', message({ ...PAID, reason: 'bored' }), /schema: \/reason/],
  ['a total of nothing', message({ ...PAID, total: { amount: 0, currency: 'RUB' } }), /total/],
  ['U+0000 in occurredAt', message({ ...PAID, occurredAt: '2026\u0000' }), /occurredAt/],
  ['nonsense as occurredAt', message({ ...PAID, occurredAt: 'soon' }), /occurredAt/],
  // PostgreSQL would take these, and no letter could ever be written of them.
  ['an endless occurredAt', message({ ...PAID, occurredAt: 'infinity' }), /occurredAt/],
  ['a time without a zone', message({ ...PAID, occurredAt: '2026-11-22T18:30:00' }), /occurredAt/],
  // Of the right form, so only the database refuses it.
  ['too many levels', message(deep), /levels/],
  ['a day that is none', message({ ...PAID, occurredAt: '2026-02-30T10:00:00Z' }), /out of range/],
];

for (const [what, bad, error] of poison) {
  test(`I6: a message with ${what} becomes a dead letter, those around it letters`, async (t) => {
    const inbox = await start(t);
    const good = [message(), message()] as const;
    await inbox.take(good[0], bad, good[1]);
    await inbox.take(bad);
    assert.deepEqual((await inbox.letters()).map(({ id }) => id).sort(), good.map(idOf).sort());
    const dead = await inbox.dead();
    assert.equal(dead.length, 1);
    assert.match(dead[0].error, error);
    assert.deepEqual(
      [dead[0].topic, dead[0].partition, dead[0].offset],
      ['orders', 3, String(bad.offset)],
    );
    assert.deepEqual([dead[0].key, dead[0].value], [bad.key, bad.value]);
    assert.deepEqual(
      dead[0].headers,
      Object.entries(bad.headers).map(([name, value]) => [name, value.toString('base64')]),
    );
  });
}

test('a dead letter keeps key, value and headers byte for byte, even invalid ones', async (t) => {
  const inbox = await start(t);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const odd = {
    ...message(bytes, { 'x-\u0000-имя': bytes, __proto__x: '', ce_type: ORDER_UPDATE_TYPE }),
    key: bytes,
  };
  const bare = { ...message(null, { ce_type: undefined, ce_id: undefined }), key: null };
  await inbox.take(odd, bare);
  const [first, second] = await inbox.dead();
  assert.deepEqual([first.key, first.value], [bytes, bytes]);
  const headers = first.headers.map(([name, value]: [string, string]) => [
    name,
    Buffer.from(value, 'base64'),
  ]);
  assert.deepEqual(headers, Object.entries(odd.headers));
  assert.deepEqual([second.key, second.value, second.headers], [null, null, []]);
});

test('another message at the place of a dead one (a recreated topic) is kept too', async (t) => {
  const inbox = await start(t);
  const bad = message('{');
  await inbox.take(bad);
  await inbox.take(bad, { ...bad, value: Buffer.from('[') });
  assert.deepEqual((await inbox.dead()).map(({ value }) => value.toString()).sort(), ['[', '{']);
});

test('a message of an unknown type is counted and skipped', async (t) => {
  const inbox = await start(t);
  await inbox.take(
    message('no matter what', { ce_type: 'orderbell.OrderUpdateMessage.v2', ce_id: undefined }),
    message(),
  );
  assert.deepEqual(await inbox.unknownTypes(), ['orderbell.OrderUpdateMessage.v2']);
  assert.equal((await inbox.letters()).length, 1);
  assert.deepEqual(await inbox.dead(), []);
});

test('members that a newer producer added are no fault', async (t) => {
  const inbox = await start(t);
  await inbox.take(message({ ...PAID, channel: { name: 'web' }, note: '\u0000' }));
  const [letter, ...more] = await inbox.letters();
  assert.deepEqual(more, []);
  // PostgreSQL has no U+0000.
  assert.deepEqual(letter.event, { ...PAID, channel: { name: 'web' }, note: '\ufffd' });
  assert.deepEqual(await inbox.dead(), []);
});

test('a malformed traceparent begins a new trace, and is no reason to lose the letter', async (t) => {
  const inbox = await start(t);
  await inbox.take(message(PAID, { traceparent: Buffer.from([0, 0xff]) }));
  const [letter] = await inbox.letters();
  assert.match(letter.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
});

test('any other fault of the database rejects, so that all of the batch comes again', async (t) => {
  const fault = new Error('connection lost');
  const inbox = await start(t, (database) => ({
    ...database,
    query: () => Promise.reject(fault),
  }));
  const unknown = message(PAID, { ce_type: 'another' });
  await assert.rejects(inbox.take(message(), message('{'), unknown), fault);
  assert.deepEqual([await inbox.letters(), await inbox.dead()], [[], []]);
  // It is counted when the batch has come again.
  assert.deepEqual(await inbox.unknownTypes(), []);
});

test('every message of the stored corpus still becomes its letter', async (t) => {
  const inbox = await start(t);
  const folder = new URL('../../../contracts/corpus/', import.meta.url);
  const files = (await readdir(folder)).sort();
  const expected: Record<string, [string, string | null]> = {
    'v1-cancelled-insufficient-funds.json': ['grief', 'insufficient-funds'],
    'v1-cancelled-voided.json': ['grief', 'voided'],
    'v1-paid.json': ['happiness', null],
  };
  assert.deepEqual(files, Object.keys(expected));
  for (const file of files) {
    const stored = JSON.parse(await readFile(new URL(file, folder), 'utf8'));
    await inbox.take({ ...message(stored.value, stored.headers), key: Buffer.from(stored.key) });
    const event = JSON.parse(stored.value);
    const row = (await inbox.letters()).at(-1);
    assert.deepEqual([row.kind, row.reason], expected[file]);
    assert.deepEqual(
      [row.id, row.order_id, row.customer_id, Number(row.total_amount), row.currency],
      [
        stored.headers.ce_id,
        event.orderId,
        event.customerId,
        event.total.amount,
        event.total.currency,
      ],
    );
    assert.equal(row.occurred_at.toISOString(), event.occurredAt);
    assert.equal(row.traceparent, stored.headers.traceparent);
  }
  assert.deepEqual(await inbox.dead(), []);
});
