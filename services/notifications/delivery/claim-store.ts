import type { Queryable } from '#platform/postgres/database.ts';
import {
  CLAIMED_COLUMNS,
  type ClaimedLetter,
  claimedLetterOf,
  type LetterClaim,
} from '../letter/claimed-letter.ts';

// Several times `CLAIM_MAX`, so that letters become ready faster than they are sent.
const MADE_READY_MAX = 256;

/**
 * Marks due letters ready for their turn: those whose next attempt is due, and those whose holder let
 * the lease run out. The longest due first.
 * @returns false when there may be more
 */
export async function makeReady(db: Queryable): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'make-letters-ready',
    text: `with due as (
        select id from letters
        where state in ('queued', 'sending', 'committing') and not ready and due_at <= now()
        order by due_at limit $1 for update skip locked
      )
      update letters set ready = true from due where letters.id = due.id`,
    values: [MADE_READY_MAX],
  });
  return rowCount !== MADE_READY_MAX;
}

/** Most letters of one claim. */
export const CLAIM_MAX = 64;

const WAITS_FOR_TURN = `ready and state in ('queued', 'sending', 'committing')`;
// All of them are due, except those that an older version leased: it knew no `ready`.
const READY = `${WAITS_FOR_TURN} and due_at <= now()`;
// As the index `letters_in_turn` words it, so that the planner takes no other index.
const IN_TURN = `(${WAITS_FOR_TURN}) is true and due_at <= now()`;

// The state in which the last holder left the letter. The marker leaves it `sending`.
const LEFT_IN = `case when state = 'sending' and marked_attempt = attempt_count then 'committing'
    else state end as state`;

/**
 * Claims ready letters: an equal share for each customer, the oldest of each first. The oldest of
 * all fill the rest. A letter whose holder had stored the marker may have arrived, and its marker
 * counted that; one left in `committing` by an older version is counted here.
 *
 * It steps from customer to customer by an index, so its cost does not grow with the backlog. Limits
 * are literals: with a parameter the planner sorts the whole table.
 * @param claim `except` are letters that the caller is still sending; the turn continues after the
 *   customer `after`, '' for the first
 * @returns the letters, and the customer after whom the turn continues
 */
export async function claimLetters(
  db: Queryable,
  claim: LetterClaim & { limit: number; except: string[]; after: string },
): Promise<{ letters: ClaimedLetter[]; after: string }> {
  const { rows } = await db.query({
    name: 'claim-letters',
    text: `with recursive turn (customer_id, number) as (
        (select customer_id, 1 from letters where ${IN_TURN} and customer_id > $5
          order by customer_id limit 1)
        union all
        select (select customer_id from letters where ${IN_TURN} and customer_id > turn.customer_id
          order by customer_id limit 1), number + 1
        from turn where customer_id is not null and number < $3::int
      ), customers as materialized (
        select customer_id from turn where customer_id is not null
      ), share as materialized (
        select letter.id, letter.state from customers, lateral (
          select id, state from (
            select id, ${LEFT_IN} from letters
            where ${IN_TURN} and customer_id = customers.customer_id and id <> all($4::uuid[])
            order by due_at limit ${CLAIM_MAX} for update skip locked
          ) oldest limit (select $3::int / count(*) from customers)
        ) letter
      ), rest as materialized (
        select id, state from (
          select id, ${LEFT_IN} from letters
          where ${READY} and id <> all($4::uuid[]) and id not in (select id from share)
          order by due_at limit ${CLAIM_MAX} for update skip locked
        ) oldest limit $3::int - (select count(*) from share)
      ), due as (
        select * from share union all select * from rest
      )
      update letters set state = 'sending', token = $1, ready = false,
        due_at = now() + $2 * interval '1 millisecond',
        attempt_count = attempt_count + 1,
        unknown_outcomes = unknown_outcomes + (letters.state = 'committing')::int
      from due where letters.id = due.id
      returning ${CLAIMED_COLUMNS}, due.state as previous_state,
        (select case count(*) when $3::int then max(customer_id) end from customers) as after`,
    values: [claim.token, claim.leaseMs, claim.limit, claim.except, claim.after],
  });
  // Fewer customers than asked for: the last of them had its turn, and the first is next.
  return { letters: rows.map(claimedLetterOf), after: rows[0]?.after ?? '' };
}
