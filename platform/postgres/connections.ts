import pg from 'pg';
import type { Logger } from 'pino';
import { backoffMs, pause } from '../async/backoff.ts';
import { deadlineIn } from '../async/deadline.ts';
import { describeError } from '../errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { isTransient } from './errors.ts';
import { measurePool } from './pool-metrics.ts';

export interface DatabaseOptions {
  url: string;
  /** Maximum number of connections that this process opens to the database. */
  connectionsMax: number;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  log: Logger;
  metrics?: Metrics | undefined;
}

// Each inner time-out is shorter than the outer one, so that a statement that timed out has also
// ended on the server: lock < statement < query (client side) < one internal call.
const LOCK_TIMEOUT_MS = 1_000;
const STATEMENT_TIMEOUT_MS = 1_500;
const QUERY_TIMEOUT_MS = 2_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 2_000;
const IDLE_CLOSE_MS = 30_000;

// Forces index lookups (decision 14). A prepared statement keeps its plan for the life of its
// connection: a plan made for a small table would scan and hash millions of rows later. Material
// nodes are full scans kept in memory.
const INDEX_ONLY_PLANS = ['seqscan', 'hashjoin', 'mergejoin', 'material']
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

/** A pool with this system's time-outs, whose broken connections never end the process. */
export function createPool(options: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    ...clientSettings(options),
    // A transaction may send several statements without waiting for the first.
    pipeline: true,
    options: INDEX_ONLY_PLANS,
    max: options.connectionsMax,
    idleTimeoutMillis: IDLE_CLOSE_MS,
  });
  measurePool(pool, options.metrics);
  // Without a listener on the pool, the loss of an idle connection ends the process; without one on
  // each client, the loss of a checked-out connection does (node-postgres#3202).
  pool.on('error', (error) => options.log.warn({ err: error }, 'idle database connection lost'));
  pool.on('connect', (client) =>
    client.on('error', (error) => options.log.warn({ err: error }, 'database connection lost')),
  );
  return pool;
}

/** Opens one connection outside the pool, without statement time-outs. */
async function connectOnce(options: DatabaseOptions): Promise<pg.Client> {
  const unlimited = { statement_timeout: 0, query_timeout: 0 };
  const client = new pg.Client({ ...clientSettings(options), ...unlimited });
  client.on('error', (error) => options.log.warn({ err: error }, 'database connection lost'));
  await client.connect();
  return client;
}

// A start goes on soon after the database is back, and logs only a few lines until then.
const CONNECT_RETRY = { firstMs: 250, maxMs: 2_000 };

/** The database did not accept a connection in time, or refuses it. */
export class ConnectError extends Error {}

/**
 * Opens one connection outside the pool.
 * @param waitMs how long to retry while the database is unreachable; 0 means one attempt
 * @throws ConnectError that names the database, after retries
 */
export async function connectDedicated(
  options: DatabaseOptions,
  waitMs: number,
): Promise<pg.Client> {
  if (waitMs === 0) return connectOnce(options);
  const deadline = deadlineIn(waitMs);
  for (let attempt = 1; ; attempt++) {
    try {
      return await connectOnce(options);
    } catch (cause) {
      const { host, pathname } = new URL(options.url);
      const database = `the database ${host}${pathname}`;
      // A wrong password or name stays wrong.
      if (!isTransient(cause)) throw new ConnectError(`${database} refuses us`, { cause });
      const pauseMs = backoffMs(attempt, CONNECT_RETRY);
      if (pauseMs >= deadline.remainingMs()) {
        const message = `${database} could not be reached within ${waitMs / 1000} s`;
        throw new ConnectError(message, { cause });
      }
      options.log.warn(`${database} cannot be reached, trying again: ${describeError(cause)}`);
      await pause(pauseMs);
    }
  }
}
