import { randomUUIDv7 } from 'node:crypto';
import { createBatcher } from '#platform/async/batcher.ts';
import type { Database } from '#platform/postgres/database.ts';
import { isRowFault } from '#platform/postgres/errors.ts';
import { decideAtOnce, type NewPayment } from './decide-at-once-store.ts';
import {
  type DecisionResult,
  decidePayments,
  type PaymentCommand,
  type Undecided,
} from './decide-payment.ts';
import { ledgerIn } from './transactions.ts';

// Several times as long as the transaction of a batch takes. After it each command waits for its
// own wallet, so that one locked wallet does not delay the others.
const LOCK_TIMEOUT_MS = 100;
const BATCHES = { batchMax: 64, maxConcurrency: 1, waitingMax: 1_024 };

export type Decided = DecisionResult | Undecided;

/** Decides one payment, together with concurrent ones. */
export type Decider = (command: PaymentCommand) => Promise<Decided>;

/**
 * Decides payments: usual ones in one statement (decide-at-once-store.ts), the others in the
 * transaction of `decidePayments`. Those of one wallet are decided as they come
 * (docs/decisions/0038-a-payment-in-one-statement.md).
 */
export function createDecider(database: Database, currency: string): Decider {
  const alone = ledgerIn(database, currency);
  const batched = ledgerIn(database, currency, { lockTimeoutMs: LOCK_TIMEOUT_MS });
  /** The wallets of commands that need the transaction: later ones of them must not overtake. */
  const queues = new Map<string, number>();
  const enqueue = ({ customerId }: PaymentCommand): void =>
    void queues.set(customerId, (queues.get(customerId) ?? 0) + 1);
  function dequeue({ customerId }: PaymentCommand): void {
    const left = (queues.get(customerId) ?? 0) - 1;
    if (left > 0) queues.set(customerId, left);
    else queues.delete(customerId);
  }

  /** The first payment of each order and wallet, where the wallet has no queue. */
  function usualOf(commands: PaymentCommand[]): PaymentCommand[] {
    const met = new Set<string>();
    return commands.filter(({ kind, orderId, customerId }) => {
      const isFirst = !met.has(orderId) && !met.has(customerId);
      met.add(orderId).add(customerId);
      return isFirst && kind === 'pay' && !queues.has(customerId);
    });
  }

  const tryAtOnce = createBatcher({
    ...BATCHES,
    name: 'decide payments',
    isItemError: isRowFault,
    isOwn: ({ orderId }: PaymentCommand, decided: DecisionResult | null) =>
      decided === null || isOf(orderId, decided),
    async run(commands) {
      const usual = new Set(usualOf(commands));
      const decided = await decideAtOnce(database, [...usual].map(toNewPayment));
      return commands.map((command) => {
        const result = usual.has(command) ? decided.get(command.orderId) : undefined;
        if (result !== undefined) return result;
        // Before the next run, which may have another command of this wallet.
        enqueue(command);
        return null;
      });
    },
  });

  const decideInTransaction = createBatcher({
    ...BATCHES,
    name: 'decide payments in a transaction',
    isItemError: isRowFault,
    isOwn: ({ orderId }: PaymentCommand, decided: Decided) =>
      decided.payment === null || isOf(orderId, decided),
    run: (commands) => decidePayments(commands.length === 1 ? alone : batched, commands),
  });

  return async (command) => {
    const decided = await tryAtOnce(command);
    if (decided !== null) return decided;
    try {
      return await decideInTransaction(command);
    } finally {
      dequeue(command);
    }
  };
}

function toNewPayment({ kind: _, ...payment }: PaymentCommand): NewPayment {
  return { ...payment, operationId: randomUUIDv7() };
}

function isOf(orderId: string, { payment, charge }: DecisionResult): boolean {
  return payment.orderId === orderId && (charge === null || charge.orderId === orderId);
}
