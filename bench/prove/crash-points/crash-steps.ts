import type { FaultProxy } from '#harness/faults/fault-proxy.ts';
import type { Replica } from '../system/replica.ts';
import type { SystemUnderTest } from '../system/system.ts';

/** A step of the protocol, as the bytes by which a process takes it. */
export interface CrashStep {
  name: string;
  /** Service whose process takes the step, and dies. */
  owner: string;
  /** What it talks to: a service, a database, the mail server. */
  callee: string;
  /** Of the request: a first line, or the name of a prepared statement. */
  pattern: RegExp;
  /** Of its answer, where the step is one only with it. */
  answer?: RegExp;
}

function step(
  name: string,
  owner: string,
  callee: string,
  pattern: RegExp,
  answer?: RegExp,
): CrashStep {
  return { name, owner, callee, pattern, ...(answer && { answer }) };
}

// The command tag of a statement that changed rows.
const SOME_ROWS = /UPDATE [1-9]/;

/** Every step between two processes on an order's way, from the customer's request to the letter. */
export const steps = {
  create: step('create the order', 'gateway', 'orders', /^POST \/orders /),
  pay: step('decide the payment', 'gateway', 'billing', /^PUT \/payments\/[^/ ]+ /),
  record: step('record the decision', 'gateway', 'orders', /^PUT \/orders\/[^/ ]+\/payment /),
  claimPending: step(
    'claim pending orders',
    'gateway',
    'orders',
    /^POST \/pending-orders\/claims /,
  ),
  void: step('void or get', 'gateway', 'billing', /^PUT \/payments\/[^/ ]+\/void /),
  topUp: step('top up', 'gateway', 'billing', /^POST \/wallets\/[^/ ]+\/top-ups /),
  insertOrder: step('insert the order', 'orders', 'orders-database', /insert-orders/),
  settleOrder: step('settle the order', 'orders', 'orders-database', /settle-orders/),
  commitDecision: step('commit the decision', 'billing', 'billing-database', /commit/),
  claimOutbox: step('claim events', 'orders', 'orders-database', /claim-outbox/, SOME_ROWS),
  markPublished: step('mark events', 'orders', 'orders-database', /mark-published/),
  insertLetters: step(
    'insert letters',
    'notifications',
    'notifications-database',
    /insert-letters/,
  ),
  commitLetters: step('commit letters', 'notifications', 'notifications-database', /commit\0/),
  contacts: step('look contacts up', 'notifications', 'profiles', /^POST \/contacts\/look-up /),
  claimLetters: step(
    'claim letters',
    'notifications',
    'notifications-database',
    /claim-letters/,
    SOME_ROWS,
  ),
  markCommitting: step(
    'mark before the dot',
    'notifications',
    'notifications-database',
    /mark-committing/,
  ),
  dot: step('the final dot', 'notifications', 'smtp', /(^|\r\n)\.\r\n$/),
  markSent: step('mark as sent', 'notifications', 'notifications-database', /mark-sent/),
} satisfies Record<string, CrashStep>;

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
