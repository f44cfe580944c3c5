import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { pause } from '#platform/async/backoff.ts';
import { AppError } from '#platform/errors.ts';
import type { Database, Queryable } from '#platform/postgres/database.ts';
import { sqlState } from '#platform/postgres/errors.ts';
import type { DecisionResult } from '#services/billing/ledger/decide-payment.ts';
import { reverseOperation } from '#services/billing/ledger/reverse-operation.ts';
import * as store from '#services/billing/ledger/store.ts';
import { topUp } from '#services/billing/ledger/top-up.ts';
import { ledgerIn } from '#services/billing/ledger/transactions.ts';
import { openDatabase, queryRows } from '../database.ts';
import { type FaultProxy, startFaultProxy } from '../faults/fault-proxy.ts';
import {
  type DecideAll,
  decidedOf,
  inTransaction,
  startBillingTestBed,
} from '../system/billing.ts';
import {
  balanceOf,
  type Call,
  type CallResult,
  type Decision,
  type LedgerState,
  type Operation,
  type ReversalCall,
} from './payment-model.ts';

export const CURRENCY = 'RUB';
const REASON = 'given twice';
const OPERATOR = 'olga';
const POLL_MS = 2;

/** Billing's transactions, and a proxy that cuts their connections. */
export interface PaymentTestBed {
  database: Database;
  /** The same database, reached through `proxy`. */
  behindProxy: Database;
  proxy: FaultProxy;
  /** Number of serialization conflicts and deadlocks so far. */
  collisions: number;
}

/** Billing's transactions on a database of their own, ended with the test. */
export async function startPaymentTestBed(t: TestContext): Promise<PaymentTestBed> {
  const proxy = await startFaultProxy(t);
  const { url, database } = await startBillingTestBed(t);
  proxy.target(url);
  // Batches for several customers may deadlock. The server's default of 1 s before it detects a
  // deadlock would be most of the test's time.
  const name = new URL(url).pathname.slice(1);
  await queryRows(url, `alter database ${name} set deadlock_timeout = '20ms'`);
  const beyond = new URL(url);
  beyond.host = new URL(proxy.url).host;
  const behindProxy = openDatabase(beyond.href, 1, 'behind a proxy');
  t.after(() => behindProxy.close());

  const testBed: PaymentTestBed = {
    database: {
      ...database,
      transaction: (work) =>
        database.transaction(work).catch((error) => {
          if (/^(23|40)/.test(sqlState(error) ?? '')) testBed.collisions += 1;
          throw error;
        }),
    },
    behindProxy,
    proxy,
    collisions: 0,
  };
  return testBed;
}

/** Makes the call. @throws AppError also for refusals */
async function make(database: Database, call: Call, decideAll: DecideAll): Promise<CallResult> {
  switch (call.do) {
    case 'decide': {
      const decided = decidedOf(await decideAll(database, call.wishes));
      return { decided: await Promise.all(decided.map((each) => toldOf(database, each))) };
    }
    case 'top-up':
      return {
        operation: operationOf((await topUp(ledgerIn(database, CURRENCY), call.request)).operation),
      };
    case 'reverse':
      return {
        operation: await operationWithPlace(database, await reverse(database, call.request)),
      };
    case 'read':
      return { balance: (await store.findBalance(database, call.customerId))?.amount ?? 0 };
  }
}

/** Names the operation by its number, since the model knows no ids. */
async function reverse(
  database: Database,
  { customerId, number, type }: ReversalCall,
): Promise<store.NumberedOperation> {
  const { rows } = await database.query(
    'select id from operations where customer_id = $1 and number = $2',
    [customerId, number],
  );
  const operationId = rows[0]?.id ?? randomUUID();
  const request = { customerId, operationId, type, reason: REASON, madeBy: OPERATOR };
  return (await reverseOperation(ledgerIn(database, CURRENCY), request)).operation;
}

const REFUSALS = ['mismatch', 'conflict', 'not-found'];

/** Makes the call and takes a refusal as its answer. */
async function ask(
  { database }: PaymentTestBed,
  call: Call,
  decideAll: DecideAll,
): Promise<CallResult> {
  try {
    return await make(database, call, decideAll);
  } catch (error) {
    if (!(error instanceof AppError && REFUSALS.includes(error.problem.kind))) throw error;
    return { refused: error.problem.code };
  }
}

// An attempt fails only because another call succeeded or the machine was busy, so this many are
// enough for any race on any machine.
const TRIES_MAX = 100;

/** Repeats a call that lost a conflict with concurrent ones, as the gateway does. */
export async function askPatiently(
  testBed: PaymentTestBed,
  call: Call,
  decideAll: DecideAll,
): Promise<CallResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask(testBed, call, decideAll);
    } catch (error) {
      const unavailable = error instanceof AppError && error.problem.kind === 'unavailable';
      if (!unavailable || attempt === TRIES_MAX) throw error;
    }
  }
}

/** The call ends unanswered: its backend dies after that statement, at the latest before COMMIT. */
export async function askAndKill(testBed: PaymentTestBed, call: Call, statement: number) {
  const { database } = testBed;
  await assert.rejects(make(dyingAfter(statement, database), call, inTransaction), isUnanswered);
}

/** The call ends unanswered: COMMIT is done, and the connection is lost with its answer. */
export async function askAndLose(
  { database, behindProxy, proxy }: PaymentTestBed,
  call: Call,
): Promise<void> {
  proxy.setFault({ kind: 'swallow-answers', requests: /commit/, times: 1 });
  await assert.rejects(make(behindProxy, call, inTransaction), isUnanswered);
  proxy.setFault(null);
  // The answer that was lost may be that of the statement that COMMIT went out with.
  while (await isAnyInTransaction(database)) await pause(POLL_MS);
}

async function isAnyInTransaction(database: Database): Promise<boolean> {
  const { rowCount } = await database.query(
    `select from pg_stat_activity where datname = current_database()
      and application_name = 'behind a proxy' and xact_start is not null`,
  );
  return rowCount !== 0;
}

/** A call is refused before there is anything to commit. */
const isUnanswered = (error: unknown) =>
  error instanceof AppError && ['unavailable', ...REFUSALS].includes(error.problem.kind);

function dyingAfter(statement: number, database: Database): Database {
  return {
    ...database,
    transaction: (work) =>
      database.transaction(async (tx) => {
        let left = statement;
        const die = () => tx.query('select pg_terminate_backend(pg_backend_pid())').catch(() => {});
        const query = async (statement: object, ...args: unknown[]): Promise<unknown> => {
          // COMMIT would follow it at once.
          const { last: _, ...waiting } = statement as { last?: true };
          const result = await (tx.query as (...args: unknown[]) => Promise<unknown>)(
            typeof statement === 'string' ? statement : waiting,
            ...args,
          );
          left -= 1;
          if (left === 0) await die();
          return result;
        };
        const result = await work({ query: query as unknown as Queryable['query'] });
        if (left > 0) await die();
        return result;
      }),
  };
}

/** A decision with the operation that it names, as billing answers it to its callers. */
async function toldOf(
  database: Database,
  { payment, fresh }: DecisionResult,
): Promise<Decision & { fresh: boolean }> {
  const { operationId, currency, balanceSeen, ...decision } = payment;
  assert.equal(currency, CURRENCY);
  assert.ok(balanceSeen !== null);
  const found = operationId === null ? null : await store.findOperation(database, operationId);
  const operation = found === null ? null : operationOf(found);
  return { ...decision, balanceSeen, operation, fresh };
}

/** A reversal with the number of the operation that it undoes. */
async function operationWithPlace(
  database: Database,
  stored: store.NumberedOperation,
): Promise<Operation> {
  const { reversesOperationId, reason, madeBy } = stored;
  assert.deepEqual([reason, madeBy], [REASON, OPERATOR]);
  const original = await store.findOperation(database, reversesOperationId as string);
  return { ...operationOf(stored), reverses: original?.number ?? null };
}

function operationOf(stored: store.NumberedOperation): Operation {
  const { number, type, amount, balanceAfter, orderId } = stored;
  assert.deepEqual([amount.currency, balanceAfter.currency], [CURRENCY, CURRENCY]);
  const amounts = { amount: amount.amount, balanceAfter: balanceAfter.amount };
  return { number, type, ...amounts, orderId, reverses: null };
}

/** Empties the tables. */
export async function emptyTables({ database }: PaymentTestBed): Promise<void> {
  for (const table of ['operations', 'payments', 'wallets']) {
    await database.query(`delete from ${table}`);
  }
}

/** Fails unless the tables hold exactly the rows of the ledger. */
export async function assertTables(
  { database }: PaymentTestBed,
  ledger: LedgerState,
): Promise<void> {
  const { wallets, operations, payments } = rowsOf(ledger);
  // A float8 holds every amount exactly: none passes 2^53.
  const tables: [sql: string, expected: object[]][] = [
    [`select customer_id, currency, balance::float8, operation_count::int from wallets`, wallets],
    [
      `select customer_id, number::int, type, amount::float8, currency, balance_after::float8,
        order_id, case when type = 'top_up' then idempotency_key end as idempotency_key,
        (select number::int from operations as reversed
          where reversed.id = operations.reverses_operation_id) as reverses
      from operations`,
      operations,
    ],
    // The operation of a decision, by its number: an id means nothing to the model.
    [
      `select payments.order_id, payments.customer_id, payments.amount::float8, payments.currency,
        decision, balance_seen::float8, operations.customer_id as charged, number::int
      from payments left join operations on operations.id = operation_id`,
      payments,
    ],
  ];
  for (const [sql, expected] of tables) {
    const { rows } = await database.query(sql);
    assert.deepEqual(rows.map((row) => ({ ...row })).sort(byText), expected.sort(byText));
  }
}

const byText = (one: object, other: object): number =>
  JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;

/** The rows of each table, members in the order of the statements above. */
function rowsOf({ wallets, decisions }: LedgerState) {
  const currency = CURRENCY;
  return {
    wallets: [...wallets].map(([customer_id, wallet]) => ({
      customer_id,
      currency,
      balance: balanceOf(wallet),
      operation_count: wallet.operations.length,
    })),
    operations: [...wallets].flatMap(([customer_id, { operations, topUps }]) =>
      operations.map((operation) => ({
        customer_id,
        number: operation.number,
        type: operation.type,
        amount: operation.amount,
        currency,
        balance_after: operation.balanceAfter,
        order_id: operation.orderId,
        idempotency_key: [...topUps].find(([, made]) => made === operation)?.[0] ?? null,
        reverses: operation.reverses,
      })),
    ),
    payments: [...decisions.values()].map((decision) => ({
      order_id: decision.orderId,
      customer_id: decision.customerId,
      amount: decision.amount,
      currency,
      decision: decision.decision,
      balance_seen: decision.balanceSeen,
      charged: decision.operation === null ? null : decision.customerId,
      number: decision.operation?.number ?? null,
    })),
  };
}
