import type pg from 'pg';
import type { Logger } from 'pino';
import { AppError, commonProblems } from '../errors.ts';
import {
  type Connections,
  connectDedicated,
  createConnections,
  type DatabaseOptions,
} from './connections.ts';
import { isConnectionFault, unavailableIfTransient } from './errors.ts';
import { openTransaction } from './open-transaction.ts';

/** A pool, or one connection inside `transaction`: the first argument of every store function. */
export type Queryable = Pick<pg.Pool, 'query'>;

export interface TransactionOptions {
  /** How long one statement waits for a lock, where that is less than the default of a second. */
  lockTimeoutMs?: number;
  /**
   * Names of the statements that may go out together with BEGIN. Were it refused, they would run
   * by themselves, so each must be harmless then; the transaction fails all the same.
   */
  withBegin?: readonly string[];
}

/** A statement after which a transaction sends COMMIT at once, without waiting for its result. */
export interface LastStatement extends pg.QueryConfig {
  last: true;
}

export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction and returns its result after COMMIT is acknowledged. Statements
   * that `work` sends without awaiting go out at once, and run in that order.
   * @throws AppError `unavailable` for every transient fault; after a lost COMMIT the outcome is
   *   unknown, so only work that may safely be repeated belongs here
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * Opens a connection for LISTEN, long-lived locks and the like. The caller ends it.
   * @param options `waitMs`: how long to retry while the database is unreachable; at most one
   *   connection time-out longer. Without it there is one attempt
   * @throws Error that names the database, after retries
   */
  dedicatedClient(options?: { waitMs?: number }): Promise<pg.Client>;
  /**
   * Resolves when this pool leads to a server that takes writes: not to a standby.
   * @throws AppError `unavailable`
   */
  checkWritable(): Promise<void>;
  /** For faults of the database that a person may have to know of. */
  log: Logger;
  close(): Promise<void>;
}

/** Opens a pool lazily: the first statement connects. */
export function createDatabase(options: DatabaseOptions): Database {
  const connections = createConnections(options);

  async function query(...statement: unknown[]): Promise<pg.QueryResult> {
    const client = await connections.acquire();
    let fault: unknown;
    try {
      return await (client.query as (...args: unknown[]) => Promise<pg.QueryResult>).apply(
        client,
        statement,
      );
    } catch (error) {
      fault = error;
      throw unavailableIfTransient(error);
    } finally {
      connections.release(client, fault);
    }
  }

  return {
    query: query as pg.Pool['query'],
    transaction: (work, transactionOptions = {}) =>
      runTransaction(connections, work, transactionOptions),
    dedicatedClient: ({ waitMs = 0 } = {}) => connectDedicated(options, waitMs),
    async checkWritable() {
      await query(CHECK_WRITABLE);
    },
    log: options.log,
    close: connections.close,
  };
}

// Fails as every write would (25006), without writing. A standby is always read-only.
const CHECK_WRITABLE = `do $$ begin
  if current_setting('transaction_read_only')::boolean then
    raise exception 'the server is read-only' using errcode = 'read_only_sql_transaction';
  end if;
end $$`;

async function runTransaction<T>(
  connections: Connections,
  work: (tx: Queryable) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const client = await connections.acquire();
  let fault: unknown;
  const transaction = openTransaction(client, options);
  try {
    if (options.withBegin === undefined) await transaction.begun;
    const result = await work(transaction);
    const { command } = await transaction.commit();
    // COMMIT of an aborted transaction resolves, with the tag ROLLBACK.
    if (command !== 'COMMIT') {
      // `work` swallowed a statement's error: a defect, which a retry would only repeat.
      throw new AppError(commonProblems.internal, `transaction was not committed: ${command}`);
    }
    return result;
  } catch (error) {
    fault = error;
    if (!isConnectionFault(error)) {
      // Only the statement failed: the connection goes back to the pool.
      try {
        await transaction.rollback();
        fault = undefined;
      } catch {
        // `release` below discards the connection.
        fault = new Error('the connection was lost');
      }
    }
    throw unavailableIfTransient(error);
  } finally {
    connections.release(client, fault);
  }
}

// The client gives up after the server, as with every other statement.
const QUERY_TIMEOUT_MARGIN_MS = 500;

/**
 * Sends one statement that may run longer than the pool allows, for work that no customer waits
 * for. Its caller must wait longer too.
 */
export function queryWithTimeout<R extends pg.QueryResultRow>(
  database: Database,
  timeoutMs: number,
  statement: { text: string; values: unknown[] },
): Promise<pg.QueryResult<R>> {
  return database.transaction(async (tx) => {
    await tx.query(`select set_config('statement_timeout', $1, true)`, [String(timeoutMs)]);
    // The driver accepts this member in each query, but its published types lack it.
    const timeout = { query_timeout: timeoutMs + QUERY_TIMEOUT_MARGIN_MS };
    return tx.query<R>({ ...statement, ...timeout });
  });
}
