import { kopecks, pendingOrder, reversal, topUp, values } from './example-values.ts';

/** Members of an example that belong to one operation; one that is undefined is left out. */
interface Own {
  body?: object;
  answer?: object;
  /** Of 202, which is not the one of 200 and 201. */
  answer202?: object;
  parameters?: Record<string, unknown>;
}

const toppedUp = { body: { amount: kopecks(250_000) }, answer: topUp };

const queued = { answer: { state: 'queued', sentAt: null } };
const redriven = {
  answer: { state: 'redriven', redrives: 1, redrivenAt: '2026-03-05T09:20:00.000Z' },
};
const failed = { cursor: undefined, limit: 100, dryRun: false };

/** By operationId. */
export const ofOperations: Record<string, Own | undefined> = {
  placeOrder: { answer202: pendingOrder },
  topUp: toppedUp,
  operatorTopUp: toppedUp,
  topUpWallet: toppedUp,
  eraseCustomer: { body: { cursor: 'orders:0198c1f2' }, answer: { waits: false } },
  listTraces: { parameters: { cursor: 'letters:0198c1f2' } },
  previewAnyLetter: { answer: { to: 'a***@example.com' } },
  previewLetter: { answer: { to: 'a***@example.com' } },
  readAnyJourney: { answer: { letter: null, complete: false } },
  resendAnyLetter: queued,
  resendLetter: queued,
  resendFailedLetters: { body: failed, answer: { matched: 12, resent: 12 } },
  resendLetters: { body: failed, answer: { matched: 12, resent: 12 } },
  redriveOne: redriven,
  redriveDeadLetter: redriven,
  redriveMany: { answer: { redriven: 3, refused: 0, dead: 0 } },
  redriveDeadLetters: { answer: { redriven: 3, refused: 0, dead: 0 } },
  repairBooks: { body: { cursor: undefined, writeOff: undefined } },
  reverseAnyTopUp: { answer: reversal },
  reverseTopUp: { answer: reversal },
};

/** By the name of a parameter: those whose name is another thing in bodies, or is not in them. */
export const ofParameters: Record<string, unknown> = {
  'idempotency-key': values.idempotencyKey,
  'if-match': '"2"',
  'if-none-match': '"2"',
  from: '2026-03-01T00:00:00Z',
  until: '2026-04-01T00:00:00Z',
  subject: values.customerId,
  minAmount: 10_000,
  maxAmount: 500_000,
  timeZone: 'Asia/Yekaterinburg',
  q: values.email,
};
