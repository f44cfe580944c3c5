import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contactOf } from '#harness/system/letter-workers.ts';
import type { ClaimedLetter } from './claim-store.ts';
import type { AttemptRow } from './letter-store.ts';
import { type SendLetterDeps, sendLetter } from './send-letter.ts';

const moment = new Date('2026-11-22T18:30:00.123Z');
const letter: ClaimedLetter = {
  id: '019ac0de-1111-7000-8000-000000000001',
  orderId: 'order',
  customerId: 'anna',
  kind: 'happiness',
  total: { amount: 50_000, currency: 'RUB' },
  reason: null,
  occurredAt: moment,
  createdAt: moment,
  tryingSince: moment,
  attempt: 1,
  lockedRecipient: null,
  previousState: 'queued',
};

/** The record of one attempt, where profiles take 30 ms and the mail server 50. */
async function attemptOf(
  given: Partial<ClaimedLetter>,
  findContact: SendLetterDeps['findContact'] = async (id) => contactOf(id),
): Promise<AttemptRow> {
  let elapsedMs = 0;
  const recorded = Promise.withResolvers<AttemptRow>();
  await sendLetter(
    {
      findContact(customerId) {
        elapsedMs += 30;
        return findContact(customerId);
      },
      markCommitting: async () => true,
      async send(_mail, beforeDot) {
        elapsedMs += 50;
        await beforeDot();
        return { kind: 'sent', response: '250 ok' };
      },
      record: async (_letter, attempt) => recorded.resolve(attempt),
      messageIdOf: (id) => `${id}@orders.test`,
      from: 'orders@orders.test',
      retryInMs: () => 0,
      giveUpAfterMs: 1_000,
      onOurFault: () => {},
      now: () => new Date(moment.getTime() + elapsedMs),
    },
    { ...letter, ...given },
  );
  return recorded.promise;
}

const timesOf = ({ contactMs, durationMs }: AttemptRow) => [contactMs, durationMs];

test('an attempt tells how long profiles took, with or without a profile', async () => {
  assert.deepEqual(timesOf(await attemptOf({})), [30, 80]);
  const unknown = await attemptOf({}, async () => null);
  assert.deepEqual(timesOf(unknown), [30, 30]);
  assert.equal(unknown.error, 'the customer has no profile yet');
});

test('where profiles were not asked or did not answer there is no such time', async () => {
  const lockedRecipient = { to: 'anna@example.com', name: 'Анна', locale: 'ru' } as const;
  assert.deepEqual(timesOf(await attemptOf({ lockedRecipient })), [null, 50]);
  const failed = await attemptOf({}, async () => {
    throw new Error('no answer');
  });
  assert.deepEqual(timesOf(failed), [null, 30]);
  assert.equal(failed.error, 'profiles: no answer');
});
