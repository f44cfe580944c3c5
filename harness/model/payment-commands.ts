import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { BALANCE_MAX } from '#contracts/common.ts';
import type { PaymentCommand } from '#services/billing/ledger/decide-payment.ts';
import { asReplica, inOneStep } from '../system/billing.ts';
import {
  answerTo,
  type Call,
  type CallResult,
  explain,
  type LedgerState,
} from './payment-model.ts';
import {
  askAndKill,
  askAndLose,
  askPatiently,
  CURRENCY,
  type PaymentTestBed,
} from './payment-test-bed.ts';

/** The state that the commands of a run share. */
export interface Told {
  ledger: LedgerState;
  /** How often each kind of answer was met, over all runs. */
  met: Map<string, number>;
}

type Command = fc.AsyncCommand<Told, PaymentTestBed>;

// Few of everything, so that commands meet; prices and top-ups of one size, so that wallets run dry.
export const CUSTOMERS = ['anna', 'boris'];
const ORDERS = Array.from({ length: 8 }, (_, i) => ({
  orderId: `00000000-0000-4000-8000-00000000000${i}`,
  customerId: CUSTOMERS[i % CUSTOMERS.length] as string,
  amount: 1 + i,
}));
const KEYS = ['k1', 'k2', 'k3', 'k4'];
const TOP_UPS = [5, 9, 20];
const BATCH_MAX = 5;
const RACE_MAX = 4;
/** A decision's statements, and one more: then the backend dies just before COMMIT. */
const STATEMENTS_MAX = 7;

const customer = fc.constantFrom(...CUSTOMERS);
const order = fc.constantFrom(...ORDERS);
const price = fc.integer({ min: 1, max: 10 });
const paying = fc.constant('pay' as const);
const voiding = fc.constant('void' as const);
const either = fc.oneof({ weight: 3, arbitrary: paying }, { weight: 1, arbitrary: voiding });

/** Mostly for the order's own customer and amount. */
const wish = (kind: fc.Arbitrary<PaymentCommand['kind']>): fc.Arbitrary<PaymentCommand> =>
  fc
    .tuple(kind, order, rarely(customer), rarely(price))
    .map(([kind, order, customerId = order.customerId, amount = order.amount]) => ({
      ...order,
      kind,
      customerId,
      amount,
      currency: CURRENCY,
    }));

const deciding = (wishes: PaymentCommand[]): Call => ({ do: 'decide', wishes });
const pay = wish(paying).map((wish) => deciding([wish]));
const cancel = wish(voiding).map((wish) => deciding([wish]));
/** Often for one order twice. */
export const wishes = fc.array(wish(either), { minLength: 2, maxLength: BATCH_MAX });
const batch = wishes.map(deciding);
const amount = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...TOP_UPS) },
  { weight: 1, arbitrary: fc.constant(BALANCE_MAX) },
);
const topUp: fc.Arbitrary<Call> = fc
  .record({ customerId: customer, idempotencyKey: fc.constantFrom(...KEYS), amount })
  .map(({ amount, ...request }) => ({
    do: 'top-up',
    request: { ...request, amount: { amount, currency: CURRENCY } },
  }));
const reversal: fc.Arbitrary<Call> = fc
  .record({
    customerId: customer,
    // Mostly the first ones, so that one is often undone twice; the last is mostly not there.
    number: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 2 }) },
      { weight: 1, arbitrary: fc.integer({ min: 3, max: 6 }) },
    ),
    type: fc.constantFrom('top_up' as const, 'top_up' as const, 'charge' as const),
  })
  .map((request) => ({ do: 'reverse', request }));
const read: fc.Arbitrary<Call> = customer.map((customerId) => ({ do: 'read', customerId }));

const writing = fc.oneof(pay, pay, cancel, topUp, topUp, reversal, batch);
const crowd = fc.array(fc.oneof(writing, read), { minLength: 2, maxLength: RACE_MAX });
/** All for one order. */
const duel: fc.Arbitrary<Call[]> = fc
  .tuple(order, fc.array(fc.tuple(either, rarely(customer)), { minLength: 2, maxLength: RACE_MAX }))
  .map(([order, rivals]) =>
    rivals.map(([kind, customerId = order.customerId]) =>
      deciding([{ ...order, kind, customerId, currency: CURRENCY }]),
    ),
  );
const statement = fc.integer({ min: 1, max: STATEMENTS_MAX });

/** The commands of a run; listing one twice makes it twice as likely. */
export const commands: fc.Arbitrary<Command>[] = [
  pay.map((call) => alone('Pay', call)),
  pay.map((call) => alone('Pay', call)),
  topUp.map((call) => alone('TopUp', call)),
  topUp.map((call) => alone('TopUp', call)),
  cancel.map((call) => alone('Void', call)),
  reversal.map((call) => alone('Reverse', call)),
  reversal.map((call) => alone('Reverse', call)),
  batch.map((call) => alone('Batch', call)),
  read.map((call) => alone('ReadBalance', call)),
  duel.map((calls) => race(calls)),
  crowd.map((calls) => race(calls)),
  fc
    .tuple(writing, statement, fc.array(writing, { maxLength: 2 }))
    .map((given) => killedBeforeCommit(...given)),
  writing.map((call) => answerLost(call)),
];

function alone(name: string, call: Call): Command {
  return command(`${name}(${textOf(call)})`, async (run, testBed) => {
    const before = testBed.collisions;
    const answer = await askPatiently(testBed, call, asReplica);
    countAnswer(run, call, answer);
    assert.deepEqual(answer, answerTo(run.ledger, call));
    assert.equal(testBed.collisions, before, 'a call without concurrent ones was repeated');
  });
}

function race(calls: Call[]): Command {
  return command(`Race(${calls.map(textOf).join(' | ')})`, async (run, testBed) => {
    const before = testBed.collisions;
    await answerAtOnce(run, testBed, calls);
    // A call that waited for a wallet sees all changes made under its lock, and is not repeated.
    if (new Set(calls.flatMap(customersOf)).size === 1) {
      assert.equal(testBed.collisions, before, 'calls for one wallet did not wait for one another');
    }
  });
}

function killedBeforeCommit(call: Call, statement: number, others: Call[]): Command {
  const victim = `${textOf(call)} until statement ${statement}`;
  const text = [victim, ...others.map(textOf)].join(' | ');
  return command(`KilledBeforeCommit(${text})`, async (run, testBed) => {
    await allEnded([askAndKill(testBed, call, statement), answerAtOnce(run, testBed, others)]);
    count(run, 'killed before COMMIT');
  });
}

function answerLost(call: Call): Command {
  return command(`AnswerLost(${textOf(call)})`, async (run, testBed) => {
    await askAndLose(testBed, call);
    answerTo(run.ledger, call);
    count(run, 'killed after COMMIT');
  });
}

function command(text: string, run: Command['run']): Command {
  return { check: () => true, run, toString: () => text };
}

async function answerAtOnce(run: Told, testBed: PaymentTestBed, calls: Call[]): Promise<void> {
  const answers = await allEnded(calls.map((call) => askPatiently(testBed, call, inOneStep)));
  const answered = calls.map((call, i) => ({ call, answer: answers[i] as CallResult }));
  for (const { call, answer } of answered) countAnswer(run, call, answer);
  const ledger = explain(run.ledger, answered);
  if (ledger === undefined) {
    const given = inspect({ answers, before: run.ledger }, { depth: null });
    assert.fail(`in no order do the calls get these answers: ${given}`);
  }
  run.ledger = ledger;
}

/** Waits for all, then fails if one failed: a call that still ran would disturb the next command. */
async function allEnded<T>(running: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(running);
  return Promise.all(running);
}

function customersOf(call: Call): string[] {
  if (call.do === 'decide') return call.wishes.map(({ customerId }) => customerId);
  return [call.do === 'read' ? call.customerId : call.request.customerId];
}

function textOf(call: Call): string {
  switch (call.do) {
    case 'decide':
      return call.wishes
        .map((wish) => `${wish.kind} ${wish.orderId.at(-1)} of ${wish.customerId}: ${wish.amount}`)
        .join(', ');
    case 'top-up': {
      const { customerId, idempotencyKey, amount } = call.request;
      return `${customerId} + ${amount.amount} by ${idempotencyKey}`;
    }
    case 'reverse': {
      const { customerId, number, type } = call.request;
      return `${customerId} without operation ${number} of type ${type}`;
    }
    case 'read':
      return call.customerId;
  }
}

/** The kinds of answers that the runs together must meet; without them the runs test too little. */
export const KINDS_OF_ANSWERS = [
  ...['captured', 'declined', 'voided'].flatMap((decision) => [decision, `${decision} again`]),
  'decision of another customer',
  'decision of another amount',
  'topped up',
  'topped up again',
  'idempotency-key-reused',
  'balance-limit',
  'reversed top_up',
  'reversed charge',
  'reversed again',
  'not-found',
  'not-reversible',
  'reversal-exceeds-balance',
  'balance',
  'killed before COMMIT',
  'killed after COMMIT',
];

/** Called before the model's ledger applies the call. */
function countAnswer(run: Told, call: Call, answer: CallResult): void {
  if ('refused' in answer) count(run, answer.refused);
  if ('balance' in answer) count(run, 'balance');
  if ('operation' in answer) count(run, movementOf(run.ledger, call));
  if (call.do === 'decide' && 'decided' in answer) {
    for (const [i, { decision, fresh, customerId, amount }] of answer.decided.entries()) {
      count(run, fresh ? decision : `${decision} again`);
      if (customerId !== call.wishes[i]?.customerId) count(run, 'decision of another customer');
      if (amount !== call.wishes[i]?.amount) count(run, 'decision of another amount');
    }
  }
}

function movementOf(ledger: LedgerState, call: Call): string {
  if (call.do === 'reverse') {
    const { customerId, number, type } = call.request;
    const operations = ledger.wallets.get(customerId)?.operations ?? [];
    const again = operations.some(({ reverses }) => reverses === number);
    return again ? 'reversed again' : `reversed ${type}`;
  }
  if (call.do !== 'top-up') return call.do;
  const { customerId, idempotencyKey } = call.request;
  const known = ledger.wallets.get(customerId)?.topUps.has(idempotencyKey);
  return known ? 'topped up again' : 'topped up';
}

function count({ met }: Told, kind: string): void {
  met.set(kind, (met.get(kind) ?? 0) + 1);
}

function rarely<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: value },
  );
}
