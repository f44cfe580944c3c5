import type { FaultProxy } from '#harness/faults/fault-proxy.ts';
import type { Replica } from '../system/replica.ts';
import type { SystemUnderTest } from '../system/system.ts';

/** A step of the protocol, as the bytes by which a process takes it. */
export interface CrashStep {
  name: string;
  /** Service whose process takes the step, and dies. */
  owner: string;
  /** The other side: a service, a database or the mail server. */
  callee: string;
  /** Of the request: a first line, or the name of a prepared statement. */
  pattern: RegExp;
  /** Of its answer, where the step is one only with it. */
  answer?: RegExp;
}

/** A request of the gateway. */
const call = (name: string, callee: string, pattern: RegExp): CrashStep => ({
  name,
  owner: 'gateway',
  callee,
  pattern,
});

/** A statement of a service in its database. */
const statement = (name: string, owner: string, pattern: RegExp, answer?: RegExp): CrashStep => ({
  name,
  owner,
  callee: `${owner}-database`,
  pattern,
  ...(answer && { answer }),
});

// The command tag of a statement that changed rows.
const SOME_ROWS = /UPDATE [1-9]/;

/** Every step between two processes on an order's way, from the customer's request to the letter. */
export const steps = {
  create: call('create the order', 'orders', /^POST \/orders /),
  pay: call('decide the payment', 'billing', /^PUT \/payments\/[^/ ]+ /),
  record: call('record the decision', 'orders', /^PUT \/orders\/[^/ ]+\/payment /),
  claimPending: call('claim pending orders', 'orders', /^POST \/pending-orders\/claims /),
  void: call('void or get', 'billing', /^PUT \/payments\/[^/ ]+\/void /),
  topUp: call('top up', 'billing', /^POST \/wallets\/[^/ ]+\/top-ups /),
  insertOrder: statement('insert the order', 'orders', /insert-orders/),
  settleOrder: statement('settle the order', 'orders', /settle-orders/),
  // Usual payments are decided by one statement, others by a transaction.
  commitDecision: statement('commit the decision', 'billing', /decide-payments|commit/),
  claimOutbox: statement('claim events', 'orders', /claim-outbox/, SOME_ROWS),
  markPublished: statement('mark events', 'orders', /mark-published/),
  insertLetters: statement('insert letters', 'notifications', /insert-letters/),
  contacts: {
    ...call('look contacts up', 'profiles', /^POST \/contacts\/look-up /),
    owner: 'notifications',
  },
  markCommitting: statement('mark before the dot', 'notifications', /mark-committing/),
  dot: { ...call('the final dot', 'smtp', /(^|\r\n)\.\r\n$/), owner: 'notifications' },
  markSent: statement('mark as sent', 'notifications', /mark-sent/),
  insertEvents: statement('insert events', 'webhooks', /insert-events/),
  claimDeliveries: statement('claim deliveries', 'webhooks', /claim-deliveries/, SOME_ROWS),
  recordAttempt: statement('record the attempt', 'webhooks', /record-webhook-attempt/),
};

export const crashSteps: CrashStep[] = Object.values(steps);

/** The proxies on which a step may be taken, and who takes it there. */
export function proxiesFor(
  { replicas }: SystemUnderTest,
  { owner, callee }: CrashStep,
): { proxy: FaultProxy; replica: Replica }[] {
  return replicas
    .filter(({ service }) => service === owner)
    .flatMap((replica) =>
      replica.proxies
        .filter((proxy) => proxy.callee === callee)
        .map((proxy) => ({ proxy, replica })),
    );
}
