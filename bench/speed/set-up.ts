import type { Places } from '../../test/books.ts';

/** A system that runs, to be measured. */
export interface SetUp {
  name: string;
  /** Base URL of its public API. */
  url: string;
  /** Where its books are. */
  places: Places;
  /** URL of a database of its server as superuser. */
  superuserUrl: (database: string) => string;
  /** Pid of its database server. */
  postgresPid: () => number;
  close(): Promise<void>;
}
