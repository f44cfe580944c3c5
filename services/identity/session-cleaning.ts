import type { Logger } from 'pino';
import { type Loop, startLoop } from '#platform/async/loop.ts';
import type { Database } from '#platform/postgres/database.ts';
import { deleteExpiredResets } from './resets-store.ts';
import { deleteExpiredSessions } from './sessions-store.ts';

const ROUND_MS = 60_000;
const ROWS_MAX = 1_000;
const RETRY = { firstMs: 1_000, maxMs: ROUND_MS };

/** Removes sessions and reset tokens whose time is over, in small batches. */
export function startSessionCleaning(database: Database, log: Logger): Loop {
  return startLoop({
    name: 'session cleaning',
    log,
    retry: RETRY,
    firstInMs: ROUND_MS,
    async round() {
      const sessions = await deleteExpiredSessions(database, ROWS_MAX);
      const resets = await deleteExpiredResets(database, ROWS_MAX);
      return Math.max(sessions, resets) === ROWS_MAX ? 0 : ROUND_MS;
    },
  });
}
