import { backoffMs, pause } from '#platform/async/backoff.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { Database, Queryable } from '#platform/postgres/database.ts';
import { sqlState } from '#platform/postgres/errors.ts';
import { insertRepair } from '#platform/postgres/repair-log.ts';
import type { DecidePaymentDeps, DecisionStore } from './decide-payment.ts';
import * as payments from './payment-store.ts';
import type { RepairPaymentDeps } from './repair-payment.ts';
import { type ReversalDeps, reverseOperation } from './reverse-operation.ts';
import * as store from './store.ts';
import type { TopUpDeps } from './top-up.ts';

const ATTEMPTS_MAX = 5;
const RETRY = { firstMs: 10, maxMs: 100 };
// Deadlock, serialization failure, and a concurrent insert of the same row between our read and our
// insert. The last needs two requests that name different customers and so lock different wallets.
const RETRYABLE = new Set(['40P01', '40001', '23505']);

/**
 * Binds the decision story to PostgreSQL.
 * @param options `lockTimeoutMs`: the longest wait for a wallet's lock, one second if absent
 */
export function decisionsIn(
  database: Database,
  currency: string,
  options: { lockTimeoutMs?: number } = {},
): DecidePaymentDeps {
  return {
    transaction: (work) =>
      retryOnConflict(() =>
        database.transaction((tx) => work(decisionStore(tx, currency)), options),
      ),
  };
}

function decisionStore(tx: Queryable, currency: string): DecisionStore {
  return {
    lockWallets: (ids) => store.lockWallets(tx, ids, currency),
    findPayments: (ids) => payments.findPayments(tx, ids),
    insertPayments: (rows) => payments.insertPayments(tx, rows),
    insertOperations: (operations) => store.insertOperations(tx, operations),
    updateWallets: (wallets) => store.updateWallets(tx, wallets),
  };
}

/** Binds the top-up story to PostgreSQL. */
export function topUpsIn(database: Database, currency: string): TopUpDeps {
  return {
    transaction: (work) =>
      retryOnConflict(() =>
        database.transaction((tx) =>
          work({
            lockWallet: (id) => lockWallet(tx, id, currency),
            findOperationByKey: (id, key) => store.findOperationByKey(tx, id, key),
            async insertOperation(operation) {
              const [stored] = await store.insertOperations(tx, [operation]);
              return stored as store.NumberedOperation;
            },
            updateWallet: (wallet) => store.updateWallets(tx, [wallet]),
          }),
        ),
      ),
  };
}

/**
 * Binds the reversal story to PostgreSQL.
 * @param onInserted runs in the transaction of a new reversal
 */
export function reversalsIn(
  database: Database,
  currency: string,
  onInserted: (tx: Queryable, reversal: store.NumberedOperation) => Promise<void> = async () => {},
): ReversalDeps {
  return {
    transaction: (work) =>
      retryOnConflict(() =>
        database.transaction((tx) =>
          work({
            findOwnOperation: (customerId, id) => store.findOwnOperation(tx, customerId, id),
            lockWallet: (id) => lockWallet(tx, id, currency),
            findOperationByKey: (id, key) => store.findOperationByKey(tx, id, key),
            async insertReversal(reversal) {
              const stored = await store.insertReversal(tx, reversal);
              await onInserted(tx, stored);
              return stored;
            },
            updateWallet: (wallet) => store.updateWallets(tx, [wallet]),
          }),
        ),
      ),
  };
}

/** Binds the story of a repair to PostgreSQL. */
export function repairsIn(database: Database, currency: string): RepairPaymentDeps {
  return {
    transaction: (work) =>
      retryOnConflict(() =>
        database.transaction((tx) =>
          work({
            ...decisionStore(tx, currency),
            insertRepair: (repair) => insertRepair(tx, repair),
          }),
        ),
      ),
    async reverseCharge({ orderId, customerId, operationId }, author) {
      let done = false;
      const reversals = reversalsIn(database, currency, async (tx, { id, amount }) => {
        const detail = { customerId, operationId: id, amount };
        await insertRepair(tx, { step: 'reverse-charge', subject: orderId, detail, ...author });
        done = true;
      });
      const request = { customerId, operationId: operationId as string, ...author };
      await reverseOperation(reversals, { ...request, type: 'charge' });
      return done ? 'done' : 'already';
    },
    findPayment: async (orderId) => (await payments.findPayments(database, [orderId]))[0] ?? null,
  };
}

async function lockWallet(tx: Queryable, id: string, currency: string): Promise<store.WalletRow> {
  const wallets = await store.lockWallets(tx, [id], currency);
  return wallets.get(id) as store.WalletRow;
}

/** Runs a transaction again when it lost against a concurrent one. */
async function retryOnConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!RETRYABLE.has(sqlState(error) ?? '')) throw error;
      if (attempt === ATTEMPTS_MAX) {
        throw new AppError(commonProblems.unavailable, 'transaction kept failing', {
          cause: error,
        });
      }
      await pause(backoffMs(attempt, RETRY));
    }
  }
}
