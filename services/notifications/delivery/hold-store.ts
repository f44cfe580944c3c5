import type { Queryable } from '#platform/postgres/database.ts';

/** Why a letter that waits for the confirmation is late. */
export const WAITS_FOR_CONFIRMATION =
  'waits for the confirmation of the address; an unconfirmed one gets three letters an hour';

/**
 * Puts claimed letters back until the customer confirms the address, as if they had not been
 * claimed. They become due at the end of their day, so waiting costs no claim. Fenced by the token.
 */
export async function holdLetters(
  db: Queryable,
  hold: { token: string; ids: string[]; giveUpAfterMs: number },
): Promise<void> {
  await db.query({
    name: 'hold-letters',
    text: `update letters
      set state = 'queued', token = null, ready = false, waits_for = 'confirmation', failure = $4,
        due_at = trying_since + $3::float8 * interval '1 millisecond',
        attempt_count = attempt_count - 1
      where id = any($2::uuid[]) and (token = $1 and state = 'sending') is true`,
    values: [hold.token, hold.ids, hold.giveUpAfterMs, WAITS_FOR_CONFIRMATION],
  });
}

// As the index `letters_waiting_for` words it.
const WAITING = `waits_for is not null and state = 'queued'`;

/**
 * Customers with letters that wait for their confirmation, in the order of their ids after this one.
 * It steps from customer to customer by an index, however many letters each has.
 */
export async function listWaitingCustomers(
  db: Queryable,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  const { rows } = await db.query<{ customer_id: string }>({
    name: 'list-waiting-customers',
    text: `with recursive customer (customer_id, number) as (
        (select customer_id, 1 from letters where ${WAITING} and customer_id > $1
          order by customer_id limit 1)
        union all
        select (select customer_id from letters
            where ${WAITING} and customer_id > customer.customer_id
            order by customer_id limit 1), number + 1
        from customer where customer_id is not null and number < $2::int
      )
      select customer_id from customer where customer_id is not null`,
    values: [after, limit],
  });
  return rows.map(({ customer_id }) => customer_id);
}

/** Makes letters of these customers due that wait for the confirmation, the oldest first. */
export async function releaseLetters(
  db: Queryable,
  { customerIds, limit }: { customerIds: string[]; limit: number },
): Promise<number> {
  const { rowCount } = await db.query({
    name: 'release-letters',
    text: `with released as (
        select id from letters where ${WAITING} and customer_id = any($1::text[])
        order by customer_id, id limit $2 for update skip locked
      )
      update letters set due_at = now(), ready = true, waits_for = null, failure = null
      from released where letters.id = released.id`,
    values: [customerIds, limit],
  });
  return rowCount ?? 0;
}
