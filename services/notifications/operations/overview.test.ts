import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeDatabase } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { readMetrics } from '#harness/metrics.ts';
import { startLetterBench } from '#harness/system/letter-workers.ts';
import {
  type NotificationsService,
  startNotificationsService as start,
} from '#harness/system/notifications-service.ts';
import { countDead } from '#platform/messaging/consumer/dead-letter-store.ts';
import { countJustSent, countLetters, countWaiting } from './overview-store.ts';

const overviewOf = async (service: NotificationsService) => {
  const { status, body } = await service.call('GET', '/overview');
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};

const NO_LETTERS = { max: 100_000, queued: 0, sending: 0, sent: 0, failed: 0 };

test('what is not read, not sent and cannot be used is counted', async (t) => {
  const service = await start(t);
  const quiet = await eventually('the topic', async () => {
    const overview = await overviewOf(service);
    return overview.lag?.length === 1 && overview;
  });
  const [mailServer] = quiet.mail.providers;
  assert.match(mailServer.since, /^\d{4}-.*Z$/);
  assert.deepEqual(quiet, {
    mail: {
      providers: [
        {
          provider: new URL(service.server.url).host,
          state: 'closed',
          since: mailServer.since,
          nextAttemptAt: null,
          fault: null,
        },
      ],
    },
    letters: NO_LETTERS,
    oldestWaitingMs: 0,
    sentPerSecond: 0,
    deadLetters: 0,
    unacknowledged: 0,
    waitingForConfirmation: 0,
    accountLetters: { waiting: 0, failed: 0 },
    lag: [{ partition: 0, position: 0, end: 0, lag: 0 }],
  });

  const later = `due_at = now() + interval '1 hour'`;
  await service.insert({}, `${later}, created_at = now() - interval '1 minute'`);
  await service.insert({}, later);
  const sent = `state = 'sent', recipient = 'anna@example.com', sent_at = now()`;
  // The oldest of all, and waits no more.
  await service.insert({}, `${sent}, created_at = now() - interval '1 day'`);
  await service.insert({}, `state = 'failed', failure = 'no address'`);
  await service.broker.publish('orders', [
    { key: 'poison', value: Buffer.from('x'), headers: {} },
    { key: 'foreign', value: Buffer.from('x'), headers: { ce_type: 'other' } },
  ]);
  const found = await eventually('both messages', async () => {
    const overview = await overviewOf(service);
    return overview.deadLetters === 1 && overview.lag?.[0]?.position === 2 && overview;
  });
  assert.deepEqual(found.letters, { ...NO_LETTERS, queued: 2, sent: 1, failed: 1 });
  assert.equal(found.unacknowledged, 1);
  assert.ok(found.oldestWaitingMs >= 60_000 && found.oldestWaitingMs < 86_400_000);
  assert.deepEqual(found.lag, [{ partition: 0, position: 2, end: 2, lag: 0 }]);
});

test('a refusal that is about us is shown, masked, with the latest answer of its kind', async (t) => {
  const reply = (text: string) => ({ at: 'mail', do: 'reply', reply: text }) as const;
  const service = await start(t, [reply('553 <orders@orderbell.localdomain> not owned')]);
  await service.putProfile('anna', 'anna@example.com');
  const id = await service.insert();
  await service.until(id, 'sent', 2);
  const { refusals } = await eventually('the refusal', async () => {
    const overview = await overviewOf(service);
    return overview.refusals && overview;
  });
  assert.equal(refusals.length, 1);
  const [{ fault, response, at }] = refusals;
  assert.deepEqual([fault, response], ['sender', '553 <o***@orderbell.localdomain> not owned']);
  assert.match(at, /^\d{4}-.*Z$/);
  const metrics = await readMetrics(service.url, 'orderbell_mail_refusals');
  const refused = Object.entries(metrics).filter(([, count]) => count > 0);
  assert.deepEqual(refused, [['orderbell_mail_refusals_total{fault="sender"}', 1]]);
  // A corrected fault disappears after a while.
  await service.database.query("update mail_refusals set refused_at = now() - interval '1 hour'");
  await eventually('its end', async () => (await overviewOf(service)).refusals === undefined);
});

test('a mail server that is paused is shown with its fault, masked, until it is back', async (t) => {
  const step = { at: 'connect', do: 'reply', reply: '421 <orders@shop.test> wait' } as const;
  const service = await start(t, Array(3).fill(step));
  await service.putProfile('anna', 'anna@example.com');
  const id = await service.insert();
  const { host } = new URL(service.server.url);
  const metric = async () =>
    (await readMetrics(service.url, 'orderbell_mail_breaker'))[
      `orderbell_mail_breaker_open{provider="${host}"}`
    ];
  const paused = await eventually('the pause', async () => {
    const [provider] = (await overviewOf(service)).mail.providers;
    return provider.state === 'open' && provider;
  });
  assert.deepEqual(paused.fault, { kind: 'greeting', text: '421 <o***@shop.test> wait' });
  assert.equal(paused.provider, host);
  assert.ok(paused.nextAttemptAt >= paused.since);
  assert.equal(await metric(), 1);
  await service.until(id, 'sent', 4);
  const [provider] = (await overviewOf(service)).mail.providers;
  assert.deepEqual([provider.state, provider.fault], ['closed', null]);
  assert.equal(await metric(), 0);
});

test('without the broker the overview still has everything else', async (t) => {
  const service = await start(t);
  await service.insert({}, `state = 'failed', failure = 'no address'`);
  const bringBack = await closeDatabase(service.databaseUrl('BROKER_DATABASE_URL'));
  const overview = await eventually('the outage', async () => {
    const found = await overviewOf(service);
    return found.lag === null && found;
  });
  assert.deepEqual(overview.letters, { ...NO_LETTERS, failed: 1 });
  await bringBack();
  await eventually('the broker', async () => (await overviewOf(service)).lag !== null);
});

test('counts end at the maximum, and a marked letter is still being sent', async (t) => {
  const { database, insert, sql } = await startLetterBench(t);
  const ids = await insert('anna', 'boris', 'vera', 'gleb', 'dina');
  const marked = `state = 'committing', recipient = 'x@example.com'`;
  await sql(`update letters set ${marked} where id = $1`, [ids[0]]);
  await sql(`update letters set state = 'sending' where id = $1`, [ids[1]]);
  assert.deepEqual(await countLetters(database, 2), {
    max: 2,
    queued: 2,
    sending: 2,
    sent: 0,
    failed: 0,
  });
  assert.deepEqual(await countLetters(database, 9), {
    max: 9,
    queued: 3,
    sending: 2,
    sent: 0,
    failed: 0,
  });
  assert.deepEqual([await countWaiting(database, 2), await countWaiting(database, 9)], [2, 5]);
  await sql(
    `insert into dead_letters (id, topic, partition, "offset", headers, digest, error, redriven_at)
     select gen_random_uuid(), 'orders', 0, n, '[]', '', 'x', case when n = 1 then now() end
     from generate_series(1, 4) as n`,
  );
  assert.deepEqual([await countDead(database, 9), await countDead(database, 2)], [3, 2]);
});

test('the rate is of letters sent lately, of events that are not much older', async (t) => {
  const { database, insert, sql } = await startLetterBench(t);
  const ids = await insert('anna', 'boris', 'vera', 'gleb');
  const sentAgo = (seconds: number, id = '') =>
    sql(
      `update letters set state = 'sent', recipient = 'x@example.com',
         sent_at = now() - $2 * interval '1 second' where id = $1`,
      [id, seconds],
    );
  await sentAgo(0, ids[0]);
  await sentAgo(0, ids[1]);
  await sentAgo(10_000, ids[2]);
  await sql(
    `update letters set id = '019ac0de-1111-7000-8000-000000000001' where id = $1`,
    ids.slice(1, 2),
  );
  // Long enough to cover this whole test.
  assert.equal(await countJustSent(database, { sentS: 600, eventS: 600 }), 1);
  assert.equal(await countJustSent(database, { sentS: 20_000, eventS: 600 }), 2);
});

test('the figures of the last hour are kept, and are those of the overview', async (t) => {
  const service = await start(t);
  // In this order: a sample that is due between them shows no failed letter, and is passed over.
  await service.insert({}, `due_at = now() + interval '1 hour'`);
  await service.insert({}, `state = 'failed', failure = 'no address'`);
  // So that a sample is due now.
  await service.database.query("update samples set at = at - interval '1 minute'");
  const sample = await eventually('a sample of these letters', async () => {
    const { status, body } = await service.call('GET', '/history');
    assert.equal(status, 200, JSON.stringify(body));
    return body.data.find(({ unacknowledged }: { unacknowledged: number }) => unacknowledged > 0);
  });
  const { at, lag, ...figures } = sample;
  assert.match(at, /^\d{4}-.*0\.000Z$/);
  assert.ok(lag === 0 || lag === null);
  assert.deepEqual(figures, { sentPerSecond: 0, waiting: 1, unacknowledged: 1, deadLetters: 0 });
});
