import pg from 'pg';
import { percentilesOf } from '#harness/percentiles.ts';

/**
 * A statement of a baseline. Names with a colon are pgbench's: `wallet` is the wallet's number, each
 * other one a column that an earlier statement returned, after its prefix. No text may contain
 * another colon, as in a time format: pgbench would take it for a name too.
 */
export interface BaselineStatement {
  /** Of the names of its columns. Absent where it returns none. */
  prefix?: string;
  text: string;
}

/**
 * The three writes of one order as the database alone would do them, each a statement and a commit
 * of its own, on the tables of orders and billing: create, decide, record with the event.
 */
export const baselineStatements: BaselineStatement[] = [
  {
    prefix: 'order_',
    text: `insert into orders
        (id, customer_id, idempotency_key, request_hash, status, items, total_amount, currency)
      values (uuidv7(), 'baseline-' || :wallet::text, gen_random_uuid()::text,
        sha256(gen_random_uuid()::text::bytea), 'Pending',
        '[{"name": "Книга", "quantity": 1, "unitPrice": {"amount": 100, "currency": "RUB"}}]',
        100, 'RUB')
      returning id`,
  },
  {
    prefix: 'operation_',
    text: `with charged as (
        update wallets set balance = balance - 100, operation_count = operation_count + 1
        where customer_id = 'baseline-' || :wallet::text and balance >= 100
        returning customer_id, balance, operation_count, uuidv7() as operation_id
      ), decision as (
        insert into payments
          (order_id, customer_id, amount, currency, decision, operation_id, balance_seen)
        select :order_id::uuid, customer_id, 100, 'RUB', 'captured', operation_id, balance + 100
        from charged
      )
      insert into operations
        (id, customer_id, number, type, amount, currency, balance_after, order_id)
      select operation_id, customer_id, operation_count, 'charge', -100, 'RUB', balance,
        :order_id::uuid
      from charged returning id`,
  },
  {
    prefix: 'event_',
    text: `with settled as (
        update orders set status = 'Paid', payment_operation_id = :operation_id::uuid,
          event_id = uuidv7(), version = version + 1, updated_at = now()
        where id = :order_id::uuid and status = 'Pending'
        returning *
      )
      insert into outbox (id, aggregatetype, aggregateid, type, traceparent, payload)
      select event_id, 'order', id, 'orderbell.OrderUpdateMessage.v1',
        '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', json_build_object(
          'orderId', id,
          'customerId', customer_id,
          'version', version,
          'previousStatus', 'Pending',
          'status', status,
          'total', json_build_object('amount', total_amount, 'currency', currency),
          'paymentOperationId', payment_operation_id,
          'reason', status_reason,
          'occurredAt', updated_at)
      from settled returning id`,
  },
];

export const BASELINE_WALLETS = 1_000;

/** Statements as a script of pgbench, which repeats it. */
export function pgbenchScript(statements: BaselineStatement[]): string {
  const lines = statements.map(({ prefix, text }) =>
    prefix === undefined ? `${text};\n` : `${text} \\gset ${prefix}\n`,
  );
  return [`\\set wallet random(1, ${BASELINE_WALLETS})\n`, ...lines].join('');
}

/**
 * A statement with numbered parameters.
 * @returns the names of the parameters, in the order of their numbers
 */
export function numbered(text: string): { text: string; names: string[] } {
  const names: string[] = [];
  // Not the second colon of a cast.
  const changed = text.replace(/(?<!:):([a-z]\w*)/g, (_all, name: string) => {
    const known = names.indexOf(name);
    return `$${known >= 0 ? known + 1 : names.push(name)}`;
  });
  return { text: changed, names };
}

/** The throughput of the database alone. */
export type BaselineFigures = Awaited<ReturnType<typeof runPlainClients>>;

/** A baseline without pgbench: the same prepared statements on plain connections of this process. */
export async function runPlainClients(
  url: string,
  statements: BaselineStatement[],
  connections: number,
  seconds: number,
) {
  const prepared = statements.map(({ prefix, text }, index) => ({
    prefix,
    name: `baseline-${index}`,
    ...numbered(text),
  }));
  const clients = Array.from({ length: connections }, () => new pg.Client(url));
  await Promise.all(clients.map((client) => client.connect()));
  const times: number[] = [];
  const started = performance.now();
  const end = started + seconds * 1_000;
  await Promise.all(
    clients.map(async (client) => {
      for (let now = performance.now(); now < end; ) {
        await writeOrder(client, prepared);
        const ended = performance.now();
        times.push(ended - now);
        now = ended;
      }
    }),
  );
  const tookS = (performance.now() - started) / 1_000;
  await Promise.all(clients.map((client) => client.end()));
  // Orders, that is three writes each, in a second; the times are of those three together, in ms.
  return { ordersPerS: times.length / tookS, latency: percentilesOf(times) };
}

type Prepared = { prefix: string | undefined; name: string; text: string; names: string[] };

async function writeOrder(client: pg.Client, statements: Prepared[]): Promise<void> {
  const known: Record<string, unknown> = {
    wallet: 1 + Math.floor(Math.random() * BASELINE_WALLETS),
  };
  for (const { prefix, name, text, names } of statements) {
    const { rows } = await client.query({ name, text, values: names.map((each) => known[each]) });
    if (prefix === undefined) continue;
    for (const [column, value] of Object.entries(rows[0])) known[`${prefix}${column}`] = value;
  }
}
