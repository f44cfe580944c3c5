import { randomUUIDv7 } from 'node:crypto';
import { billingProblems } from '#contracts/billing.ts';
import { BALANCE_MAX, type Money } from '#contracts/common.ts';
import { bareKeyOf } from '#contracts/patterns.ts';
import { AppError } from '#platform/errors.ts';
import type { AuditEntry } from '#platform/postgres/audit-trail.ts';
import { foreignCurrency } from './currency.ts';
import {
  balanceBefore,
  type NumberedOperation,
  type OperationRow,
  type WalletRow,
} from './store.ts';

/** The statements of one transaction, in the order of their use. */
export interface TopUpStore {
  lockWallet: (customerId: string) => Promise<WalletRow>;
  findOperationByKey: (customerId: string, key: string) => Promise<NumberedOperation | null>;
  insertOperation: (operation: OperationRow) => Promise<NumberedOperation>;
  updateWallet: (wallet: WalletRow) => Promise<void>;
  recordAudit: (entry: AuditEntry) => Promise<void>;
}

export interface TopUpDeps {
  transaction: <T>(work: (store: TopUpStore) => Promise<T>) => Promise<T>;
}

export interface TopUpRequest {
  customerId: string;
  amount: Money;
  /** With its owner before it; the client's key is as the header had it, bare or in quotes. */
  idempotencyKey: string;
  /** The operator; none for the customer's own top-up. */
  actor?: string | null;
}

/**
 * Adds money to a wallet once per key; a repetition returns the operation of the first request.
 * @returns the operation as stored, and whether an earlier request made it
 * @throws AppError `idempotency-key-reused` for another amount, `balance-limit`,
 *   `invalid-request` for another currency than the wallet's
 */
export async function topUp(
  deps: TopUpDeps,
  request: TopUpRequest,
): Promise<{ operation: NumberedOperation; replayed: boolean }> {
  const { customerId, amount, idempotencyKey: sentKey } = request;
  const idempotencyKey = bareOwnedKeyOf(sentKey);
  return deps.transaction(async (store) => {
    // The lock comes first, so that the next statement sees a concurrent request with the same key.
    const wallet = await store.lockWallet(customerId);
    // As it was sent first: former versions stored the quotes of a key too.
    const before =
      (await store.findOperationByKey(customerId, sentKey)) ??
      (sentKey === idempotencyKey
        ? null
        : await store.findOperationByKey(customerId, idempotencyKey));
    if (before !== null) {
      const { amount: done } = before;
      if (done.amount === amount.amount && done.currency === amount.currency) {
        return { operation: before, replayed: true };
      }
      throw new AppError(billingProblems.keyReused, `top-up key of ${before.id} reused`);
    }
    if (amount.currency !== wallet.currency) throw foreignCurrency(amount, wallet.currency);
    const balance = wallet.balance + amount.amount;
    if (balance > BALANCE_MAX) {
      throw new AppError(billingProblems.balanceLimit, `balance would be ${balance}`);
    }
    const number = wallet.operationCount + 1;
    const operation = await store.insertOperation({
      id: randomUUIDv7(),
      customerId,
      number,
      type: 'top_up',
      amount: amount.amount,
      currency: amount.currency,
      balanceAfter: balance,
      orderId: null,
      idempotencyKey,
    });
    await store.updateWallet({ ...wallet, balance, operationCount: number });
    if (request.actor != null) {
      await store.recordAudit({
        actor: request.actor,
        action: 'top-up',
        subject: { customerId, operationId: operation.id },
        before: { balance: balanceBefore(operation) },
        after: { balance: operation.balanceAfter },
      });
    }
    return { operation, replayed: false };
  });
}

// The client's key comes after its owner, `self/` or `operator/<id>/`, and may contain `/"` itself.
const OWNED_KEY = /^(self\/|operator\/[^/]*\/)(.*)$/;

/** `self/"abc"` and `self/abc` are the same key. */
function bareOwnedKeyOf(text: string): string {
  const [, owner = '', key = text] = OWNED_KEY.exec(text) ?? [];
  return owner + bareKeyOf(key);
}
