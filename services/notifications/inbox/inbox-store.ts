import type { OrderUpdateMessage } from '#contracts/order-update-message.ts';
import type { ConsumedEvent } from '#platform/messaging/consumer/consumer.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { jsonbOf } from '#platform/postgres/jsonb.ts';
import { TEMPLATE_VERSION } from '../letter/template.ts';

/**
 * Makes each order update a letter; one that is there already stays as it is. Invariant I6. The
 * columns with parts of the event are for filters, indexes and older versions.
 */
export async function insertLetters(
  db: Queryable,
  letters: ConsumedEvent<OrderUpdateMessage>[],
): Promise<void> {
  await db.query({
    name: 'insert-letters',
    text: `insert into letters (id, template_version, event, partition, "offset", traceparent,
        order_id, customer_id, kind, total_amount, currency, reason, occurred_at)
      select id, $1::int, event, partition, "offset", traceparent,
        (event ->> 'orderId')::uuid, event ->> 'customerId',
        case event ->> 'status' when 'Paid' then 'happiness' else 'grief' end,
        (event #>> '{total,amount}')::bigint, event #>> '{total,currency}',
        event ->> 'reason', (event ->> 'occurredAt')::timestamptz
      from unnest($2::uuid[], $3::jsonb[], $4::int[], $5::bigint[], $6::text[])
        as message (id, event, partition, "offset", traceparent)
      on conflict (id) do nothing`,
    values: [
      TEMPLATE_VERSION,
      letters.map((letter) => letter.id),
      letters.map((letter) => jsonbOf(letter.data)),
      letters.map((letter) => letter.partition),
      letters.map((letter) => letter.offset),
      letters.map((letter) => letter.traceparent),
    ],
  });
}
