import { randomUUIDv7 } from 'node:crypto';
import { billingProblems, type ReversalExcess } from '#contracts/billing.ts';
import { BALANCE_MAX } from '#contracts/common.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { AuditEntry } from '#platform/postgres/audit-trail.ts';
import {
  balanceBefore,
  type NumberedOperation,
  type ReversalRow,
  type WalletRow,
} from './store.ts';

/** The statements of one transaction, in the order of their use. */
export interface ReversalStore {
  findOwnOperation: (customerId: string, id: string) => Promise<NumberedOperation | null>;
  lockWallet: (customerId: string) => Promise<WalletRow>;
  findOperationByKey: (customerId: string, key: string) => Promise<NumberedOperation | null>;
  insertReversal: (reversal: ReversalRow) => Promise<NumberedOperation>;
  updateWallet: (wallet: WalletRow) => Promise<void>;
  recordAudit: (entry: AuditEntry) => Promise<void>;
}

export interface ReversalDeps {
  transaction: <T>(work: (store: ReversalStore) => Promise<T>) => Promise<T>;
}

export interface ReversalRequest {
  customerId: string;
  operationId: string;
  /** Operators undo top-ups, a repair undoes the charge of a missing order. */
  type: 'top_up' | 'charge';
  reason: string;
  /** The operator's customer id. */
  madeBy: string;
}

/**
 * Undoes an operation by a second one of the opposite amount, linked to it. An operation is undone
 * at most once: a repetition returns the first reversal, also with another reason. Invariant I4.
 * @returns the reversal as stored, and whether an earlier request made it
 * @throws AppError `not-found` for an operation that this wallet does not have, `not-reversible`
 *   for one of another type, `reversal-exceeds-balance`, `balance-limit`
 */
export async function reverseOperation(
  deps: ReversalDeps,
  request: ReversalRequest,
): Promise<{ operation: NumberedOperation; replayed: boolean }> {
  const { customerId, reason, madeBy } = request;
  return deps.transaction(async (store) => {
    // Before the lock, which creates missing wallets: an unknown customer must not get one.
    // Operations never change, so this row is still the same under the lock.
    const original = await store.findOwnOperation(customerId, request.operationId);
    if (original === null) {
      throw new AppError(commonProblems.notFound, `no operation ${request.operationId}`);
    }
    if (original.type !== request.type) {
      throw new AppError(
        billingProblems.notReversible,
        `operation ${original.id} is a ${original.type}`,
      );
    }
    const wallet = await store.lockWallet(customerId);
    // After the lock, so that a concurrent reversal of the same operation is visible.
    const idempotencyKey = `reversal/${original.id}`;
    const before = await store.findOperationByKey(customerId, idempotencyKey);
    if (before !== null) return { operation: before, replayed: true };

    const amount = -original.amount.amount;
    const balance = wallet.balance + amount;
    refuseOutside(wallet, original, balance);
    const number = wallet.operationCount + 1;
    const reversal = await store.insertReversal({
      id: randomUUIDv7(),
      customerId,
      number,
      amount,
      currency: original.amount.currency,
      balanceAfter: balance,
      idempotencyKey,
      reversesOperationId: original.id,
      reason,
      madeBy,
    });
    await store.updateWallet({ ...wallet, balance, operationCount: number });
    // A repair records its own step.
    if (request.type === 'top_up') {
      await store.recordAudit({
        actor: madeBy,
        action: 'reverse-top-up',
        subject: { customerId, operationId: original.id, reversalId: reversal.id },
        reason,
        before: { balance: balanceBefore(reversal) },
        after: { balance: reversal.balanceAfter },
      });
    }
    return { operation: reversal, replayed: false };
  });
}

/** A balance stays between 0 and the limit. */
function refuseOutside(wallet: WalletRow, { amount }: NumberedOperation, balance: number): void {
  if (balance < 0) {
    const held = { amount: wallet.balance, currency: wallet.currency };
    const excess: ReversalExcess = { balance: held, amount };
    throw new AppError(billingProblems.reversalExceedsBalance, `balance is ${wallet.balance}`, {
      extra: excess,
    });
  }
  if (balance > BALANCE_MAX) {
    throw new AppError(billingProblems.balanceLimit, `balance would be ${balance}`);
  }
}
