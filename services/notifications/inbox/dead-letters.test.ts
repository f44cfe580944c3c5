import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import type { AuditEntry } from '#contracts/audit.ts';
import { ORDER_UPDATE_TYPE } from '#contracts/order-update-message.ts';
import { eventually } from '#harness/eventually.ts';
import { readMetrics } from '#harness/metrics.ts';
import { PAID } from '#harness/system/new-letter.ts';
import {
  type NotificationsService,
  startNotificationsService as start,
} from '#harness/system/notifications-service.ts';
import {
  type DeadLetterRow,
  insertDeadLetters,
} from '#platform/messaging/consumer/dead-letter-store.ts';

const DEAD = '/operator/dead-letters';

let nextOffset = 1_000n;

/** A dead letter as another version may have left it. @returns its id and its event's */
async function insertDead(
  { database }: NotificationsService,
  value: unknown = PAID,
  row: Partial<DeadLetterRow> & { type?: string } = {},
) {
  const eventId = randomUUID();
  const { type = ORDER_UPDATE_TYPE, ...given } = row;
  const headers = Object.entries({ ce_id: eventId, ce_type: type });
  const dead = {
    id: randomUUIDv7(),
    topic: 'orders',
    partition: 0,
    offset: nextOffset++,
    key: Buffer.from('key'),
    value: Buffer.from(JSON.stringify(value)),
    headers: JSON.stringify(
      headers.map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
    ),
    digest: Buffer.from(eventId),
    error: 'not understood then',
    ...given,
  };
  await insertDeadLetters(database, [dead]);
  return { id: dead.id, eventId };
}

const redrive = (service: NotificationsService, id: string) =>
  service.call('POST', `${DEAD}/${id}/redrive`);

const lettersOf = async ({ database }: NotificationsService) =>
  (await database.query('select id from letters')).rows.map(({ id }) => id);

test('a message of the topic that cannot be read is listed as it came, and read alone', async (t) => {
  const service = await start(t);
  const headers = { ce_type: ORDER_UPDATE_TYPE, 'x-имя': 'значение' };
  await service.broker.publish('orders', [
    { key: 'ключ', value: Buffer.from('{"orderId":"\u0000"'), headers },
  ]);
  const dead = await eventually('the dead letter', async () => {
    const { data } = (await service.call('GET', DEAD)).body;
    return data.length > 0 && data[0];
  });
  const { id, createdAt, ...rest } = dead;
  assert.deepEqual(rest, {
    state: 'dead',
    topic: 'orders',
    partition: 0,
    offset: 0,
    key: 'ключ',
    value: '{"orderId":"\u0000"',
    headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
    error: 'header ce_id is not a UUID',
    redrives: 0,
    redrivenAt: null,
    discarded: null,
  });
  assert.ok(Date.parse(createdAt));
  assert.deepEqual((await service.call('GET', `${DEAD}/${id}`)).body, dead);
});

test('the list of dead letters: newest first, by state, by pages; what is unknown is refused', async (t) => {
  const service = await start(t);
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push((await insertDead(service)).id);
  const bare = await insertDead(service, null, { key: null, value: null, headers: '[]' });
  ids.push(bare.id);
  // Ids of one millisecond have no order of their making.
  ids.sort().reverse();
  const [redriven = ''] = ids.slice(2);
  assert.equal((await redrive(service, redriven)).body.state, 'redriven');
  const dead = ids.filter((id) => id !== redriven);
  for (const [query, expected] of [
    ['?limit=2', ids],
    ['?limit=2&state=dead', dead],
    ['?limit=2&state=redriven', [redriven]],
  ] as [string, string[]][]) {
    const found: { id: string }[] = [];
    for (let cursor = ''; ; ) {
      const { data, nextCursor } = (await service.call('GET', DEAD + query + cursor)).body;
      found.push(...data);
      if (nextCursor === null) break;
      cursor = `&cursor=${nextCursor}`;
    }
    assert.deepEqual(
      found.map(({ id }) => id),
      expected,
    );
    for (const one of found) {
      assert.deepEqual((await service.call('GET', `${DEAD}/${one.id}`)).body, one);
    }
  }
  const { key, value, headers } = (await service.call('GET', `${DEAD}/${bare.id}`)).body;
  assert.deepEqual([key, value, headers], [null, null, []]);

  const letters = await service.insert({}, "due_at = now() + interval '1 hour'");
  assert.ok(letters);
  const foreign = Buffer.from(`all-letters:${letters}`).toString('base64url');
  for (const [status, method, path] of [
    [400, 'GET', `${DEAD}?cursor=${foreign}`],
    [400, 'GET', `${DEAD}?state=alive`],
    [400, 'POST', `${DEAD}/7/redrive`],
    [404, 'GET', `${DEAD}/${randomUUIDv7()}`],
    [404, 'POST', `${DEAD}/${randomUUIDv7()}/redrive`],
  ] as const) {
    assert.equal((await service.call(method, path)).status, status, path);
  }
});

test('long texts of any characters are cut, and a page ends when so much is read', async (t) => {
  const service = await start(t);
  const header = (name: string, value: string | Buffer) => [
    name,
    Buffer.from(value).toString('base64'),
  ];
  // Cut in the middle of escapes and of characters.
  const odd = await insertDead(service, null, {
    key: Buffer.from('я'.repeat(2_000)),
    value: Buffer.from('я'.repeat(500_000)),
    headers: JSON.stringify([
      header('\u0000'.repeat(300), 'n'),
      header('"'.repeat(201), Buffer.from([0xff, 0x00])),
      header('📚'.repeat(300), '📚'.repeat(2_000)),
      header(`\\${'\u0001'.repeat(300)}`, `x${'я'.repeat(2_000)}`),
      header('', ''),
    ]),
  });
  const { body } = await service.call('GET', `${DEAD}/${odd.id}`);
  assert.equal(body.key, 'я'.repeat(1_000));
  assert.equal(body.value, 'я'.repeat(4_096));
  assert.deepEqual(body.headers, [
    { name: '\u0000'.repeat(200), value: 'n' },
    { name: '"'.repeat(200), value: '\ufffd\u0000' },
    { name: '📚'.repeat(100), value: '📚'.repeat(500) },
    { name: `\\${'\u0001'.repeat(199)}`, value: `x${'я'.repeat(999)}` },
    { name: '', value: '' },
  ]);

  const many = Array.from({ length: 60 }, (_, i) => header(`h${i}`, i < 50 ? 'v' : 'x'));
  const fifty = await insertDead(service, null, { headers: JSON.stringify(many) });
  const seen = (await service.call('GET', `${DEAD}/${fifty.id}`)).body.headers;
  assert.deepEqual([seen.length, seen[0].name, seen[49].name], [50, 'h0', 'h49']);

  const large = Array.from({ length: 50 }, (_, i) =>
    header(`${i}${'n'.repeat(500)}`, 'v'.repeat(9_000)),
  );
  const { id } = await insertDead(service, null, {
    key: Buffer.alloc(10_000, 'k'),
    value: Buffer.alloc(500_000, 'v'),
    error: 'e'.repeat(1_000),
    headers: JSON.stringify(large),
  });
  await service.database.query(
    `insert into dead_letters (id, topic, partition, "offset", key, value, headers, digest, error)
      select gen_random_uuid(), topic, partition, n, key, value, headers, digest, error
      from dead_letters, generate_series(1, 18) n where id = $1`,
    [id],
  );
  let found = 0;
  let cursor: string | null = '';
  while (cursor !== null) {
    const path: string = `${DEAD}?limit=20${cursor && `&cursor=${cursor}`}`;
    // On a busy machine the statement's time may pass, which is answered 503.
    const page = await eventually('the page', async () => {
      const answer = await service.call('GET', path);
      return answer.status === 200 && answer;
    });
    const { data, nextCursor } = page.body;
    assert.ok(data.length > 0 && data.length < 20, String(data.length));
    assert.ok(JSON.stringify(page.body).length < 256 * 1024);
    found += data.length;
    cursor = nextCursor;
  }
  assert.equal(found, 21);
});

test('I6: a message that this version reads becomes its letter when it is redriven, once', async (t) => {
  const service = await start(t);
  await service.putProfile('anna', 'anna@example.com');
  const { id, eventId } = await insertDead(service);
  const { status, body } = await redrive(service, id);
  assert.deepEqual([status, body.state, body.redrives], [200, 'redriven', 1]);
  assert.ok(Date.parse(body.redrivenAt));
  const sent = await service.until(eventId, 'sent', 1);
  assert.deepEqual(
    [sent.order_id, sent.kind, sent.recipient],
    [PAID.orderId, 'happiness', 'anna@example.com'],
  );
  assert.deepEqual((await redrive(service, id)).body, body);
  assert.deepEqual((await service.call('POST', `${DEAD}/redrive`)).body, {
    redriven: 0,
    refused: 0,
    dead: 0,
  });
  assert.equal(service.server.messages.length, 1);
});

test('I6: redrives at once make one letter, and count as one', async (t) => {
  const service = await start(t);
  const { id, eventId } = await insertDead(service);
  const answers = await Promise.all([
    ...Array.from({ length: 10 }, () => redrive(service, id)),
    service.call('POST', `${DEAD}/redrive`),
    service.call('POST', `${DEAD}/redrive`),
  ]);
  for (const { status } of answers) assert.equal(status, 200);
  assert.deepEqual(await lettersOf(service), [eventId]);
  const { state, redrives } = (await service.call('GET', `${DEAD}/${id}`)).body;
  assert.deepEqual([state, redrives], ['redriven', 1]);
});

test('I6: a letter that came another way meanwhile stays as it is', async (t) => {
  const service = await start(t);
  const { id, eventId } = await insertDead(service);
  const later = "due_at = now() + interval '1 hour'";
  await service.insert({ customerId: 'boris' }, later, { id: eventId });
  const before = await service.letter(eventId);
  assert.equal((await redrive(service, id)).body.state, 'redriven');
  assert.deepEqual(await service.letter(eventId), before);
});

for (const [what, value, type, error] of [
  ['breaks the schema', { ...PAID, status: 'Lost' }, ORDER_UPDATE_TYPE, /^schema: \/status/],
  // Of the right form, so only the database refuses it, and the transaction with it.
  ['no row can hold', { ...PAID, occurredAt: '2026-02-30T10:00:00Z' }, undefined, /out of range/],
  ['is of an unknown type', PAID, 'of\u0000another', /^unknown message type of\\u0000another$/],
] as const) {
  test(`I6: a message that ${what} stays dead, with the error of this redrive`, async (t) => {
    const service = await start(t);
    const { id } = await insertDead(service, value, type === undefined ? {} : { type });
    for (const redrives of [1, 2]) {
      const { status, body } = await redrive(service, id);
      assert.deepEqual([status, body.state, body.redrives], [200, 'dead', redrives]);
      assert.equal(body.redrivenAt, null);
      assert.match(body.error, error);
      assert.deepEqual((await service.call('GET', `${DEAD}/${id}`)).body, body);
    }
    assert.deepEqual(await lettersOf(service), []);
  });
}

test('I6: a fault of the database during a redrive is 503, and nothing is recorded', async (t) => {
  const service = await start(t);
  const { id } = await insertDead(service);
  const before = (await service.call('GET', `${DEAD}/${id}`)).body;
  await service.database.transaction(async (tx) => {
    await tx.query('select from dead_letters for update');
    assert.equal((await redrive(service, id)).status, 503);
  });
  assert.deepEqual((await service.call('GET', `${DEAD}/${id}`)).body, before);
  assert.deepEqual(await lettersOf(service), []);
});

test('many are redriven at once: a poison message among them does not stop the others', async (t) => {
  const service = await start(t);
  const first = await insertDead(service);
  const poison = await insertDead(service, 'poison');
  const last = await insertDead(service);
  const { status, body } = await service.call('POST', `${DEAD}/redrive`);
  assert.deepEqual([status, body], [200, { redriven: 2, refused: 1, dead: 1 }]);
  assert.deepEqual((await lettersOf(service)).sort(), [first.eventId, last.eventId].sort());
  const left = (await service.call('GET', `${DEAD}?state=dead`)).body.data;
  assert.deepEqual(
    left.map(({ id }: { id: string }) => id),
    [poison.id],
  );
});

test('of more than a hundred, those that were not tried for longest come first', async (t) => {
  const service = await start(t);
  const { id } = await insertDead(service, 'poison');
  await service.database.query(
    `insert into dead_letters (id, topic, partition, "offset", key, value, headers, digest, error)
      select gen_random_uuid(), topic, partition, n, key, value, headers, digest, error
      from dead_letters, generate_series(1, 104) n where id = $1`,
    [id],
  );
  let total = 0;
  for (let fewest = 0; fewest < 2; ) {
    const { body } = await service.call('POST', `${DEAD}/redrive`);
    // A call ends with its time, on a slow machine before it has tried a hundred.
    assert.ok(body.refused > 0 && body.refused <= 100, `${body.refused} in one call`);
    assert.deepEqual([body.redriven, body.dead], [0, 105]);
    total += body.refused;
    const { rows } = await service.database.query(
      'select min(redrives), max(redrives), sum(redrives)::int as all from dead_letters',
    );
    // No dead letter is tried again before all of them were tried.
    const [{ min, max, all }] = rows;
    assert.deepEqual([all, max - min <= 1], [total, true]);
    fewest = min;
  }
});

const OLGA = { headers: { 'x-actor': 'olga' } };

const discard = (service: NotificationsService, deadLetterIds: string[], reason = 'a test') =>
  service.call('POST', `${DEAD}/discard`, { deadLetterIds, reason }, OLGA);

const idsIn = async (service: NotificationsService, query: string) =>
  (await service.call('GET', `${DEAD}?${query}`)).body.data.map(({ id }: { id: string }) => id);

test('a discarded dead letter is kept with its reason, and nothing counts or redrives it', async (t) => {
  const service = await start(t);
  const { id } = await insertDead(service);
  const { id: other } = await insertDead(service, 'poison');
  const { id: done } = await insertDead(service);
  assert.equal((await redrive(service, done)).body.state, 'redriven');
  const reason = 'of the test shop of anna@example.com';
  const ids = [id, id.toUpperCase(), done, randomUUIDv7()];
  assert.deepEqual((await discard(service, ids, reason)).body, { discarded: 1, refused: 2 });
  // Twice the same changes nothing.
  assert.deepEqual((await discard(service, [id])).body, { discarded: 0, refused: 1 });
  const { body } = await service.call('GET', `${DEAD}/${id}`);
  const { at, ...by } = body.discarded;
  assert.deepEqual([body.state, body.redrivenAt, body.redrives], ['discarded', null, 0]);
  assert.deepEqual(by, { actor: 'olga', reason: 'of the test shop of a***@example.com' });
  assert.match(at, /^\d{4}-.*Z$/);
  for (const [query, expected] of [
    ['state=dead', [other]],
    ['state=redriven', [done]],
    ['state=discarded', [id]],
    ['limit=9', [done, other, id]],
  ] as [string, string[]][]) {
    assert.deepEqual((await idsIn(service, query)).sort(), expected.toSorted(), query);
  }
  const metrics = await readMetrics(service.url, 'orderbell_dead_letters');
  assert.equal(metrics.orderbell_dead_letters, 1);
  const many = await service.call('POST', `${DEAD}/redrive`);
  assert.deepEqual(many.body, { redriven: 0, refused: 1, dead: 1 });
  assert.equal((await lettersOf(service)).length, 1);
  const trail = await service.call('GET', `/audit-trail?limit=9&action=discard-dead-letters`);
  const entries = trail.body.data.map(({ actor, subject, reason, before, after }: AuditEntry) => {
    return { actor, subject, reason, before, after };
  });
  assert.deepEqual(entries, [
    {
      actor: 'olga',
      subject: { deadLetterId: id },
      reason: 'of the test shop of a***@example.com',
      before: { state: 'dead' },
      after: { state: 'discarded' },
    },
  ]);
});

test('a discarded dead letter is redriven where the operator names it', async (t) => {
  const service = await start(t);
  const good = await insertDead(service);
  const poison = await insertDead(service, 'poison');
  await discard(service, [good.id, poison.id]);
  const { body } = await redrive(service, good.id);
  assert.deepEqual([body.state, body.discarded, body.redrives], ['redriven', null, 1]);
  assert.deepEqual(await lettersOf(service), [good.eventId]);
  const still = (await redrive(service, poison.id)).body;
  assert.deepEqual([still.state, still.redrives], ['discarded', 1]);
  assert.notEqual(still.error, 'not understood then');
  const trail = await service.call('GET', `/audit-trail?limit=9&action=redrive-dead-letter`);
  const changes = trail.body.data.map(({ before, after }: AuditEntry) => [
    before?.state,
    after?.state,
  ]);
  assert.deepEqual(changes, [
    ['discarded', 'discarded'],
    ['discarded', 'redriven'],
  ]);
});

test('discards and redrives at once: each dead letter counts in one answer', async (t) => {
  const service = await start(t);
  const ids: string[] = [];
  for (let count = 0; count < 10; count++) ids.push((await insertDead(service)).id);
  const [first, many, second] = await Promise.all([
    discard(service, ids),
    service.call('POST', `${DEAD}/redrive`),
    discard(service, ids.toReversed()),
  ]);
  const discarded = first.body.discarded + second.body.discarded;
  assert.equal(discarded + many.body.redriven + many.body.dead, 10);
  assert.equal((await idsIn(service, 'state=discarded')).length, discarded);
  assert.equal((await lettersOf(service)).length, many.body.redriven);
});

test('ids and reason of a discard are checked, and named', async (t) => {
  const service = await start(t);
  for (const [body, pointer] of [
    [{ deadLetterIds: [], reason: 'x' }, '/deadLetterIds'],
    [{ deadLetterIds: ['7'], reason: 'x' }, '/deadLetterIds/0'],
    [{ deadLetterIds: [randomUUIDv7()], reason: '\u200b' }, '/reason'],
    [{ deadLetterIds: [randomUUIDv7()] }, '/reason'],
  ] as [object, string][]) {
    const answer = await service.call('POST', `${DEAD}/discard`, body, OLGA);
    assert.deepEqual([answer.status, answer.body.errors[0].pointer], [400, pointer]);
  }
});
