import { queryRows } from '../database.ts';
import { LAST_PAST_ID } from '../past-data/past-orders.ts';
import type { OrderAnswer } from './history.ts';
import { LEDGER_VIOLATIONS } from './ledger.ts';
import { listMessageIds } from './mails.ts';
import { found, type OracleSources } from './stored-state.ts';

// Compares two sets of facts in two databases by their number and the sum of their hashes, which are
// equal where the sets are.

/** Every part that can be compared. */
export async function violationsBySums(
  sources: OracleSources,
  options: { answers: OrderAnswer[]; letters: 'sent' | 'stored' | 'none'; mailboxFile: string },
): Promise<string[]> {
  const { answers, letters, mailboxFile } = options;
  return [
    ...(await moneyViolations(sources)),
    ...(await answerViolations(sources, answers)),
    ...(letters === 'none' ? [] : await letterViolations(sources)),
    ...(letters === 'sent' ? await mailViolations(sources, mailboxFile) : []),
  ];
}

/** A number and a sum of facts, as one text. */
const sumOf = (facts: string) =>
  `count(*) || ' facts, ' || coalesce(sum(hashtextextended(concat_ws(' ', ${facts}), 0)), 0)`;

const LISTED_MAX = 5;

/** I1 to I4: every order ended as it was decided, and the ledger adds up. */
export async function moneyViolations(sources: OracleSources): Promise<string[]> {
  const [orders] = await rowsIn(
    sources,
    'orders',
    `select count(*) filter (where status = 'Pending') as pending,
       ${sumOf('id, customer_id, total_amount, status, status_reason, payment_operation_id')}
         as facts
     from orders`,
  );
  const [payments] = await rowsIn(
    sources,
    'billing',
    `select ${sumOf(`order_id, customer_id, amount,
         case decision when 'captured' then 'Paid' else 'Cancelled' end,
         case decision when 'declined' then 'insufficient-funds' when 'voided' then 'voided' end,
         operation_id`)} as facts,
       (select coalesce(sum(amount), 0) from operations where type = 'top_up')
         - (select coalesce(sum(amount), 0) from payments where decision = 'captured')
         - (select coalesce(sum(balance), 0) from wallets) as missing
     from payments`,
  );
  const faults = await rowsIn(sources, 'billing', `${LEDGER_VIOLATIONS} limit ${LISTED_MAX}`);
  return found([
    orders?.pending !== '0' && `${orders?.pending} orders are still Pending`,
    orders?.facts !== payments?.facts &&
      `orders (${orders?.facts}) and decisions (${payments?.facts}) differ`,
    ...faults.map(({ fault, place }) => `ledger: ${fault} ${place}`),
    payments?.missing !== '0' && `the wallets hold ${payments?.missing} too little`,
  ]);
}

/** I5 and I6: an event for each order, a letter for each event. */
export async function letterViolations(sources: OracleSources): Promise<string[]> {
  const [orders] = await rowsIn(
    sources,
    'orders',
    `select ${sumOf(`event_id, id, customer_id, total_amount,
         case status when 'Paid' then 'happiness' else 'grief' end`)} as facts
     from orders`,
  );
  const [outbox] = await rowsIn(
    sources,
    'orders',
    `select count(*) filter (where published_at is null) as waiting,
       count(*) filter (where orders.id is null) as strange
     from outbox left join orders on orders.event_id = outbox.id
       and orders.id::text = outbox.aggregateid and outbox.payload->>'status' = orders.status`,
  );
  const [letters] = await rowsIn(
    sources,
    'notifications',
    `select ${sumOf('id, order_id, customer_id, total_amount, kind')} as facts,
       (select count(*) from dead_letters) as dead
     from letters`,
  );
  return found([
    outbox?.waiting !== '0' && `${outbox?.waiting} events are not published`,
    outbox?.strange !== '0' && `${outbox?.strange} events are of no order`,
    orders?.facts !== letters?.facts &&
      `orders (${orders?.facts}) and letters (${letters?.facts}) differ`,
    letters?.dead !== '0' && `${letters?.dead} dead letters`,
  ]);
}

const rowsIn = (
  { databaseUrl }: Pick<OracleSources, 'databaseUrl'>,
  database: string,
  sql: string,
  values?: unknown[],
) => queryRows(databaseUrl(database), sql, values);

/** I6: every letter was sent, and a mail came for each, except for those of past orders. */
export async function mailViolations(
  sources: Pick<OracleSources, 'databaseUrl'>,
  mailboxFile: string,
): Promise<string[]> {
  const rows = await rowsIn(
    sources,
    'notifications',
    'select id, state, unknown_outcomes from letters where order_id > $1',
    [LAST_PAST_ID],
  );
  const unsent = rows.filter(({ state }) => state !== 'sent');
  const expected = new Map(rows.map((row) => [String(row.id), Number(row.unknown_outcomes)]));
  const received = new Map<string, number>();
  for (const messageId of listMessageIds(mailboxFile)) {
    const id = messageId.replace(/^<|@.*$/g, '');
    received.set(id, (received.get(id) ?? 0) + 1);
  }
  const wrong: Record<string, string[]> = {
    'letters are not sent': unsent.map(({ id }) => String(id)),
    'letters without a mail': [...expected.keys()].filter((id) => !received.has(id)),
    'mails of no letter': [...received.keys()].filter((id) => !expected.has(id)),
    'mails that came too often': [...received]
      .filter(([id, copies]) => copies - 1 > (expected.get(id) ?? 0))
      .map(([id]) => id),
  };
  return Object.entries(wrong).flatMap(([what, ids]) => limited(what, ids));
}

/** No answer is contradicted by how its order ended. */
export async function answerViolations(
  { databaseUrl }: OracleSources,
  answers: OrderAnswer[],
): Promise<string[]> {
  const rows = await queryRows(
    databaseUrl('orders'),
    'select customer_id, idempotency_key, id, status from orders where id > $1',
    [LAST_PAST_ID],
  );
  const orders = new Map(
    rows.map((row) => [`${row.customer_id} ${row.idempotency_key}`, row] as const),
  );
  const wrong = answers.filter(({ customerId, key, status, orderId, orderStatus }) => {
    const order = orders.get(`${customerId} ${key}`);
    if (status !== 201 && status !== 406) return orderId !== undefined && order?.id !== orderId;
    const end = status === 201 ? 'Paid' : 'Cancelled';
    return order?.id !== orderId || order?.status !== end || orderStatus !== end;
  });
  return limited(
    'answers are contradicted',
    wrong.map((answer) => JSON.stringify(answer)),
  );
}

/** Some thousands of the same are no better than a few. */
function limited(what: string, all: string[]): string[] {
  if (all.length === 0) return [];
  return [`${all.length} ${what}, such as ${all.slice(0, LISTED_MAX).join(', ')}`];
}
