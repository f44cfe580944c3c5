import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { AppError } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import {
  type DecisionResult,
  decidePayments,
  type PaymentCommand,
} from '#services/billing/ledger/decide-payment.ts';
import { createDecider, type Decided } from '#services/billing/ledger/decider.ts';
import * as store from '#services/billing/ledger/store.ts';
import { topUp } from '#services/billing/ledger/top-up.ts';
import { ledgerIn } from '#services/billing/ledger/transactions.ts';
import { createTestDatabaseUrl, migrationsOf, openDatabase } from '../database.ts';
import { LEDGER_VIOLATIONS } from '../oracle/ledger.ts';

/** Decides payments of a database with the currency RUB. */
export type DecideAll = (database: Database, wishes: PaymentCommand[]) => Promise<Decided[]>;

/** As a replica of its own does: usual payments in one statement. */
export const asReplica: DecideAll = (database, wishes) =>
  Promise.all(wishes.map(createDecider(database, 'RUB')));

/** In one transaction, which is cut off as a whole. */
export const inTransaction: DecideAll = (database, wishes) =>
  decidePayments(ledgerIn(database, 'RUB'), wishes);

/** In one step, as concurrent calls see it: a replica decides several orders in two. */
export const inOneStep: DecideAll = (database, wishes) =>
  wishes.length === 1 ? asReplica(database, wishes) : inTransaction(database, wishes);

export type BillingTestBed = Awaited<ReturnType<typeof startBillingTestBed>>;

/** Billing's transactions on a database of its own, and looks at what they left. */
export async function startBillingTestBed(t: TestContext) {
  const url = await createTestDatabaseUrl(t, () => database.close(), migrationsOf('billing'));
  const database = openDatabase(url);
  const decisions = ledgerIn(database, 'RUB');
  const decide = async (wishes: PaymentCommand[]): Promise<DecisionResult[]> =>
    decidedOf(await decidePayments(decisions, wishes));
  return {
    url,
    database,
    decide,
    async pay(orderId: string, amount: number, changes: Partial<PaymentCommand> = {}) {
      const [decided] = await decide([
        { kind: 'pay', orderId, customerId: 'anna', amount, currency: 'RUB', ...changes },
      ]);
      return decided as DecisionResult;
    },
    topUp: (amount: number, customerId = 'anna') =>
      topUp(ledgerIn(database, 'RUB'), {
        customerId,
        amount: { amount, currency: 'RUB' },
        idempotencyKey: randomUUID(),
      }),
    async count(from: string, values?: unknown[]): Promise<number> {
      const { rows } = await database.query(`select count(*)::int as n from ${from}`, values);
      return rows[0].n;
    },
  };
}

/** For wishes in the currency of the wallets: each has a decision. */
export function decidedOf<D extends { payment: unknown }>(
  answers: D[],
): Exclude<D, { payment: null }>[] {
  assert.ok(answers.every(({ payment }) => payment !== null));
  return answers as Exclude<D, { payment: null }>[];
}

/** Fails with every contradiction of the ledger. */
export async function assertLedger({ database }: Pick<BillingTestBed, 'database'>): Promise<void> {
  assert.deepEqual((await database.query(LEDGER_VIOLATIONS)).rows, []);
}

/** The balance, by default anna's. */
export const balanceOf = async ({ database }: BillingTestBed, customerId = 'anna') =>
  (await store.findBalance(database, customerId))?.amount ?? 0;

/** Repeats what may be repeated, as the gateway does. */
export async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError && error.problem.kind === 'unavailable')) throw error;
    }
  }
}
