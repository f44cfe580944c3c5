import pg from 'pg';
import type { Logger } from 'pino';
import { backoffMs, pause } from '../async/backoff.ts';
import { deadlineIn } from '../async/deadline.ts';
import { AppError, commonProblems, describeError } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { connectRefusal, databaseName, refusalText } from './connect-fault.ts';
import { isConnectionFault, isReadOnly, isTransient } from './errors.ts';
import { measurePool } from './pool-metrics.ts';

/** The mode of a pooler in front of the server (docs/how-to/own-postgresql.md). */
export type Pooler = 'none' | 'session' | 'transaction';

export interface DatabaseOptions {
  url: string;
  /** Maximum number of connections that this process opens to the database. */
  connectionsMax: number;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  log: Logger;
  metrics?: Metrics | undefined;
  /** `none` when absent. */
  pooler?: Pooler;
  /** How long a connection is used at most; five minutes when absent. */
  connectionAgeMs?: number;
}

// Each inner time-out is shorter than the outer one, so that a statement that timed out has also
// ended on the server: lock < statement < query (client side) < one internal call.
const LOCK_TIMEOUT_MS = 1_000;
const STATEMENT_TIMEOUT_MS = 1_500;
const QUERY_TIMEOUT_MS = 2_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 2_000;
const IDLE_CLOSE_MS = 30_000;
// A connection to a demoted server goes on to answer reads. After this time none is left, also
// where nothing was written.
const CONNECTION_AGE_MS = 300_000;
// A new connection that is read-only too: a failover is under way, and each statement would cost
// the server a process.
const READ_ONLY_PAUSE_MS = 250;
const NEW_CONNECTION_MS = 1_000;

// Forces index lookups (decision 14). A prepared statement keeps its plan for the life of its
// connection: a plan made for a small table would scan and hash millions of rows later. Material
// nodes are full scans kept in memory.
const INDEX_ONLY_PLANS = ['seqscan', 'hashjoin', 'mergejoin', 'material'];

const TIMEOUTS = {
  statement_timeout: STATEMENT_TIMEOUT_MS,
  lock_timeout: LOCK_TIMEOUT_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
};

/**
 * The settings that each session of a service needs, as pg_settings shows them. Without a pooler
 * they travel as start-up parameters; a pooler shares its sessions, so there the role has them.
 */
export const SESSION_SETTINGS: Record<string, string> = {
  ...Object.fromEntries(Object.entries(TIMEOUTS).map(([name, ms]) => [name, String(ms)])),
  ...Object.fromEntries(INDEX_ONLY_PLANS.map((kind) => [`enable_${kind}`, 'off'])),
};

function clientSettings({ url, applicationName }: DatabaseOptions): pg.ClientConfig {
  return {
    connectionString: withoutWarning(url),
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  };
}

/** The driver checks the certificate in all of these modes, and warns that it may once not. */
function withoutWarning(text: string): string {
  const url = new URL(text);
  const mode = url.searchParams.get('sslmode') ?? '';
  const weaker = url.searchParams.get('uselibpqcompat') === 'true';
  if (weaker || !['prefer', 'require', 'verify-ca'].includes(mode)) return text;
  url.searchParams.set('sslmode', 'verify-full');
  return url.href;
}

/** Connections that are renewed at an age, and all at once when the server became read-only. */
export type Connections = ReturnType<typeof createConnections>;

interface Lifetime {
  generation: number;
  openedMs: number;
  endMs: number;
}

/** A pool with this system's time-outs, whose broken connections never end the process. */
export function createConnections(options: DatabaseOptions) {
  const { log, connectionAgeMs = CONNECTION_AGE_MS, pooler = 'none' } = options;
  const pool = new pg.Pool({
    ...clientSettings(options),
    query_timeout: QUERY_TIMEOUT_MS,
    // The driver sends these as start-up parameters, so no extra round trip per connection.
    ...(pooler === 'none' && {
      ...TIMEOUTS,
      options: INDEX_ONLY_PLANS.map((kind) => `-c enable_${kind}=off`).join(' '),
    }),
    // A transaction may send several statements without waiting for the first.
    pipeline: true,
    max: options.connectionsMax,
    idleTimeoutMillis: IDLE_CLOSE_MS,
  });
  measurePool(pool, options.metrics);
  // Without a listener on the pool, the loss of an idle connection ends the process; without one on
  // each client, the loss of a checked-out connection does (node-postgres#3202).
  pool.on('error', (error) => log.warn({ err: error }, 'idle database connection lost'));
  pool.on('connect', (client) =>
    client.on('error', (error) => log.warn({ err: error }, 'database connection lost')),
  );
  const lifetimes = new WeakMap<pg.PoolClient, Lifetime>();
  let generation = 0;
  let pausedUntilMs = 0;

  const lifetimeOf = (client: pg.PoolClient): Lifetime =>
    lifetimes.getOrInsertComputed(client, () => {
      const openedMs = performance.now();
      // Between half the age and all of it, so that they do not all reconnect together.
      const endMs = openedMs + connectionAgeMs * (0.5 + Math.random() / 2);
      return { generation, openedMs, endMs };
    });
  const isOver = (client: pg.PoolClient): boolean => {
    const lifetime = lifetimeOf(client);
    return lifetime.generation !== generation || performance.now() > lifetime.endMs;
  };

  /** The other connections lead to the same server: none of them is used again. */
  function renewAll(client: pg.PoolClient): void {
    const lifetime = lifetimeOf(client);
    if (lifetime.generation !== generation) return;
    generation += 1;
    const nowMs = performance.now();
    if (nowMs - lifetime.openedMs < NEW_CONNECTION_MS) pausedUntilMs = nowMs + READ_ONLY_PAUSE_MS;
    log.warn('the database is read-only, a standby or a former primary: connecting again');
  }

  return {
    /** @throws AppError `unavailable` */
    async acquire(): Promise<pg.PoolClient> {
      if (performance.now() < pausedUntilMs) {
        throw new AppError(commonProblems.unavailable, 'the database is read-only');
      }
      while (true) {
        const client = await pool.connect().catch((cause: unknown) => {
          const refusal = connectRefusal(cause);
          const text =
            refusal === undefined ? 'database unavailable' : `the database refuses us: ${refusal}`;
          // A caller cannot help it, and repeats until an operator has corrected the cause.
          throw new AppError(commonProblems.unavailable, text, { cause });
        });
        if (!isOver(client)) return client;
        client.release(true);
      }
    },
    /** @param fault of the last statement; a connection that it ended is discarded */
    release(client: pg.PoolClient, fault?: unknown): void {
      if (isReadOnly(fault)) renewAll(client);
      const unusable = fault !== undefined && isConnectionFault(fault);
      // Releasing with an error discards the client: one that timed out or lost its connection
      // must not return to the pool (node-postgres#3399).
      client.release(unusable || isOver(client));
    },
    close: () => pool.end(),
  };
}

/** Opens one connection outside the pool, without statement time-outs. */
async function connectOnce(options: DatabaseOptions): Promise<pg.Client> {
  const { log, pooler = 'none' } = options;
  const client = new pg.Client({
    ...clientSettings(options),
    ...(pooler === 'none' && { ...TIMEOUTS, statement_timeout: 0 }),
  });
  client.on('error', (error) => log.warn({ err: error }, 'database connection lost'));
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
      const refusal = connectRefusal(cause);
      // A wrong password or name stays wrong.
      if (refusal !== undefined || !isTransient(cause)) {
        throw new ConnectError(refusalText(options.url, refusal ?? '', cause));
      }
      const database = databaseName(options.url);
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
