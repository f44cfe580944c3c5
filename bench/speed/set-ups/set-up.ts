import { inspect } from 'node:util';
import type { TestIssuer } from '#harness/issuer.ts';
import type { OracleSources } from '#harness/oracle/stored-state.ts';
import { printError } from '#platform/telemetry/print.ts';

/** A system that runs, to be measured. */
export interface SetUp {
  /** Base URL of its public API. */
  url: string;
  /** Where the oracle reads it. */
  sources: OracleSources;
  /** URL of a database of its server as superuser. */
  superuserUrl: (database: string) => string;
  /** Pid of its database server. */
  postgresPid: () => number;
  /** SQLite file of its mail server. */
  mailboxFile: string;
}

/** The options of a set-up. */
export interface SetUpOptions {
  /** Empty folder, which another user may enter where we are root. */
  folder: string;
  /** Folder with what is fetched once, such as the jars of Kafka. */
  home: string;
  issuer: TestIssuer;
  resources: Resources;
}

export interface Closable {
  close(): Promise<void>;
}

/**
 * Everything that a run has started, so that an end at any moment leaves nothing behind. Unlike an
 * `AsyncDisposableStack` it accepts resources while it is being closed.
 */
export interface Resources extends Closable {
  /** Remembers what is being started, also before it has started. */
  add<T extends Closable>(starting: T | Promise<T>): Promise<T>;
  /** Closes what is open, latest first, and what was still starting; prints faults. */
  close(): Promise<void>;
}

export function createResources(): Resources {
  const all: Promise<Closable>[] = [];
  return {
    add(starting) {
      const started = Promise.resolve(starting);
      all.push(started);
      return started;
    },
    async close() {
      for (let last = all.pop(); last !== undefined; last = all.pop()) {
        // A failed start was already reported where it was awaited.
        const opened = await last.catch(() => undefined);
        await opened?.close().catch((error) => printError(inspect(error)));
      }
    },
  };
}
