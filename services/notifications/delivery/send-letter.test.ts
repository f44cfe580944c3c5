import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contactOf, SENDER } from '#harness/system/letter-workers.ts';
import type { ClaimedLetter } from '../letter/claimed-letter.ts';
import type { Attempt } from './delivery-store.ts';
import { type SendLetterDeps, sendLetter } from './send-letter.ts';

const moment = new Date('2026-11-22T18:30:00.123Z');
const letter: ClaimedLetter = {
  id: '019ac0de-1111-7000-8000-000000000001',
  customerId: 'anna',
  event: {
    orderId: 'order',
    kind: 'happiness',
    total: { amount: 50_000, currency: 'RUB' },
    reason: null,
    occurredAt: moment.toISOString(),
  },
  templateVersion: 1,
  createdAt: moment,
  tryingSince: moment,
  attempt: 1,
  unknownOutcomes: 0,
  lockedRecipient: null,
  traceparent: null,
  previousState: 'queued',
};

/** The record of one attempt, where profiles take 30 ms and the mail server 50. */
async function attemptOf(
  given: Partial<ClaimedLetter>,
  findContact: SendLetterDeps['findContact'] = async (id) => contactOf(id),
): Promise<Attempt> {
  let elapsedMs = 0;
  const recorded = Promise.withResolvers<Attempt>();
  await sendLetter(
    {
      findContact(customerId) {
        elapsedMs += 30;
        return findContact(customerId);
      },
      findItems: async () => undefined,
      isErased: async () => false,
      markCommitting: async () => true,
      async send(_mail, beforeDot) {
        elapsedMs += 50;
        await beforeDot();
        return { outcome: 'sent', stage: 'after-dot', response: '250 ok', error: null };
      },
      record: async (attempt) => recorded.resolve(attempt),
      sender: SENDER,
      retryInMs: () => 0,
      giveUpAfterMs: 1_000,
      retryCorrected: async () => {},
      giveBack: async () => {},
      hold: async () => {},
      confirmAddresses: false,
      takeSlot: async () => true,
      onFault: () => {},
      now: () => new Date(moment.getTime() + elapsedMs),
    },
    { ...letter, ...given },
  );
  return recorded.promise;
}

const timesOf = ({ contactMs, durationMs }: Attempt) => [contactMs, durationMs];

test('an attempt records how long profiles took, with or without a profile', async () => {
  assert.deepEqual(timesOf(await attemptOf({})), [30, 80]);
  const unknown = await attemptOf({}, async () => null);
  assert.deepEqual(timesOf(unknown), [30, 30]);
  assert.equal(unknown.error, 'the customer has no profile yet');
  assert.equal(unknown.stage, 'contact');
});

test('where profiles were not asked or did not answer there is no such time', async () => {
  const lockedRecipient = { to: 'anna@example.com', name: 'Анна', locale: 'ru' } as const;
  assert.deepEqual(timesOf(await attemptOf({ lockedRecipient })), [null, 50]);
  const failed = await attemptOf({}, async () => {
    throw new Error('no answer');
  });
  assert.deepEqual(timesOf(failed), [null, 30]);
  assert.equal(failed.error, 'profiles: no answer');
  assert.equal(failed.stage, 'contact');
});

test('a letter of a template version that this release does not have waits, and says why', async () => {
  const { outcome, stage, error } = await attemptOf({ templateVersion: 7 });
  assert.deepEqual(
    [outcome, stage, error],
    ['transient', 'compose', 'there is no letter template 7'],
  );
});
