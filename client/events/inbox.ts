/** A connection of `pg`, or anything that answers alike. */
export interface InboxClient {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>;
  release(error?: boolean | Error): void;
  on?(event: 'error', listener: (error: Error) => void): unknown;
  off?(event: 'error', listener: (error: Error) => void): unknown;
}

/** The part of a `Pool` of `pg` that an inbox uses. */
export interface InboxPool<Client extends InboxClient = InboxClient> {
  connect(): Promise<Client>;
}

/** An event had no effect, because it had one before. */
export const REPEATED = Symbol('repeated');

export interface Inbox<Client extends InboxClient> {
  /**
   * Runs an effect once per event: the event's id and what the effect writes by `tx` are committed
   * together, or not at all. Of several calls at once with one id, the others wait for the first.
   * @param effect writes by `tx` only; what it does elsewhere may happen twice
   * @returns what the effect returned, or `REPEATED` for an event whose effect is committed already
   * @throws what the effect throws; nothing is stored then
   */
  once<T>(eventId: string, effect: (tx: Client) => Promise<T>): Promise<T | typeof REPEATED>;
  /** Creates the table where it is missing. */
  ensureTable(): Promise<void>;
}

const TABLE = 'orderbell_inbox';
// A name, or a schema and a name, that need no quotes.
const PLAIN_NAME = /^[a-z_][a-z0-9_]{0,62}(?:\.[a-z_][a-z0-9_]{0,62})?$/;

/** The statement that creates the table, for migrations of your own. */
export function inboxTable(table: string = TABLE): string {
  return `create table if not exists ${nameOf(table)} (
  event_id text primary key,
  handled_at timestamptz not null default now()
)`;
}

/**
 * Makes effects in PostgreSQL happen exactly once, although events arrive at least once. Write
 * `createInbox<PoolClient>(pool)` for effects that need all of a connection of `pg`.
 * @param pool a `Pool` of `pg`
 * @param options.table in lower case, with its schema if need be; `orderbell_inbox` when absent. Each
 *   group of consumers with effects of its own needs a table of its own.
 */
export function createInbox<Client extends InboxClient>(
  pool: InboxPool<Client>,
  options: { table?: string } = {},
): Inbox<Client> {
  const table = nameOf(options.table ?? TABLE);

  async function transaction<T>(work: (tx: Client) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    let broken: Error | undefined;
    // A client of `pg` reports a lost connection as an event too, which ends the process unheard.
    const onError = (error: Error) => {
      broken = error;
    };
    client.on?.('error', onError);
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch((cause: Error) => {
        broken = cause;
      });
      throw error;
    } finally {
      client.off?.('error', onError);
      // A connection that cannot roll back must not serve another transaction.
      client.release(broken);
    }
  }

  return {
    once: (eventId, effect) =>
      transaction(async (tx) => {
        // A concurrent insert of the same id makes this one wait until the other transaction ends.
        const { rowCount } = await tx.query(
          `insert into ${table} (event_id) values ($1) on conflict do nothing`,
          [eventId],
        );
        return rowCount === 0 ? REPEATED : effect(tx);
      }),
    async ensureTable() {
      // Several replicas start at once, and two `create table if not exists` may collide.
      await transaction(async (tx) => {
        await tx.query('select pg_advisory_xact_lock(hashtext($1))', [`orderbell inbox ${table}`]);
        await tx.query(inboxTable(table));
      });
    },
  };
}

/** @throws Error for a name that would need quotes */
function nameOf(table: string): string {
  if (PLAIN_NAME.test(table)) return table;
  throw new Error(`"${table}" is no plain table name in lower case, such as ${TABLE}`);
}
