import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { readMetrics } from '#harness/metrics.ts';
import {
  type NotificationsService,
  startNotificationsService as start,
} from '#harness/system/notifications-service.ts';
import { newUuidAt } from '#platform/values/uuid.ts';

const LETTERS = '/operator/letters';
const OLGA = { headers: { 'x-actor': 'olga' } };
const REFUSAL = '550 5.1.1 no such user';
const FAILED = `state = 'failed', failure = '${REFUSAL}'`;

const acknowledge = (service: NotificationsService, letterIds: string[], reason = 'no such shop') =>
  service.call('POST', `${LETTERS}/acknowledge`, { letterIds, reason }, OLGA);

const read = async (service: NotificationsService, id: string) =>
  (await service.call('GET', `${LETTERS}/${id}`)).body;

/** Ids of the letters that a query finds, sorted. */
async function found(service: NotificationsService, query: string): Promise<string[]> {
  const { status, body } = await service.call('GET', `${LETTERS}?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.data.map(({ id }: { id: string }) => id).sort();
}

/** Actions of the audit trail on this subject, oldest first. */
async function trailOf(service: NotificationsService, subject: string) {
  const { body } = await service.call('GET', `/audit-trail?limit=100&subject=${subject}`);
  return body.data.toReversed();
}

test('a failed letter tells the order, the amount, where it went and when it failed', async (t) => {
  const script = [{ at: 'rcpt', do: 'reply', reply: '550 <anna.o@example.com> unknown' } as const];
  const service = await start(t, script);
  await service.putProfile('anna', 'anna.o@example.com');
  const total = { amount: 123_400, currency: 'RUB' };
  const id = await service.insert({ status: 'Cancelled', reason: 'insufficient-funds', total });
  const row = await service.until(id, 'failed', 1);
  const letter = await read(service, id);
  assert.deepEqual(
    [letter.total, letter.orderReason, letter.address, letter.to],
    [total, 'insufficient-funds', 'a***@example.com', null],
  );
  assert.equal(letter.failedAt, row.due_at.toISOString());
  assert.deepEqual([letter.nextAttemptAt, letter.acknowledged], [null, null]);
  const { rows } = await service.database.query('select address from letter_attempts');
  assert.deepEqual(rows, [{ address: 'a***@example.com' }]);

  const waiting = await service.insert({}, `due_at = '2100-01-01T00:00:00Z'`);
  const queued = await read(service, waiting);
  assert.deepEqual(
    [queued.nextAttemptAt, queued.failedAt, queued.orderReason, queued.address],
    ['2100-01-01T00:00:00.000Z', null, null, null],
  );
  const sent = await service.insert(
    {},
    `state = 'sent', sent_at = now(), recipient = 'b@example.com', recipient_name = '',
      locale = 'ru'`,
  );
  assert.equal((await read(service, sent)).address, 'b***@example.com');
});

test('letters are found by the time of their event, by amount, and by acknowledgement', async (t) => {
  const service = await start(t);
  const at = (hour: number) => new Date(Date.UTC(2026, 4, 1, hour));
  const made = (hour: number, amount: number, change = FAILED) =>
    service.insert({ total: { amount, currency: 'RUB' } }, change, { id: newUuidAt(at(hour)) });
  const [early, late, big] = [await made(8, 100), await made(9, 200), await made(10, 5_000)];
  const erased = await made(11, 300, `${FAILED}, erased_at = now()`);
  const waiting = await made(12, 300, `due_at = '2100-01-01T00:00:00Z'`);
  const all = [early, late, big, erased, waiting];
  const time = (hour: number) => at(hour).toISOString();
  assert.equal((await acknowledge(service, [late])).body.acknowledged, 1);
  for (const [query, expected] of [
    ['', all],
    [`from=${time(9)}`, [late, big, erased, waiting]],
    [`until=${time(9)}`, [early]],
    [`from=${time(9)}&until=${time(10)}`, [late]],
    ['from=1900-01-01T00:00:00Z', all],
    ['minAmount=200', [late, big, erased, waiting]],
    ['maxAmount=200', [early, late]],
    ['minAmount=200&maxAmount=300', [late, erased, waiting]],
    ['acknowledged=true', [late]],
    ['acknowledged=false', [early, big]],
    ['acknowledged=true&state=queued', []],
    [`acknowledged=false&from=${time(9)}&minAmount=1000`, [big]],
  ] as [string, string[]][]) {
    assert.deepEqual(await found(service, query), expected.toSorted(), query);
  }
  for (const query of [
    'from=yesterday',
    'until=2026-05-01',
    // Nothing can be within them, as in the lists of orders and operations.
    `from=${time(9)}&until=${time(9)}`,
    'minAmount=2&maxAmount=1',
    'minAmount=-1',
    'acknowledged=1',
  ]) {
    const { status, body } = await service.call('GET', `${LETTERS}?${query}`);
    assert.deepEqual([status, body.code], [400, 'invalid-request'], query);
    assert.equal(body.errors[0].parameter, query.split('&').at(-1)?.split('=')[0]);
  }
});

test('a list of one customer’s letters is recorded with the customer, a list of all without', async (t) => {
  const service = await start(t);
  const headers = { 'x-actor': 'pat' };
  for (const query of ['?customerId=anna', '?customerId=boris&minAmount=1', '']) {
    await service.call('GET', `${LETTERS}${query}`, undefined, { headers });
  }
  const { rows } = await service.database.query(
    'select actor, action, subject from audit_trail order by id',
  );
  const entry = { actor: 'pat', action: 'list-letters' };
  assert.deepEqual(rows, [
    { ...entry, subject: { customerId: 'anna' } },
    { ...entry, subject: { customerId: 'boris' } },
    { ...entry, subject: {} },
  ]);
});

test('an acknowledged letter needs nobody, until it is resent and fails again', async (t) => {
  const service = await start(t, Array(2).fill({ at: 'rcpt', do: 'reply', reply: REFUSAL }));
  await service.putProfile('anna', 'anna@example.com');
  const id = await service.insert();
  await service.until(id, 'failed', 1);
  const waiting = await service.insert({}, `due_at = '2100-01-01T00:00:00Z'`);
  // The overview is read once a second.
  const counted = (failed: number) =>
    eventually(`${failed} failed letters`, async () => {
      const metrics = await readMetrics(service.url, 'orderbell_letters_failed');
      const { unacknowledged } = (await service.call('GET', '/overview')).body;
      return unacknowledged === failed && metrics.orderbell_letters_failed === failed;
    });
  await counted(1);
  const unknown = randomUUIDv7();
  const reason = 'closed, told by boss@example.com';
  const ids = [id, id.toUpperCase(), waiting, unknown];
  const { body } = await acknowledge(service, ids, reason);
  assert.deepEqual(body, { acknowledged: 1, refused: 2 });
  const { acknowledged } = await read(service, id);
  assert.deepEqual(
    [acknowledged.actor, acknowledged.reason],
    ['olga', 'closed, told by b***@example.com'],
  );
  assert.match(acknowledged.at, /^\d{4}-.*Z$/);
  await counted(0);
  assert.equal((await service.call('GET', `/deliveries/${id}`)).body.acknowledged, true);
  // Twice the same changes nothing and leaves no entry.
  assert.deepEqual((await acknowledge(service, [id])).body, { acknowledged: 0, refused: 1 });
  const all = await service.call('POST', `${LETTERS}/resend`, {}, OLGA);
  assert.deepEqual([all.body.matched, all.body.resent], [0, 0]);

  const named = await service.call('POST', `${LETTERS}/resend`, { letterIds: [id] }, OLGA);
  assert.deepEqual(named.body, { matched: 1, resent: 1, nextCursor: null });
  await service.until(id, 'failed', 2);
  assert.equal((await read(service, id)).acknowledged, null);
  await counted(1);
  const entries = await trailOf(service, id);
  assert.deepEqual(
    entries.map(({ action, actor }: { action: string; actor: string }) => [action, actor]),
    [
      ['acknowledge-letters', 'olga'],
      ['resend-letter', 'olga'],
    ],
  );
  assert.equal(entries[0].reason, 'closed, told by b***@example.com');
  assert.equal(entries[0].subject.customerId, 'anna');
});

test('a resend by a replica of the release before takes the acknowledgement back too', async (t) => {
  const service = await start(t);
  const id = await service.insert({}, FAILED);
  await acknowledge(service, [id]);
  // Its resend, and the next failure.
  await service.database.query('update letters set trying_since = clock_timestamp()');
  assert.equal((await read(service, id)).acknowledged, null);
  assert.deepEqual((await acknowledge(service, [id])).body, { acknowledged: 1, refused: 0 });
});

test('resends and acknowledgements at once: a letter has one of the two ends', async (t) => {
  const service = await start(t);
  await service.putProfile('anna', 'anna@example.com');
  for (let turn = 0; turn < 5; turn++) {
    const id = await service.insert({}, FAILED);
    const answers = await Promise.all([
      acknowledge(service, [id]),
      service.call('POST', `${LETTERS}/resend`, { letterIds: [id] }, OLGA),
      acknowledge(service, [id]),
      service.call('POST', `${LETTERS}/${id}/resend`, undefined, OLGA),
    ]);
    // A repeated resend of a letter that was sent meanwhile is refused.
    for (const { status } of answers) assert.ok(status === 200 || status === 409);
    // The single resend waits for the others, so the letter goes whatever came first.
    await service.until(id, 'sent', 1);
    // It would count once the letter fails again.
    await service.database.query(`update letters set ${FAILED} where id = $1`, [id]);
    assert.equal((await read(service, id)).acknowledged, null);
  }
  assert.equal(service.server.messages.length, 5);
});

test('acknowledgements at once are one', async (t) => {
  const service = await start(t);
  const id = await service.insert({}, FAILED);
  const answers = await Promise.all(Array.from({ length: 8 }, () => acknowledge(service, [id])));
  const counted = answers.map(({ body }) => body.acknowledged).reduce((sum, one) => sum + one, 0);
  assert.equal(counted, 1);
  const entries = await trailOf(service, id);
  assert.equal(entries.length, 1);
});

test('ids and reason of an acknowledgement are checked, and named', async (t) => {
  const service = await start(t);
  const id = randomUUIDv7();
  for (const [body, pointer] of [
    [{ letterIds: [], reason: 'x' }, '/letterIds'],
    [{ letterIds: Array(101).fill(id), reason: 'x' }, '/letterIds'],
    [{ letterIds: ['7'], reason: 'x' }, '/letterIds/0'],
    [{ letterIds: [id], reason: ' ' }, '/reason'],
    [{ letterIds: [id] }, '/reason'],
  ] as [object, string][]) {
    const answer = await service.call('POST', `${LETTERS}/acknowledge`, body, OLGA);
    assert.equal(answer.status, 400);
    assert.equal(answer.body.errors[0].pointer, pointer);
  }
});

test('letters of one selection are resent, and each is in the trail', async (t) => {
  const service = await start(t);
  await service.putProfile('anna', 'anna@example.com');
  const [first, second, third] = [
    await service.insert({}, FAILED),
    await service.insert({}, FAILED),
    await service.insert({}, FAILED),
  ];
  const waiting = await service.insert({}, `due_at = '2100-01-01T00:00:00Z'`);
  const letterIds = [first, second, waiting, randomUUIDv7()];
  const path = `${LETTERS}/resend`;
  const dry = await service.call('POST', path, { letterIds, dryRun: true }, OLGA);
  assert.deepEqual(dry.body, { matched: 2, resent: 0, nextCursor: null });
  const { body } = await service.call('POST', path, { letterIds }, OLGA);
  assert.deepEqual(body, { matched: 2, resent: 2, nextCursor: null });
  for (const id of [first, second]) {
    await service.until(id, 'sent', 1);
    const actions = (await trailOf(service, id)).map(({ action }: { action: string }) => action);
    assert.deepEqual(actions, ['resend-letter']);
  }
  assert.equal((await service.letter(third)).state, 'failed');
  assert.equal((await service.letter(waiting)).state, 'queued');
});

test('after a changed address the customer’s failed letters of 30 days go again, once', async (t) => {
  const service = await start(t);
  await service.putProfile('anna', 'anna@example.com');
  const daysAgo = (days: number) => ({ id: newUuidAt(new Date(Date.now() - days * 86_400_000)) });
  const lately = await service.insert({}, FAILED, daysAgo(29));
  const acknowledged = await service.insert({}, FAILED);
  await acknowledge(service, [acknowledged]);
  const old = await service.insert({}, FAILED, daysAgo(31));
  const erased = await service.insert({}, `${FAILED}, erased_at = now()`);
  const foreign = await service.insert({ customerId: 'boris' }, FAILED);
  const retry = () => service.call('POST', '/customers/anna/letters/retry');
  const answers = await Promise.all([retry(), retry()]);
  const retried = answers.map(({ body }) => body.retried).sort();
  assert.deepEqual(
    retried.reduce((sum, one) => sum + one, 0),
    2,
  );
  for (const id of [lately, acknowledged]) await service.until(id, 'sent', 1);
  for (const id of [old, erased, foreign]) assert.equal((await service.letter(id)).state, 'failed');
  assert.deepEqual((await retry()).body, { retried: 0 });
  const [entry] = await trailOf(service, lately);
  assert.deepEqual(
    [entry.action, entry.actor, entry.before, entry.after],
    ['retry-letters', null, { state: 'failed' }, { state: 'queued' }],
  );
});

test('a letter in flight to the old address is resent when that attempt fails for good', async (t) => {
  const refused = Promise.withResolvers<void>();
  const reply = { at: 'rcpt', do: 'reply', reply: REFUSAL } as const;
  const service = await start(t, [{ ...reply, after: refused.promise }, reply]);
  await service.putProfile('anna', 'ana@example.com');
  const id = await service.insert();
  await service.server.reached('rcpt');
  await service.putProfile('anna', 'anna@example.com');
  const { body } = await service.call('POST', '/customers/anna/letters/retry');
  assert.deepEqual(body, { retried: 0 }, 'the letter has not failed yet');
  refused.resolve();
  // The corrected address is refused too, so the second failure is final.
  await service.until(id, 'failed', 2);
  const [entry] = await trailOf(service, id);
  assert.deepEqual([entry.action, entry.actor], ['retry-letters', null]);
  const { commands } = service.server;
  assert.deepEqual(
    commands.filter((line) => line.startsWith('RCPT')),
    ['RCPT TO:<ana@example.com>', 'RCPT TO:<anna@example.com>'],
  );
});

test('at most a hundred letters of a customer go again, the newest first', async (t) => {
  const service = await start(t);
  const oldest = await service.insert({}, FAILED, { id: newUuidAt(new Date(Date.now() - 60_000)) });
  for (let count = 0; count < 100; count++) await service.insert({}, FAILED);
  const { body } = await service.call('POST', '/customers/anna/letters/retry');
  assert.deepEqual(body, { retried: 100 });
  assert.equal((await service.letter(oldest)).state, 'failed');
});

test('a delivery tells who resent its letter, and customers not which operator', async (t) => {
  const service = await start(t, Array(2).fill({ at: 'rcpt', do: 'reply', reply: REFUSAL }));
  await service.putProfile('anna', 'anna@example.com');
  const id = await service.insert();
  await service.until(id, 'failed', 1);
  await service.call('POST', `${LETTERS}/resend`, {}, OLGA);
  await service.until(id, 'failed', 2);
  await service.call('POST', '/customers/anna/letters/retry');
  await service.until(id, 'sent', 3);
  const deliveryOf = async (query: string) =>
    (await service.call('GET', `/deliveries/${id}${query}`)).body.resends;
  const seen = await deliveryOf('');
  assert.deepEqual(
    seen.map(({ by, actor }: { by: string; actor: string | null }) => [by, actor]),
    [
      ['operator', 'olga'],
      ['customer', null],
    ],
  );
  const own = seen.map(({ at, by }: { at: string; by: string }) => ({ at, by }));
  assert.deepEqual(await deliveryOf('?customerId=anna'), own);
});

test('letters are found by the trace of an attempt', async (t) => {
  const service = await start(t);
  await service.putProfile('anna', 'anna.o@example.com');
  const [id, other] = [await service.insert(), await service.insert()];
  const row = await service.until(id, 'sent', 1);
  await service.until(other, 'sent', 1);
  const [{ traceId } = { traceId: null }] = row.attempts;
  const path = `/operator/traced-letters?traceId=${traceId}`;
  const { status, body } = await service.call('GET', path, undefined, OLGA);
  assert.equal(status, 200);
  assert.deepEqual(body.data, [await read(service, id)]);
  assert.doesNotMatch(JSON.stringify(body), /anna\.o/);
  const [entry] = await trailOf(service, id);
  assert.deepEqual([entry.action, entry.actor], ['read-letter', 'olga']);
  const none = await service.call('GET', `/operator/traced-letters?traceId=${'0'.repeat(32)}`);
  assert.deepEqual(none.body, { data: [] });
  const wrong = await service.call('GET', '/operator/traced-letters?traceId=7');
  assert.equal(wrong.status, 400);
});

test('an erasure takes the masked address of an attempt too', async (t) => {
  const service = await start(t, [{ at: 'rcpt', do: 'reply', reply: REFUSAL }]);
  await service.putProfile('anna', 'anna.o@example.com');
  const id = await service.insert();
  await service.until(id, 'failed', 1);
  const body = { customerId: 'anna', traces: [] };
  const { status } = await service.call('POST', '/erasures', body);
  assert.equal(status, 200);
  assert.equal((await read(service, id)).address, null);
});
