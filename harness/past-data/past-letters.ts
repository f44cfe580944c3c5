import { ORDER_UPDATE_TYPE, ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { queryRows } from '../database.ts';
import { PAST_PAYLOAD, type Past, pastRows } from './past-orders.ts';

/**
 * SQL of the past orders' outbox rows, where $1 are the customers.
 * @param published false leaves them for the relay; otherwise $2 is the topic's id
 */
export function eventsStatement(past: Past, published: boolean): string {
  const marks = published
    ? `now() - interval '1 day', $2, partition, "offset"`
    : 'null, null, null, null';
  return `insert into outbox (id, aggregatetype, aggregateid, type, payload, traceparent,
      created_at, attempts, published_at, topic_id, partition, "offset")
    select event_id, 'order', order_id, '${ORDER_UPDATE_TYPE}', ${PAST_PAYLOAD},
      '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      now() - interval '1 day', ${published ? 1 : 0}, ${marks}
    from ${pastRows(past)} order by n`;
}

/** The events of past orders as they are when their letters have been sent: in every table. */
export async function insertSentLetters(
  databaseUrl: (name: string) => string,
  past: Past,
): Promise<void> {
  const { customerIds } = past;
  const [topic] = await queryRows(
    databaseUrl('broker'),
    'select id, number from topics where name = $1',
    [ORDERS_TOPIC],
  );
  await queryRows(databaseUrl('orders'), eventsStatement(past, true), [customerIds, topic?.id]);
  await queryRows(
    databaseUrl('broker'),
    `insert into messages (topic, partition, "offset", key, value, headers, stored_at)
     select $2, partition, "offset", order_id::text::bytea, ${PAST_PAYLOAD}::text::bytea,
       json_build_array(
         json_build_array('ce_id', encode(event_id::text::bytea, 'base64')),
         json_build_array('ce_type', encode('${ORDER_UPDATE_TYPE}'::bytea, 'base64')),
         json_build_array('ce_subject', encode(order_id::text::bytea, 'base64'))),
       now() - interval '1 day'
     from ${pastRows(past)} order by n`,
    [customerIds, topic?.number],
  );
  await insertLetters(databaseUrl('notifications'), past);
}

/** The sent letters alone, as they are when their events have been deleted. */
export async function insertLetters(url: string, past: Past): Promise<void> {
  await queryRows(
    url,
    `with letter as (
       insert into letters (id, order_id, customer_id, kind, total_amount, currency, occurred_at,
         template_version, recipient, recipient_name, locale, state, due_at, attempt_count,
         smtp_response, sent_at, partition, "offset", created_at)
       select event_id, order_id, customer_id, 'happiness', 100, 'RUB', now() - interval '1 day',
         1, customer_id || '@example.com', 'Анна', 'ru', 'sent', now() - interval '1 day', 1,
         '250 2.0.0 kept in the mailbox', now() - interval '1 day', partition, "offset",
         now() - interval '1 day'
       from ${pastRows(past)} order by n returning id)
     insert into letter_attempts (letter_id, number, started_at, duration_ms, outcome, response)
     select id, 1, now() - interval '1 day', 5, 'sent', '250 2.0.0 kept in the mailbox' from letter`,
    [past.customerIds],
  );
}

/** Analyses the tables, as autovacuum would have done by then. */
export async function analyse(
  databaseUrl: (name: string) => string,
  databases: string[],
): Promise<void> {
  for (const name of databases) await queryRows(databaseUrl(name), 'vacuum (analyze)');
}
