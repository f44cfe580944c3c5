import type { Queryable } from '#platform/postgres/database.ts';

/** An acknowledgement is of the failure that it saw: after a resend it does not count. */
export const COUNTS = 'acknowledged_at >= letters.trying_since';

/** SQL of whether a failed letter is acknowledged. */
export const ACKNOWLEDGED = `exists (
    select from letter_acknowledgements where letter_id = letters.id and ${COUNTS})`;

/** SQL of the letters that wait for an operator. An erased one cannot be sent to anybody. */
export const NEEDS_OPERATOR = `state = 'failed' and erased_at is null and not ${ACKNOWLEDGED}`;

/** A letter whose state an operator or its customer changed. */
export interface ChangedLetter {
  id: string;
  order_id: string;
  customer_id: string;
}

/**
 * Acknowledges those of the letters that failed. Skips letters that another action locks: waiting
 * for them while holding others could deadlock. The lock keeps a resend from passing unseen.
 * @returns those that were not acknowledged before
 */
export async function acknowledgeFailed(
  tx: Queryable,
  { ids, actor, reason }: { ids: string[]; actor: string; reason: string },
): Promise<ChangedLetter[]> {
  const { rows } = await tx.query<ChangedLetter>(
    `with failed as (
        select id, order_id, customer_id, trying_since from letters
        where id = any($1::uuid[]) and (state = 'failed') is true and not ${ACKNOWLEDGED}
        for update skip locked
      ), stored as (
        insert into letter_acknowledgements as known (letter_id, actor, reason)
        select id, $2, $3 from failed
        on conflict (letter_id) do update set actor = excluded.actor, reason = excluded.reason,
          acknowledged_at = excluded.acknowledged_at
        where known.acknowledged_at <
          (select trying_since from failed where failed.id = known.letter_id)
        returning letter_id
      )
      select id, order_id, customer_id from failed where id in (select letter_id from stored)`,
    [ids, actor, reason],
  );
  return rows;
}

/**
 * Failed letters that wait for an operator, counted up to `max` among the latest failed ones: of
 * more than `max` the count may be too low.
 */
export async function countUnacknowledged(db: Queryable, max: number): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'count-unacknowledged',
    text: `select count(*)::int from (
        select id, state, erased_at, trying_since from letters
        where state = 'failed' order by id desc limit $1
      ) as letters where ${NEEDS_OPERATOR}`,
    values: [max],
  });
  return rows[0]?.count ?? 0;
}
