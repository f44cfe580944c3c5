import type pg from 'pg';
import type { Logger } from 'pino';
import { AppError, commonProblems } from '../errors.ts';
import { connectDedicated, createPool, type DatabaseOptions } from './connections.ts';
import { isStatementError, unavailableIfTransient } from './errors.ts';

/** A pool, or one connection inside `transaction`: the first argument of every store function. */
export type Queryable = Pick<pg.Pool, 'query'>;

export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction and returns its result after COMMIT is acknowledged. Statements
   * that `work` sends without awaiting go out at once, and run in that order.
   * @throws AppError `unavailable` for every transient fault; after a lost COMMIT the outcome is
   *   unknown, so only work that may safely be repeated belongs here
   * @param options `lockTimeoutMs`: how long one statement waits for a lock, where that is less
   *   than the default of a second
   */
  transaction<T>(
    work: (tx: Queryable) => Promise<T>,
    options?: { lockTimeoutMs?: number },
  ): Promise<T>;
  /**
   * Opens a connection for LISTEN, long-lived locks and the like. The caller ends it.
   * @param options `waitMs`: how long to retry while the database is unreachable; at most one
   *   connection time-out longer. Without it there is one attempt
   * @throws Error that names the database, after retries
   */
  dedicatedClient(options?: { waitMs?: number }): Promise<pg.Client>;
  /** For faults of the database that a person may have to know of. */
  log: Logger;
  close(): Promise<void>;
}

/** Opens a pool lazily: the first statement connects. */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = createPool(options);

  async function query(...statement: Parameters<typeof pool.query>): Promise<unknown> {
    try {
      return await (pool.query as (...args: unknown[]) => Promise<unknown>).apply(pool, statement);
    } catch (error) {
      throw unavailableIfTransient(error);
    }
  }

  return {
    query: query as pg.Pool['query'],
    transaction: (work, { lockTimeoutMs } = {}) => runTransaction(pool, work, lockTimeoutMs),
    dedicatedClient: ({ waitMs = 0 } = {}) => connectDedicated(options, waitMs),
    log: options.log,
    close: () => pool.end(),
  };
}

async function runTransaction<T>(
  pool: pg.Pool,
  work: (tx: Queryable) => Promise<T>,
  lockTimeoutMs: number | undefined,
): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw unavailableIfTransient(error);
  });
  let fault: Error | undefined;
  try {
    // Awaited: after a refused BEGIN, the following statements would commit one by one.
    await client.query(
      lockTimeoutMs === undefined ? 'begin' : `begin; set local lock_timeout = ${lockTimeoutMs}`,
    );
    const result = await work(client);
    const { command } = await client.query('commit');
    // COMMIT of an aborted transaction resolves, with the tag ROLLBACK.
    if (command !== 'COMMIT') {
      // `work` swallowed a statement's error: a defect, which a retry would only repeat.
      throw new AppError(commonProblems.internal, `transaction was not committed: ${command}`);
    }
    return result;
  } catch (error) {
    fault = error as Error;
    if (isStatementError(error)) {
      // Only the statement failed: the connection goes back to the pool.
      try {
        await client.query('rollback');
        fault = undefined;
      } catch {
        // `release` below discards the connection.
      }
    }
    throw unavailableIfTransient(error);
  } finally {
    // Releasing with an error discards the client: one that timed out or lost its connection must
    // not return to the pool (node-postgres#3399).
    client.release(fault);
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
