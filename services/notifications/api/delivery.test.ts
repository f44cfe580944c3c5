import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import {
  type NotificationsService,
  startNotificationsService as start,
} from '#harness/system/notifications-service.ts';
import { insertDeadLetters } from '#platform/messaging/consumer/dead-letter-store.ts';

// The delivery of an order's event, as notifications returns it.

const deliveryOf = async (service: NotificationsService, eventId: string, query = '') => {
  const { status, body } = await service.call('GET', `/deliveries/${eventId}${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};

const NOTHING = { received: null, letter: null, deadLetter: null };

test('an event that became a letter: where it came from and what was sent', async (t) => {
  const service = await start(t, [
    { at: 'rcpt', do: 'reply', reply: '550 <anna.ivanova@example.com>: no such user' },
  ]);
  await service.putProfile('anna', 'anna.ivanova@example.com');
  const id = await service.insert({}, '', { partition: 3, offset: 17n });
  const row = await service.until(id, 'failed', 1);
  const own = await deliveryOf(service, id, '?customerId=anna');
  const letter = (await service.call('GET', `/letters/${id}?customerId=anna`)).body;
  assert.deepEqual(own, {
    received: { at: row.created_at.toISOString(), partition: 3, offset: 17 },
    letter,
    stages: [{ number: 1, stage: 'envelope' }],
    deadLetter: null,
    nextAttemptAt: null,
    resends: [],
    acknowledged: false,
  });
  assert.equal(own.letter.reason, '550 <anna.ivanova@example.com>: no such user');
  assert.ok(Number.isInteger(own.letter.attempts[0].contactMs));

  const masked = await deliveryOf(service, id);
  const seen = (await service.call('GET', `/operator/letters/${id}`)).body;
  assert.equal(seen.customerId, 'anna');
  const shown = Object.keys(own.letter).map((name) => [name, seen[name]]);
  assert.deepEqual(masked, { ...own, letter: Object.fromEntries(shown) });
  assert.doesNotMatch(JSON.stringify(masked), /ivanova/);

  assert.deepEqual(await deliveryOf(service, id, '?customerId=boris'), NOTHING);
  assert.deepEqual(await deliveryOf(service, randomUUIDv7()), NOTHING);
  const shouted = await deliveryOf(service, id.toUpperCase(), '?customerId=anna');
  assert.deepEqual(shouted, own);
});

/** A dead letter at partition 2, offset 5. @returns its id */
async function insertDead({ database }: NotificationsService, eventId: string, error: string) {
  const headers = [['ce_id', Buffer.from(eventId).toString('base64')]];
  const id = randomUUIDv7();
  await insertDeadLetters(database, [
    {
      id,
      topic: 'orders',
      partition: 2,
      offset: 5n,
      key: null,
      value: Buffer.from('to anna@example.com'),
      headers: JSON.stringify(headers),
      digest: Buffer.from(eventId),
      error,
    },
  ]);
  return id;
}

test('an event that could not become a letter is found by its place', async (t) => {
  const service = await start(t);
  const [first, second] = [randomUUIDv7(), randomUUIDv7()];
  const id = await insertDead(service, first, 'no letter for anna@example.com');
  // From the topic before it was recreated.
  await insertDead(service, second, 'another');
  const place = 'partition=2&offset=5';
  const found = await deliveryOf(service, first, `?customerId=anna&${place}`);
  assert.equal(found.deadLetter.error, 'no letter for anna@example.com');
  assert.equal(found.deadLetter.value, 'to anna@example.com');

  const masked = await deliveryOf(service, first, `?${place}`);
  const { body: shown } = await service.call('GET', `/operator/dead-letters/${id}`);
  assert.deepEqual(masked, { ...NOTHING, deadLetter: shown });
  assert.equal(shown.error, 'no letter for a***@example.com');
  assert.equal(shown.value, 'to a***@example.com');

  for (const query of ['', '?partition=2', '?partition=2&offset=6', '?partition=1&offset=5']) {
    assert.deepEqual(await deliveryOf(service, first, query), NOTHING);
  }
  assert.deepEqual(await deliveryOf(service, randomUUID(), `?${place}`), NOTHING);
});
