import type pg from 'pg';
import type { LastStatement, Queryable, TransactionOptions } from './database.ts';

/**
 * Sends BEGIN on a connection. Statements of one turn of the event loop go out in one write, since
 * a write costs as much as a small statement.
 */
export function openTransaction(
  client: pg.PoolClient,
  { lockTimeoutMs, withBegin = [] }: TransactionOptions,
) {
  const gather = gatherWrites(client);
  let isBegun = false;
  // A statement that waits for BEGIN: those behind it wait too, or they would overtake it.
  let isWaiting = false;
  let committing: Promise<pg.QueryResult> | undefined;

  gather();
  const begun = client
    .query(
      lockTimeoutMs === undefined ? 'begin' : `begin; set local lock_timeout = ${lockTimeoutMs}`,
    )
    .then(() => {
      isBegun = true;
    });
  // A caller that awaits it gets the error. Without this listener an early error ends the process.
  begun.catch(() => {});

  type Send = (...args: unknown[]) => Promise<pg.QueryResult>;
  const send: Send = (...args) => {
    if (committing !== undefined) return Promise.reject(new TypeError('the transaction has ended'));
    gather();
    const result = (client.query as Send)(...args);
    if ((args[0] as Partial<LastStatement>).last) {
      // Behind a statement that failed, COMMIT rolls back.
      committing = client.query('commit');
      committing.catch(() => {});
    }
    return result;
  };
  const query: Send = async (...args) => {
    if (isBegun) return send(...args);
    const { name } = args[0] as Partial<pg.QueryConfig>;
    if (isWaiting || name === undefined || !withBegin.includes(name)) {
      isWaiting = true;
      // Were BEGIN refused, this statement would commit by itself.
      await begun;
      return send(...args);
    }
    const [, result] = await Promise.all([begun, send(...args)]);
    return result;
  };

  return {
    begun,
    query: query as Queryable['query'],
    async commit(): Promise<pg.QueryResult> {
      await begun;
      return committing ?? client.query('commit');
    },
    async rollback(): Promise<void> {
      // Also a COMMIT that failed leaves the transaction open.
      await committing?.catch(() => {});
      await client.query('rollback');
    },
  };
}

/** @returns a function that holds back the connection's writes until this turn has ended */
function gatherWrites(client: pg.PoolClient): () => void {
  const { stream } = client.connection;
  let isHeld = false;
  return () => {
    if (isHeld) return;
    isHeld = true;
    stream.cork();
    process.nextTick(() => {
      isHeld = false;
      stream.uncork();
    });
  };
}
