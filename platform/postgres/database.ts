import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { backoffMs, pause } from '../async/backoff.ts';
import { deadlineIn } from '../async/deadline.ts';
import { ConfigError } from '../config/load-config.ts';
import { AppError, commonProblems, describeError } from '../errors.ts';
import { START_WAIT_MS, startStep } from '../service/start-step.ts';

/** A pool, or one connection inside `transaction`: what every store function takes first. */
export type Queryable = Pick<pg.Pool, 'query'>;

export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction and returns its result once COMMIT was acknowledged. Statements
   * that are asked for without waiting are sent at once, and run in that order.
   * @throws AppError `unavailable` for every transient fault; after a lost COMMIT the outcome is
   *   unknown, so only work that may safely be repeated belongs here
   * @param options `lockTimeoutMs`: how long one statement waits for a lock, where that is less
   *   than the second of all others
   */
  transaction<T>(
    work: (tx: Queryable) => Promise<T>,
    options?: { lockTimeoutMs?: number },
  ): Promise<T>;
  /**
   * Connections opened for LISTEN, long-lived locks and the like. The caller ends it.
   * @param options `waitMs`: how long to try again while the database cannot be reached; at
   *   most one connection time-out longer. Without it there is one try
   * @throws Error that names the database, when it waited in vain
   */
  dedicatedClient(options?: { waitMs?: number }): Promise<pg.Client>;
  /** Its log, for work on it that a person may have to know of. */
  log: Logger;
  close(): Promise<void>;
}

// Each inner limit is smaller than the outer one, so that "timed out" mostly means "finished"
// (ARCHITECTURE.md, time): lock < statement < query (client side) < one internal call.
const LOCK_TIMEOUT_MS = 1_000;
const STATEMENT_TIMEOUT_MS = 1_500;
const QUERY_TIMEOUT_MS = 2_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 2_000;
const IDLE_CLOSE_MS = 30_000;

export interface DatabaseOptions {
  url: string;
  /** Most connections this process opens to the database. */
  connectionsMax: number;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  log: Logger;
}

// Rows are found by an index (decision 14). A prepared statement's plan is kept for as long as its
// connection: one that was made while a table was small reads and hashes all of it, and goes on
// doing so when it has millions of rows. Material nodes are full reads kept in memory.
const BY_INDEX = ['seqscan', 'hashjoin', 'mergejoin', 'material']
  .map((kind) => `-c enable_${kind}=off`)
  .join(' ');

function clientSettings(options: DatabaseOptions): pg.ClientConfig {
  return {
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    // The driver sends these as start-up parameters, so no extra round trip per connection.
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  };
}

/**
 * A pool with this system's limits, whose dying connections never end the process.
 * @param options `Client` for a library that needs its own behaviour
 */
export function createPool(options: DatabaseOptions & { Client?: typeof pg.Client }): pg.Pool {
  const pool = new pg.Pool({
    ...clientSettings(options),
    ...(options.Client !== undefined && { Client: options.Client }),
    // Within a transaction several statements may be on their way.
    pipeline: true,
    options: BY_INDEX,
    max: options.connectionsMax,
    idleTimeoutMillis: IDLE_CLOSE_MS,
  });
  // Without a listener on the pool an idle connection's death ends the process; without one on
  // each client, a checked-out one's does (node-postgres#3202).
  pool.on('error', (error) => options.log.warn({ err: error }, 'idle database connection lost'));
  pool.on('connect', (client) =>
    client.on('error', (error) => options.log.warn({ err: error }, 'database connection lost')),
  );
  return pool;
}

/** Opens a pool lazily: connecting waits for the first statement. */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = createPool(options);

  async function query(...statement: Parameters<typeof pool.query>): Promise<unknown> {
    try {
      return await (pool.query as (...args: unknown[]) => Promise<unknown>).apply(pool, statement);
    } catch (error) {
      throw unavailableIfTransient(error);
    }
  }

  const transaction: Database['transaction'] = async (work, { lockTimeoutMs } = {}) => {
    const client = await pool.connect().catch((error: unknown) => {
      throw unavailableIfTransient(error);
    });
    let fault: Error | undefined;
    try {
      // Waited for: were it refused, what follows would be committed statement by statement.
      await client.query(
        lockTimeoutMs === undefined ? 'begin' : `begin; set local lock_timeout = ${lockTimeoutMs}`,
      );
      const result = await work(client);
      const { command } = await client.query('commit');
      // COMMIT of an aborted transaction resolves, with the tag ROLLBACK.
      if (command !== 'COMMIT') {
        // A statement's error was swallowed: a defect, which a repetition would only repeat.
        throw new AppError(commonProblems.internal, `transaction was not committed: ${command}`);
      }
      return result;
    } catch (error) {
      fault = error as Error;
      if (isStatementError(error)) {
        // The connection is sound, only the statement failed: keep the connection.
        try {
          await client.query('rollback');
          fault = undefined;
        } catch {
          // released with the first error below
        }
      }
      throw unavailableIfTransient(error);
    } finally {
      // A client that timed out or lost its connection must not return to the pool
      // (node-postgres#3399): releasing with the error discards it.
      client.release(fault);
    }
  };

  return {
    query: query as pg.Pool['query'],
    transaction,
    dedicatedClient: ({ waitMs = 0 } = {}) =>
      waitMs === 0 ? connectAlone(options) : connectWithin(waitMs, options),
    log: options.log,
    close: () => pool.end(),
  };
}

async function connectAlone(options: DatabaseOptions): Promise<pg.Client> {
  const limits = { statement_timeout: 0, query_timeout: 0 };
  const client = new pg.Client({ ...clientSettings(options), ...limits });
  client.on('error', (error) => options.log.warn({ err: error }, 'database connection lost'));
  await client.connect();
  return client;
}

// Soon after the database is there, and no more than some lines of log until then.
const CONNECT_RETRY = { firstMs: 250, maxMs: 2_000 };

/** A connection that was waited for in vain, or that the database refuses. */
class ConnectError extends Error {}

async function connectWithin(waitMs: number, options: DatabaseOptions): Promise<pg.Client> {
  const deadline = deadlineIn(waitMs);
  for (let number = 1; ; number++) {
    try {
      return await connectAlone(options);
    } catch (cause) {
      const { host, pathname } = new URL(options.url);
      const database = `the database ${host}${pathname}`;
      // A wrong password or name is wrong the next time too.
      if (!isTransient(cause)) throw new ConnectError(`${database} refuses us`, { cause });
      const pauseMs = backoffMs(number, CONNECT_RETRY);
      if (pauseMs >= deadline.remainingMs()) {
        const message = `${database} could not be reached within ${waitMs / 1000} s`;
        throw new ConnectError(message, { cause });
      }
      options.log.warn(`${database} cannot be reached, trying again: ${describeError(cause)}`);
      await pause(pauseMs);
    }
  }
}

// The client gives up after the server, as with every other statement.
const QUERY_TIMEOUT_MARGIN_MS = 500;

/**
 * Sends one statement that may run longer than the pool allows, for work that no customer waits
 * for. Its caller must wait longer too.
 */
export function queryWithin<R extends pg.QueryResultRow>(
  database: Database,
  timeoutMs: number,
  statement: { text: string; values: unknown[] },
): Promise<pg.QueryResult<R>> {
  return database.transaction(async (tx) => {
    await tx.query(`select set_config('statement_timeout', $1, true)`, [String(timeoutMs)]);
    // The driver takes this member with each query; its published types do not know it.
    const limit = { query_timeout: timeoutMs + QUERY_TIMEOUT_MARGIN_MS };
    return tx.query<R>({ ...statement, ...limit });
  });
}

/** True when the server answered the statement with an error, so the connection still works. */
function isStatementError(error: unknown): error is pg.DatabaseError {
  const severity = error instanceof pg.DatabaseError ? error.severity : undefined;
  return severity === 'ERROR';
}

/** SQLSTATE of a server error, also of one that was wrapped, else undefined. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof AppError) return sqlState(error.cause);
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** So that callers answer 503 and repeat, whatever the driver called the fault. */
function unavailableIfTransient(error: unknown): unknown {
  if (error instanceof AppError || !isTransient(error)) return error;
  return new AppError(commonProblems.unavailable, 'database unavailable', { cause: error });
}

const DEFECTS = [TypeError, RangeError, ReferenceError, SyntaxError];

/**
 * True for faults that a repetition can cure: connection trouble, time-outs, deadlock,
 * serialization, shutdown. False for what the statement's content caused.
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof AppError) return error.problem.kind === 'unavailable';
  const state = sqlState(error);
  // The driver's own errors (no connection, time-out) carry no SQLSTATE; ours are defects.
  if (state === undefined) return !DEFECTS.some((defect) => error instanceof defect);
  // 08 connection, 40 rollback, 53 resources, 55 lock, 57 operator intervention, 58 system
  return ['08', '40', '53', '55', '57', '58'].includes(state.slice(0, 2));
}

/**
 * True when one row may have failed a statement for many: by its content, or by a lock that another
 * holds. False when the database was not there, or had no time, for any of them.
 */
export function isRowFault(error: unknown): boolean {
  const state = sqlState(error);
  // 40 rollback (deadlock), 55 lock: transient, but not every row's own.
  return state === undefined ? !isTransient(error) : !/^(08|53|57|58)/.test(state);
}

/** True when the database refuses a row for its content (docs/reference/events.md: poison). */
export function isContentRefusal(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && (state.startsWith('22') || state.startsWith('23'));
}

// Any constant will do: it only has to differ from other users of advisory locks.
const MIGRATION_LOCK = 4_207_001;
/**
 * Does one step of a service's start on its database, and repeats it while a transient fault keeps
 * it from being done (start-step.ts).
 * @param work may safely be repeated, also after an unknown outcome
 */
export function databaseStep<T>(
  database: Database,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  return startStep(what, work, {
    say: (line) => database.log.warn(line),
    // Of a setting that does not fit the data the same comes again.
    isTransient: (error) => !(error instanceof ConfigError) && isTransient(error),
  });
}

/** A migration that PostgreSQL refused; `cause` is why. */
class MigrationError extends Error {
  constructor(file: string, cause: unknown) {
    super(`migration ${file} failed`, { cause });
    this.name = 'MigrationError';
  }
}

/**
 * Applies the numbered `*.sql` files of a folder that were not applied yet, in name order, each
 * in a transaction. Safe when replicas start together: one works, the others wait. Waits for a
 * database that cannot be reached yet, and repeats what a transient fault has interrupted.
 * @param folder URL of the migrations folder, ending in `/`
 * @param waitMs how long to wait for the database (a minute)
 * @throws Error that names the database or the migration that failed
 */
export async function migrate(
  database: Database,
  folder: URL,
  waitMs = START_WAIT_MS,
): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  await startStep(
    'its migrations',
    async () => {
      const client = await database.dedicatedClient({ waitMs });
      try {
        await applyMissing(client, folder, files);
      } finally {
        await client.end();
      }
    },
    { waitMs, say: (line) => database.log.warn(line), isTransient: isTransientInMigration },
  );
}

function isTransientInMigration(error: unknown): boolean {
  // Connecting has waited already.
  if (error instanceof ConnectError) return false;
  return isTransient(error instanceof MigrationError ? error.cause : error);
}

async function applyMissing(client: pg.Client, folder: URL, files: string[]): Promise<void> {
  await client.query('set lock_timeout = 0');
  await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
  await client.query(
    'create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())',
  );
  const { rows } = await client.query<{ name: string }>('select name from migrations');
  const applied = new Set(rows.map((row) => row.name));
  for (const file of files.filter((name) => !applied.has(name))) {
    const sql = await readFile(new URL(file, folder), 'utf8');
    try {
      await client.query('begin');
      await client.query(sql);
      await client.query('insert into migrations (name) values ($1)', [file]);
      await client.query('commit');
    } catch (error) {
      throw new MigrationError(file, error);
    }
  }
}
