import type { OrderUpdateMessage } from '#contracts/order-update-message.ts';
import type { ConsumedEvent } from '#platform/messaging/consumer/consumer.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { jsonbOf } from '#platform/postgres/jsonb.ts';
import {
  CLAIMED_COLUMNS,
  type ClaimedLetter,
  claimedLetterOf,
  type LetterClaim,
} from '../letter/claimed-letter.ts';
import { TEMPLATE_DEFAULT } from '../letter/template.ts';

/**
 * Makes each order update a letter; one that is there already stays as it is. Invariant I6. The
 * columns with parts of the event are for filters, indexes and older versions.
 * @param templateVersion of new letters
 * @param claim claims the letters in the same statement; without it they are queued
 * @returns the claimed ones, which are those that were not there before
 */
export async function insertLetters(
  db: Queryable,
  letters: ConsumedEvent<OrderUpdateMessage>[],
  claim: LetterClaim | null = null,
  templateVersion = TEMPLATE_DEFAULT,
): Promise<ClaimedLetter[]> {
  const values = [
    templateVersion,
    letters.map((letter) => letter.id),
    letters.map((letter) => jsonbOf(letter.data)),
    letters.map((letter) => letter.partition),
    letters.map((letter) => letter.offset),
    letters.map((letter) => letter.traceparent),
  ];
  if (claim === null) {
    await db.query({ ...INSERT_QUEUED, values });
    return [];
  }
  const { rows } = await db.query({
    ...INSERT_CLAIMED,
    values: [...values, claim.token, claim.leaseMs],
  });
  return rows.map(claimedLetterOf);
}

const COLUMNS = `template_version, id, event, partition, "offset", traceparent,
    order_id, customer_id, kind, total_amount, currency, reason, occurred_at`;

const VALUES = `$1::int, id, event, partition, "offset", traceparent,
    (event ->> 'orderId')::uuid, event ->> 'customerId',
    case event ->> 'status' when 'Paid' then 'happiness' else 'grief' end,
    (event #>> '{total,amount}')::bigint, event #>> '{total,currency}',
    event ->> 'reason', (event ->> 'occurredAt')::timestamptz`;

const FROM = `from unnest($2::uuid[], $3::jsonb[], $4::int[], $5::bigint[], $6::text[])
      as message (id, event, partition, "offset", traceparent)
    on conflict (id) do nothing`;

const INSERT_QUEUED = {
  name: 'insert-letters',
  text: `insert into letters (${COLUMNS}) select ${VALUES} ${FROM}`,
};

const INSERT_CLAIMED = {
  name: 'claim-and-insert-letters',
  text: `insert into letters (${COLUMNS}, state, token, due_at, ready, attempt_count)
    select ${VALUES}, 'sending', $7::uuid, now() + $8 * interval '1 millisecond', false, 1 ${FROM}
    returning ${CLAIMED_COLUMNS}, 'queued' as previous_state`,
};
