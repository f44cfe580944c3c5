import { resolve } from 'node:path';
import pg from 'pg';
import type { Logger } from 'pino';
import { backoffMs, pause } from '#platform/async/backoff.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { describeError } from '#platform/errors.ts';
import { isTransient, sqlState } from '#platform/postgres/errors.ts';
import { START_WAIT_MS, startStep } from '#platform/service/start-step.ts';
import { isAlive } from '../files/process.ts';
import { initialise } from './cluster.ts';
import { type ClusterDirectory, findClusterDirectory } from './cluster-directory.ts';
import { bringUp, connect, OWNER_NAME, type Server, serverUrl, shutDown } from './server.ts';

/** A live system uses the data folder. The message is one line for people. */
export class DataInUseError extends Error {
  /** @param owner id of its process, where known */
  constructor(folder: string, owner: number | undefined) {
    const process = owner === undefined ? '' : ` (process ${owner})`;
    super(
      `another Orderbell is running on ${folder}${process}: stop it first, or choose another ` +
        'folder by ORDERBELL_HOME',
    );
    this.name = 'DataInUseError';
  }
}

// Any constant works: no other program takes advisory locks in database `postgres`.
const OWNER_LOCK = 4_207_002;

// A stopping owner releases the lock last. When an owner was killed, the server must first notice
// the closed connection, which takes longer on a busy machine.
const LIVE_OWNER_WAIT_MS = 2_000;
const OWNER_LOCK_POLL_MS = 50;

const REGAIN_BACKOFF = { firstMs: 100, maxMs: 5_000 };

interface StartOptions {
  /** Folder for the data, for example `<checkout>/.orderbell`; created if missing. */
  home: string;
  /** Server settings. An orphaned server keeps the settings of its start. */
  settings?: Record<string, string>;
  log: Logger;
  /** Gets lines for the person at the terminal. */
  notice?: (line: string) => void;
  /** Gets the reason while the server does not answer yet. */
  onWait?: (why: string) => void;
  /** Ends the start: a server that it has launched is stopped. */
  signal?: AbortSignal;
}

export type EmbeddedPostgres = Awaited<ReturnType<typeof startPostgres>>;

/**
 * Starts PostgreSQL 18 on the data in `home`, which the first start creates. Takes over the
 * orphaned server of a killed process. Restarts a server that dies.
 * @throws DataInUseError when a live process uses the data
 * @throws Error when this machine has no binaries, or the server does not start
 */
export async function startPostgres(options: StartOptions) {
  const { log, settings = {}, notice = () => {}, onWait = () => {} } = options;
  const cluster = await findClusterDirectory(resolve(options.home), notice);
  const password = await initialise(cluster);
  const stopping = new AbortController();
  const settled = { password, settings, signal: stopping.signal, onWait };
  const starting = AbortSignal.any([stopping.signal, ...(options.signal ? [options.signal] : [])]);

  const server = await bringUpOwned(cluster, { ...settled, signal: starting });
  const { port } = server;
  let owned = server;
  let regaining: Promise<void> | undefined;
  watch();

  function watch(): void {
    owned.client.once('end', () => {
      if (!stopping.signal.aborted) regaining = regain();
    });
  }

  /** Restores our connection, and the server on the same port, after either was lost. */
  async function regain(): Promise<void> {
    for (let attempt = 1; !stopping.signal.aborted; attempt++) {
      try {
        const found = await bringUpOwned(cluster, { ...settled, port });
        if (found.pid !== owned.pid) log.error({ pid: found.pid }, 'PostgreSQL was started again');
        owned = found;
        watch();
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.error({ err: error }, 'PostgreSQL is gone, trying to bring it back');
      }
      await pause(backoffMs(attempt, REGAIN_BACKOFF), stopping.signal);
    }
  }

  async function stop(fastMs?: number): Promise<void> {
    stopping.abort();
    await regaining;
    try {
      await shutDown(cluster, password, fastMs);
    } finally {
      // The lock is released last: another start must not take a server that is still running.
      await owned.client.end();
    }
  }

  let stopped: Promise<void> | undefined;
  return {
    /** On 127.0.0.1; the same until `stop`, also when the server had to be started again. */
    port,
    /** Folder of the data: `home`, or for root perhaps a folder below /var/lib/orderbell. */
    folder: cluster.folder,
    superuserUrl: (database: string) => serverUrl(port, 'postgres', password, database),
    /**
     * Creates a role and its database where missing, and sets the role's password. Safe to repeat,
     * also after an interruption. The roles of other services cannot connect to the database.
     * @param name of role and database: lower-case letters, digits, `_`
     * @returns the role's URL
     */
    async ensureDatabase(name: string, rolePassword: string): Promise<string> {
      if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new Error(`not a database name: ${name}`);
      const make = () => ensureDatabase(port, password, name, rolePassword);
      const say = (line: string) => log.warn(line);
      return startStep(`the database ${name}`, make, { say, isTransient });
    },
    /**
     * Stops the server and returns when it has exited. Later calls wait for the first.
     * @param fastMs how long it may close connections in order; it exits at once afterwards
     */
    stop(fastMs?: number): Promise<void> {
      stopped ??= stop(fastMs);
      return stopped;
    },
  };
}

type BringUpOptions = Parameters<typeof bringUp>[1];

/** Reconnects when the connection breaks before the lock is taken; other faults are final. */
async function bringUpOwned(cluster: ClusterDirectory, options: BringUpOptions): Promise<Server> {
  const deadline = deadlineIn(START_WAIT_MS);
  while (true) {
    const server = await bringUp(cluster, options);
    try {
      await takeOwnership(server, cluster);
      return server;
    } catch (error) {
      const isFinal = error instanceof DataInUseError || !isTransient(error);
      if (isFinal || deadline.remainingMs() === 0) throw error;
      options.onWait?.(describeError(error));
      await pause(OWNER_LOCK_POLL_MS);
    }
  }
}

/** The lock ends with its connection, so it distinguishes a live owner from a dead one. */
async function takeOwnership({ client }: Server, cluster: ClusterDirectory): Promise<void> {
  const begun = performance.now();
  try {
    while (true) {
      const { rows } = await client.query<{ taken: boolean; name: string | null }>(
        `select pg_try_advisory_lock($1) as taken, (
           select application_name from pg_locks join pg_stat_activity using (pid)
           where locktype = 'advisory' and granted and objid = $1 limit 1) as name`,
        [OWNER_LOCK],
      );
      const [seen] = rows;
      if (seen?.taken) return;
      const owner = Number(seen?.name?.slice(OWNER_NAME.length)) || undefined;
      // An owner with an unknown name counts as alive.
      const isDead = owner !== undefined && !isAlive(owner);
      if (performance.now() - begun > (isDead ? START_WAIT_MS : LIVE_OWNER_WAIT_MS)) {
        throw new DataInUseError(cluster.folder, owner);
      }
      await pause(OWNER_LOCK_POLL_MS);
    }
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

async function ensureDatabase(
  port: number,
  superuserPassword: string,
  name: string,
  password: string,
): Promise<string> {
  const client = await connect(port, superuserPassword);
  try {
    // CREATE ROLE and CREATE DATABASE have no IF NOT EXISTS, and the latter no transaction.
    await createUnlessPresent(client, `create role ${name}`);
    await client.query(`alter role ${name} login password ${pg.escapeLiteral(password)}`);
    await createUnlessPresent(client, `create database ${name} owner ${name}`);
    // By default every role may connect to every database.
    await client.query(`revoke connect, temporary on database ${name} from public`);
    return serverUrl(port, name, password, name);
  } finally {
    await client.end();
  }
}

async function createUnlessPresent(client: pg.Client, statement: string): Promise<void> {
  try {
    await client.query(statement);
  } catch (error) {
    // duplicate_object, duplicate_database, and unique_violation when two create at once
    if (!['42710', '42P04', '23505'].includes(sqlState(error) ?? '')) throw error;
  }
}
