import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { describeError } from '#platform/errors.ts';
import { isTransient, sqlState } from '#platform/postgres/errors.ts';
import { START_WAIT_MS, startStep } from '#platform/service/start-step.ts';
import { isAlive } from '../files/process.ts';
import { initialise } from './cluster.ts';
import { findPlace, type Place } from './cluster-directory.ts';
import { bringUp, connect, OWNER_NAME, type Server, serverUrl, shutDown } from './server.ts';

export interface EmbeddedPostgres {
  /** On 127.0.0.1; the same until `stop`, also when the server had to be started again. */
  port: number;
  /** Where the data lie: `home`, or for root perhaps a folder below /var/lib/orderbell. */
  folder: string;
  /** URL of a database as superuser. */
  superuserUrl(database: string): string;
  /**
   * Makes role and database (owned by the role) if missing and sets the role's password. May be
   * repeated, also after an interruption. No other service's role can connect to the database.
   * @param name of both: lower-case letters, digits, `_`
   * @returns the role's URL
   */
  ensureDatabase(name: string, password: string): Promise<string>;
  /** Stops the server and returns when it is gone. Only the first call does something. */
  stop(): Promise<void>;
}

/** A live system uses the data folder. The message is one line for people. */
export class DataInUseError extends Error {
  /** @param owner id of its process, where it is known */
  constructor(folder: string, owner: number | undefined) {
    const process = owner === undefined ? '' : ` (process ${owner})`;
    super(
      `another Orderbell is running on ${folder}${process}: stop it first, or choose another ` +
        'folder by ORDERBELL_HOME',
    );
    this.name = 'DataInUseError';
  }
}

// Any constant will do: nobody else takes advisory locks in database `postgres`.
const OWNER_LOCK = 4_207_002;

// An owner that stops gives the lock back as its last deed. Of one that was killed the server has
// to notice the closed connection, on a busy machine late: for that a start waits longer.
const LIVE_OWNER_WAIT_MS = 2_000;
const OWNER_LOCK_POLL_MS = 50;

const REGAIN_DELAY_MIN_MS = 100;
const REGAIN_DELAY_MAX_MS = 5_000;

interface StartOptions {
  /** Folder for the data, for example `<checkout>/.orderbell`; made if missing. */
  home: string;
  /** Server settings. An orphan that is taken over keeps those it was started with. */
  settings?: Record<string, string>;
  log: Logger;
  /** Gets single lines that a person at the terminal should see. */
  notice?: (line: string) => void;
  /** Gets the reason while the server does not answer yet. */
  onWait?: (why: string) => void;
}

/**
 * Starts a PostgreSQL 18 on the data in `home`, which are made at the first start. The orphan
 * that a killed process left running is taken over. A server that dies is started again.
 * @throws DataInUseError when a live process uses the data
 * @throws Error when this machine has no binaries, or the server does not start
 */
export async function startPostgres(options: StartOptions): Promise<EmbeddedPostgres> {
  const { log, settings = {}, notice = () => {}, onWait = () => {} } = options;
  const place = await findPlace(resolve(options.home), notice);
  const password = await initialise(place);
  const stopping = new AbortController();
  const settled = { password, settings, signal: stopping.signal, onWait };

  const server = await bringUpOwned(place, settled);
  const { port } = server;
  let owned = server;
  let regaining: Promise<void> | undefined;
  watch();

  function watch(): void {
    owned.client.once('end', () => {
      if (!stopping.signal.aborted) regaining = regain();
    });
  }

  /** Whoever ended our connection or our server: both come back, on the port that all know. */
  async function regain(): Promise<void> {
    for (let waitMs = REGAIN_DELAY_MIN_MS; !stopping.signal.aborted; waitMs *= 2) {
      try {
        const found = await bringUpOwned(place, { ...settled, port });
        if (found.pid !== owned.pid) log.error({ pid: found.pid }, 'PostgreSQL was started again');
        owned = found;
        watch();
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.error({ err: error }, 'PostgreSQL is gone, trying to bring it back');
      }
      // Aborting ends the wait by a rejection, and the loop by its condition.
      const wait = Math.min(waitMs, REGAIN_DELAY_MAX_MS);
      await delay(wait, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await regaining;
    try {
      await shutDown(place, password);
    } finally {
      // The lock goes last: until the server is gone nobody else may think it free.
      await owned.client.end();
    }
  }

  let stopped: Promise<void> | undefined;
  return {
    port,
    folder: place.folder,
    superuserUrl: (database) => serverUrl(port, 'postgres', password, database),
    async ensureDatabase(name, rolePassword) {
      if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new Error(`not a database name: ${name}`);
      const make = () => ensureDatabase(port, password, name, rolePassword);
      const say = (line: string) => log.warn(line);
      return startStep(`the database ${name}`, make, { say, isTransient });
    },
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

type BringUpOptions = Parameters<typeof bringUp>[1];

/** A connection that breaks before the lock is taken is made again; other faults are final. */
async function bringUpOwned(place: Place, options: BringUpOptions): Promise<Server> {
  const deadline = Date.now() + START_WAIT_MS;
  while (true) {
    const server = await bringUp(place, options);
    try {
      await takeOwnership(server, place);
      return server;
    } catch (error) {
      const isFinal = error instanceof DataInUseError || !isTransient(error);
      if (isFinal || Date.now() > deadline) throw error;
      options.onWait?.(describeError(error));
      await delay(OWNER_LOCK_POLL_MS);
    }
  }
}

/** The lock lives as long as the connection, so it tells a live owner from a dead one. */
async function takeOwnership({ client }: Server, place: Place): Promise<void> {
  const begun = Date.now();
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
      // An owner of an unknown name is taken for a live one.
      const isDead = owner !== undefined && !isAlive(owner);
      if (Date.now() - begun > (isDead ? START_WAIT_MS : LIVE_OWNER_WAIT_MS)) {
        throw new DataInUseError(place.folder, owner);
      }
      await delay(OWNER_LOCK_POLL_MS);
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
    // CREATE has no IF NOT EXISTS for these two, and DATABASE cannot run in a transaction.
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
