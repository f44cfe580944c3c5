import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { sqlState } from '#platform/database.ts';
import { findPlace, initialise, type Place } from './postgres-place.ts';
import { bringUp, connect, type Server, serverUrl, shutDown } from './postgres-server.ts';

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
  constructor(folder: string) {
    super(`another Orderbell is running on ${folder}: stop it first, or choose another folder`);
    this.name = 'DataInUseError';
  }
}

// Any constant will do: nobody else takes advisory locks in database `postgres`.
const OWNER_LOCK = 4_207_002;

// The server notices a killed owner's closed connection in milliseconds, on a busy machine later.
const OWNER_LOCK_TIMEOUT_MS = 2_000;
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
}

/**
 * Starts a PostgreSQL 18 on the data in `home`, which are made at the first start. The orphan
 * that a killed process left running is taken over. A server that dies is started again.
 * @throws DataInUseError when a live process uses the data
 * @throws Error when this machine has no binaries, or the server does not start
 */
export async function startPostgres(options: StartOptions): Promise<EmbeddedPostgres> {
  const { log, settings = {}, notice = () => {} } = options;
  const place = await findPlace(resolve(options.home), notice);
  const password = await initialise(place);
  const stopping = new AbortController();
  const settled = { password, settings, signal: stopping.signal };

  const server = await bringUp(place, settled);
  const { port } = server;
  await takeOwnership(server, place);
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
        const found = await bringUp(place, { ...settled, port });
        await takeOwnership(found, place);
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
    ensureDatabase: (name, rolePassword) => ensureDatabase(port, password, name, rolePassword),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** The lock lives as long as the connection, so it tells a live owner from a dead one. */
async function takeOwnership({ client }: Server, place: Place): Promise<void> {
  const deadline = Date.now() + OWNER_LOCK_TIMEOUT_MS;
  try {
    while (true) {
      const { rows } = await client.query<{ taken: boolean }>(
        'select pg_try_advisory_lock($1) as taken',
        [OWNER_LOCK],
      );
      if (rows[0]?.taken) return;
      if (Date.now() > deadline) throw new DataInUseError(place.folder);
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
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new Error(`not a database name: ${name}`);
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
