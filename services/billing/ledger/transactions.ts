import { backoffMs, pause } from '#platform/async/backoff.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { type AuditEntry, recordAudit } from '#platform/postgres/audit-trail.ts';
import type { Database, Queryable } from '#platform/postgres/database.ts';
import { sqlState } from '#platform/postgres/errors.ts';
import { insertRepair, type RepairRow } from '#platform/postgres/repair-log.ts';
import { type DecisionChanges, recordDecisions } from './decision-store.ts';
import * as payments from './payment-store.ts';
import type { RepairPaymentDeps } from './repair-payment.ts';
import { type ReversalDeps, reverseOperation } from './reverse-operation.ts';
import * as store from './store.ts';

const ATTEMPTS_MAX = 5;
const RETRY = { firstMs: 10, maxMs: 100 };
// Deadlock, serialization failure, and a concurrent insert of the same row between our read and our
// insert. The last needs two requests that name different customers and so lock different wallets.
const CONFLICTS = new Set(['40P01', '40001', '23505']);

/** Whether a transaction lost against a concurrent one: it changed nothing, and may be repeated. */
export const isConflict = (error: unknown): boolean => CONFLICTS.has(sqlState(error) ?? '');

/** The statements of one transaction, for the use cases of this folder. */
function ledgerStore(tx: Queryable, currency: string) {
  return {
    lockWallets: (ids: string[]) => store.lockWallets(tx, ids, currency),
    async lockWallet(id: string) {
      return (await store.lockWallets(tx, [id], currency)).get(id) as store.WalletRow;
    },
    findPayments: (ids: string[]) => payments.findPayments(tx, ids),
    findOwnOperation: (customer: string, id: string) => store.findOwnOperation(tx, customer, id),
    findOperationByKey: (customer: string, key: string) =>
      store.findOperationByKey(tx, customer, key),
    recordDecisions: (changes: DecisionChanges) => recordDecisions(tx, changes),
    async insertOperation(row: store.OperationRow) {
      return (await store.insertOperations(tx, [row]))[0] as store.NumberedOperation;
    },
    insertReversal: (reversal: store.ReversalRow) => store.insertReversal(tx, reversal),
    updateWallet: (wallet: store.WalletRow) => store.updateWallets(tx, [wallet]),
    insertRepair: (repair: RepairRow) => insertRepair(tx, repair),
    recordAudit: (entry: AuditEntry) => recordAudit(tx, entry),
  };
}

// Outside of a transaction they leave wallets that hold nothing, and locks for a moment.
const WITH_BEGIN = ['ensure-wallets', 'lock-wallets', 'find-payments'];

/**
 * Binds the use cases of decisions, top-ups and reversals to PostgreSQL.
 * @param options `lockTimeoutMs`: the longest wait for a wallet's lock, one second if absent
 */
export function ledgerIn(
  database: Database,
  currency: string,
  options: { lockTimeoutMs?: number } = {},
) {
  return {
    transaction: <T>(work: (store: ReturnType<typeof ledgerStore>) => Promise<T>) =>
      retryOnConflict(() =>
        database.transaction((tx) => work(ledgerStore(tx, currency)), {
          ...options,
          withBegin: WITH_BEGIN,
        }),
      ),
  };
}

/** Binds the use case of a repair to PostgreSQL. */
export function repairsIn(database: Database, currency: string): RepairPaymentDeps {
  const { transaction } = ledgerIn(database, currency);
  return {
    transaction,
    async reverseCharge({ orderId, customerId, operationId }, author) {
      let done = false;
      const reversals: ReversalDeps = {
        transaction: (work) =>
          transaction((ledger) =>
            work({
              ...ledger,
              async insertReversal(reversal) {
                const stored = await ledger.insertReversal(reversal);
                const detail = { customerId, operationId: stored.id, amount: stored.amount };
                const step = { step: 'reverse-charge', subject: orderId };
                const audit = {
                  subject: { orderId, customerId, operationId: stored.id },
                  before: { balance: store.balanceBefore(stored) },
                  after: { balance: stored.balanceAfter },
                };
                await ledger.insertRepair({ ...step, detail, audit, ...author });
                done = true;
                return stored;
              },
            }),
          ),
      };
      const request = { customerId, operationId: operationId as string, ...author };
      await reverseOperation(reversals, { ...request, type: 'charge' });
      return done ? 'done' : 'already';
    },
    findPayment: async (orderId) => (await payments.findPayments(database, [orderId]))[0] ?? null,
  };
}

/** Runs a transaction again when it lost against a concurrent one. */
async function retryOnConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (attempt === ATTEMPTS_MAX) {
        throw new AppError(commonProblems.unavailable, 'transaction kept failing', {
          cause: error,
        });
      }
      await pause(backoffMs(attempt, RETRY));
    }
  }
}
