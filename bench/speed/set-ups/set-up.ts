import type { OracleSources } from '#harness/oracle/stored-state.ts';

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
  close(): Promise<void>;
}
