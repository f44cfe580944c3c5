import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import { outcomesOf } from '#harness/system/letter-workers.ts';
import {
  type NotificationsService,
  startNotificationsService as start,
} from '#harness/system/notifications-service.ts';

import { getLetters, listLetters } from './letter-list-store.ts';

const LETTERS = '/operator/letters';

/** No worker takes it for as long as the test runs. */
const WAITING = "due_at = now() + interval '1 hour'";
const SENDING = `state = 'sending', token = gen_random_uuid(), ${WAITING}`;
const COMMITTING = `state = 'committing', token = gen_random_uuid(), recipient = 'anna@example.com',
  recipient_name = 'Anna', locale = 'en', ${WAITING}`;
const FAILED = `state = 'failed', failure = '550 5.1.1 <old@example.com>: unknown',
  recipient = 'old@example.com', recipient_name = 'Old', locale = 'en', attempt_count = 1`;
const SENT = `state = 'sent', sent_at = now(), recipient = 'anna@example.com',
  recipient_name = 'Anna', locale = 'en'`;

const resend = (service: NotificationsService, id: string) =>
  service.call('POST', `${LETTERS}/${id}/resend`);

test('the operator’s list: newest first, filters, pages, each element as it is read alone', async (t) => {
  const service = await start(t);
  const orderId = randomUUID();
  const ids = {
    queued: await service.insert({}, WAITING),
    sending: await service.insert({ customerId: 'boris' }, SENDING),
    committing: await service.insert({ orderId }, COMMITTING),
    failed: await service.insert({}, FAILED),
    sent: await service.insert({ customerId: 'boris', orderId }, SENT),
  };
  const { queued, sending, committing, failed, sent } = ids;
  // Ids of one millisecond have no order of their making.
  const newest = (...some: string[]) => some.sort().reverse();
  const list = async (query: string) => (await service.call('GET', `${LETTERS}${query}`)).body;

  for (const [query, expected] of [
    ['', newest(...Object.values(ids))],
    ['?state=queued', [queued]],
    ['?state=sending', newest(committing, sending)],
    ['?state=failed', [failed]],
    ['?state=sent', [sent]],
    ['?customerId=boris', newest(sent, sending)],
    [`?orderId=${orderId}`, newest(sent, committing)],
    [`?orderId=${orderId}&customerId=anna`, [committing]],
    ['?customerId=boris&state=sent', [sent]],
    ['?customerId=nobody', []],
  ] as [string, string[]][]) {
    const { data, nextCursor } = await list(query);
    assert.deepEqual([data.map(({ id }: { id: string }) => id), nextCursor], [expected, null]);
    for (const letter of data) {
      assert.deepEqual((await service.call('GET', `${LETTERS}/${letter.id}`)).body, letter);
    }
    const pages: string[] = [];
    for (let cursor = ''; ; ) {
      const page = await list(`${query === '' ? '?' : `${query}&`}limit=1${cursor}`);
      pages.push(...page.data.map(({ id }: { id: string }) => id));
      if (page.nextCursor === null) break;
      cursor = `&cursor=${page.nextCursor}`;
    }
    assert.deepEqual(pages, expected);
  }
});

test('the letters of a page are read only until it is full, and the pages lead to all', async (t) => {
  const service = await start(t);
  const ids: string[] = [];
  for (let count = 0; count < 8; count++) ids.push(await service.insert({}, FAILED));
  await service.database.query(
    `insert into letter_attempts (letter_id, number, started_at, duration_ms, outcome, response, error)
      select id, number, now(), 1, 'permanent', repeat('r', 1000), repeat('e', 1000)
      from letters, generate_series(1, 60) as number`,
  );
  const filters = { customerId: null, orderId: null, state: null, before: null };
  const read = await listLetters(service.database, { ...filters, limit: 8 });
  assert.deepEqual([read.rows.length, read.more], [3, true]);
  const searched = await getLetters(service.database, ids);
  assert.deepEqual([searched.rows.length, searched.more], [3, true]);
  for (const query of ['?limit=8', '?limit=8&kind=happiness', '?limit=8&failure=550']) {
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await service.call('GET', `${LETTERS}${query}${cursor}`);
      seen.push(...body.data.map(({ id }: { id: string }) => id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    assert.deepEqual(seen, ids.toSorted().reverse(), query);
  }
});

test('a cursor of another list, an unknown filter or letter: 400, 400, 404', async (t) => {
  const service = await start(t);
  for (let i = 0; i < 2; i++) await service.insert({}, WAITING);
  const own = await service.call('GET', '/letters?customerId=anna&limit=1');
  const { nextCursor } = own.body;
  assert.ok(nextCursor);
  for (const [status, method, path] of [
    [400, 'GET', `${LETTERS}?cursor=${nextCursor}`],
    [400, 'GET', `${LETTERS}?state=committing`],
    [400, 'GET', `${LETTERS}?to=anna`],
    [400, 'GET', `${LETTERS}/7`],
    [404, 'GET', `${LETTERS}/${randomUUIDv7()}`],
    [404, 'GET', `${LETTERS}/${randomUUIDv7()}/preview`],
    [404, 'POST', `${LETTERS}/${randomUUIDv7()}/resend`],
  ] as const) {
    assert.equal((await service.call(method, path)).status, status, path);
  }
});

test('every address is masked for the operator; the customer sees it in full', async (t) => {
  const reply = '550 5.1.1 <anna.o@example.com>: no such user';
  const service = await start(t, [{ at: 'rcpt', do: 'reply', reply }]);
  await service.putProfile('anna', 'anna.o@example.com', 'Anna anna.o@example.com');
  const id = await service.insert();
  await service.until(id, 'failed', 1);
  const { body } = await service.call('GET', `${LETTERS}/${id}`);
  const masked = '550 5.1.1 <a***@example.com>: no such user';
  assert.deepEqual([body.state, body.reason, body.customerId], ['failed', masked, 'anna']);
  assert.equal(body.attempts[0].response, masked);
  const preview = await service.call('GET', `${LETTERS}/${id}/preview`);
  assert.equal(preview.status, 200);
  const answers = [
    body,
    preview.body,
    (await service.call('GET', LETTERS)).body,
    (await resend(service, id)).body,
  ];
  await service.until(id, 'sent', 2);
  // Letters of older releases repeat any name.
  await service.database.query(
    `update letters set recipient_name = 'Anna anna.o@example.com' where id = $1`,
    [id],
  );
  // Now with recipient and texts.
  answers.push((await service.call('GET', `${LETTERS}/${id}`)).body);
  for (const answer of answers) assert.doesNotMatch(JSON.stringify(answer), /anna\.o/);
  const { to, subject, text, html } = answers.at(-1);
  assert.equal(to, 'a***@example.com');
  assert.match(subject, /^Письмо счастья/);
  for (const part of [text, html]) assert.match(part, /Anna a\*\*\*@example\.com/);

  const own = await service.call('GET', `/letters/${id}?customerId=anna`);
  assert.equal(own.body.to, 'anna.o@example.com');
  assert.equal(own.body.attempts[0].response, reply);
});

test('the preview is what would go out now: today’s name, language and masked address', async (t) => {
  const service = await start(t);
  const id = await service.insert({ status: 'Cancelled', reason: 'voided' }, FAILED);
  const preview = () => service.call('GET', `${LETTERS}/${id}/preview`);
  const none = await preview();
  assert.deepEqual([none.status, none.body.code], [409, 'no-contact']);
  await service.putProfile('anna', 'new@example.org', 'Анна');
  const { status, body } = await preview();
  assert.deepEqual([status, body.to, body.locale], [200, 'n***@example.org', 'ru']);
  assert.equal((await resend(service, id)).status, 200);
  await service.until(id, 'sent', 1);
  const { subject, text, html } = (await service.call('GET', `/letters/${id}?customerId=anna`))
    .body;
  assert.deepEqual([body.subject, body.text, body.html], [subject, text, html]);
  assert.match(text, /Здравствуйте, Анна!/);

  await service.profiles.close();
  const without = await preview();
  assert.deepEqual([without.status, without.body.code], [503, 'unavailable']);
});

test('I6: a failed letter that is resent goes to the address of today', async (t) => {
  const service = await start(t);
  await service.putProfile('anna', 'new@example.com');
  const id = await service.insert({}, `${FAILED}, unknown_outcomes = 1`);
  const { status, body } = await resend(service, id);
  assert.equal(status, 200);
  // The error remains visible until the next attempt replaces it.
  if (body.state === 'queued') assert.equal(body.reason, '550 5.1.1 <o***@example.com>: unknown');
  const sent = await service.until(id, 'sent', 1);
  assert.deepEqual([sent.recipient, sent.locale, sent.failure], ['new@example.com', 'ru', null]);
  assert.equal(sent.unknown_outcomes, 1);
  assert.deepEqual(
    service.server.messages.map(({ to }) => to),
    [['new@example.com']],
  );
});

/** SQL of a letter that failed this many minutes ago. */
const failed = (reason: string, minutes: number) =>
  `state = 'failed', failure = '${reason}', due_at = now() - interval '${minutes} minutes'`;

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

test('failed letters are found by reason, time and kind, and resent, each once', async (t) => {
  const service = await start(t);
  await service.putProfile('anna', 'anna@example.com');
  const blocked = '550 5.7.1 Blocked <anna.o@example.com>';
  const ids = {
    old: await service.insert({}, failed(blocked, 90)),
    late: await service.insert({ status: 'Cancelled' }, failed(blocked, 30)),
    other: await service.insert({}, failed('550 5.1.1 no such user', 30)),
    waiting: await service.insert({}, `failure = '${blocked}', ${WAITING}`),
    sending: await service.insert({}, `${SENDING}, failure = '${blocked}'`),
  };
  const many = async (body: object) => {
    const answer = await service.call('POST', `${LETTERS}/resend`, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  const list = async (query: Record<string, string>) => {
    const answer = await service.call('GET', `${LETTERS}?${new URLSearchParams(query)}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.data.map(({ id }: { id: string }) => id).sort();
  };
  for (const [filter, expected] of [
    [{}, [ids.old, ids.late, ids.other]],
    [{ failure: 'blocked' }, [ids.old, ids.late]],
    [{ failure: '550' }, [ids.old, ids.late, ids.other]],
    [{ failure: 'a***@example.com' }, [ids.old, ids.late]],
    // An operator cannot guess an address character by character.
    [{ failure: 'anna.o' }, []],
    [{ failure: '%' }, []],
    [{ failedSince: minutesAgo(60) }, [ids.late, ids.other]],
    [{ failedUntil: minutesAgo(60) }, [ids.old]],
    [{ failedSince: minutesAgo(100), failedUntil: minutesAgo(60) }, [ids.old]],
    [{ failedSince: minutesAgo(10) }, []],
    [{ kind: 'grief', failure: 'blocked' }, [ids.late]],
  ] as [Record<string, string>, string[]][]) {
    const found = { matched: expected.length, resent: 0, nextCursor: null };
    assert.deepEqual(await many({ ...filter, dryRun: true }), found, JSON.stringify(filter));
    assert.deepEqual(await list({ ...filter, state: 'failed' }), expected.sort());
  }
  // Of the list the reason filters letters in every state.
  assert.deepEqual(await list({ failure: 'blocked', state: 'queued' }), [ids.waiting]);
  assert.deepEqual(await list({ failure: 'blocked', failedSince: minutesAgo(60) }), [ids.late]);

  const filter = { failure: 'blocked' };
  const first = await many({ ...filter, limit: 1 });
  assert.deepEqual([first.matched, first.resent], [1, 1]);
  const second = await many({ ...filter, limit: 1, cursor: first.nextCursor });
  assert.deepEqual(second, { matched: 1, resent: 1, nextCursor: null });
  assert.deepEqual(await many(filter), { matched: 0, resent: 0, nextCursor: null });
  for (const id of [ids.old, ids.late]) await service.until(id, 'sent', 1);
  assert.equal(service.server.messages.length, 2);
  assert.equal((await service.letter(ids.other)).state, 'failed');
  assert.equal((await service.letter(ids.waiting)).state, 'queued');
  assert.equal((await service.letter(ids.sending)).state, 'sending');
});

test('I6: many resends by filter at once, while the worker sends, send each letter once', async (t) => {
  const service = await start(t);
  await service.putProfile('anna', 'anna@example.com');
  const ids: string[] = [];
  for (let i = 0; i < 30; i++) ids.push(await service.insert({}, failed('550 5.7.1', 1)));
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => service.call('POST', `${LETTERS}/resend`, {})),
  );
  const resent = answers.map(({ body }) => body.resent).reduce((sum, one) => sum + one, 0);
  assert.equal(resent, 30);
  for (const id of ids) await service.until(id, 'sent', 1);
  assert.equal(service.server.messages.length, 30);
});

test('a filter that is none is refused, and named', async (t) => {
  const service = await start(t);
  for (const [body, place] of [
    [{ failedSince: 'yesterday' }, '/failedSince'],
    [{ failedUntil: '2026-02-30T00:00:00Z' }, '/failedUntil'],
    [{ failedSince: '2026-02-20T00:00:00+05' }, '/failedSince'],
    // A leap second has the form, and is no moment.
    [{ failedSince: '2026-06-30T23:59:60Z' }, '/failedSince'],
    [{ cursor: Buffer.from('letters:x').toString('base64url') }, '/cursor'],
    [{ failure: '' }, '/failure'],
    [{ failure: 'x'.repeat(201) }, '/failure'],
    [{ kind: 'joy' }, '/kind'],
    [{ limit: 0 }, '/limit'],
    [{ limit: 1_001 }, '/limit'],
    [{ state: 'sent' }, '/state'],
    [undefined, ''],
  ] as [object | undefined, string][]) {
    const answer = await service.call('POST', `${LETTERS}/resend`, body);
    assert.equal(answer.status, 400);
    assert.equal(answer.body.errors[0].pointer, place);
    const { rule, detail } = answer.body.errors[0];
    if (/^\/failed/.test(place))
      assert.deepEqual([rule, /2026-03-05T/.test(detail)], ['format', true]);
  }
  const listed = await service.call('GET', `${LETTERS}?failedSince=2026-06-30T23:59:60Z`);
  assert.deepEqual([listed.status, listed.body.errors[0].parameter], [400, 'failedSince']);
});

test('a letter that waits for its next try becomes due now', async (t) => {
  const service = await start(t);
  await service.putProfile('anna', 'anna@example.com');
  const waiting = await service.insert({}, WAITING);
  const other = await service.insert({}, WAITING);
  assert.equal((await resend(service, waiting)).status, 200);
  await service.until(waiting, 'sent', 1);
  assert.equal((await service.letter(other)).state, 'queued');
});

test('I6: a letter that is being sent stays as it is, one that was sent is refused', async (t) => {
  const service = await start(t);
  await service.putProfile('anna', 'anna@example.com');
  for (const state of [SENDING, COMMITTING]) {
    const id = await service.insert({}, state);
    const before = await service.letter(id);
    const { status, body } = await resend(service, id);
    assert.deepEqual([status, body.state], [200, 'sending']);
    assert.deepEqual(await service.letter(id), before);
  }
  const id = await service.insert({}, SENT);
  const before = await service.letter(id);
  const { status, body } = await resend(service, id);
  assert.deepEqual([status, body.code], [409, 'letter-sent']);
  assert.deepEqual(await service.letter(id), before);
  assert.equal(service.server.messages.length, 0);
});

test('I6: many resends at once send one letter', async (t) => {
  const service = await start(t);
  await service.putProfile('anna', 'anna@example.com');
  const id = await service.insert({}, FAILED);
  const answers = await Promise.all(Array.from({ length: 20 }, () => resend(service, id)));
  // Not surely the first: they may pass each other on their way to the database.
  assert.ok(answers.some(({ status }) => status === 200));
  // Those that came when it had been sent.
  for (const { status } of answers) assert.ok(status === 200 || status === 409);
  await service.until(id, 'sent', 1);
  await resend(service, id);
  assert.equal(service.server.messages.length, 1);
});

test('I6: after an unknown outcome, a failure and a resend, the second copy is counted', async (t) => {
  const service = await start(t, [
    { at: 'dot', do: 'accept-and-drop' },
    { at: 'rcpt', do: 'reply', reply: '450 4.2.0 later' },
  ]);
  await service.putProfile('anna', 'anna@example.com');
  const id = await service.insert({}, "trying_since = now() - interval '25 hours'");
  const failed = await service.until(id, 'failed', 1);
  assert.match(failed.failure ?? '', /^gave up: /);
  assert.equal((await resend(service, id)).status, 200);
  const sent = await service.until(id, 'sent', 3);
  // The period of attempts was restarted, so the transient fault did not end it.
  assert.deepEqual(outcomesOf(sent), ['unknown', 'transient', 'sent']);
  const copies = service.server.messages;
  assert.equal(copies.length, 2);
  assert.ok(copies.length - 1 <= sent.unknown_outcomes, String(sent.unknown_outcomes));
  // The Date header is the letter's, so the copies are the same to the last byte.
  assert.deepEqual(copies[1], copies[0]);
});
