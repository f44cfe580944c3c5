import type { Queryable } from '#platform/postgres/database.ts';
import type { LetterFacts, LetterKind } from '../letter/template.ts';
import { type Recipient, recipientOf } from './letter-store.ts';

/** A letter that this process holds the token of. */
export interface ClaimedLetter {
  id: string;
  orderId: string;
  customerId: string;
  kind: LetterKind;
  total: { amount: number; currency: string };
  reason: LetterFacts['reason'];
  occurredAt: Date;
  createdAt: Date;
  /** When trying began, anew with the operator's resend. */
  tryingSince: Date;
  /** Number of this attempt, from 1. */
  attempt: number;
  /** Set when an earlier attempt may have arrived: the same letter must go again. */
  lockedRecipient: Recipient | null;
  /** The state in which the last holder left it. */
  previousState: 'queued' | 'sending' | 'committing';
}

// Some times what one claim takes, so that due letters become ready faster than they are sent.
const MADE_READY_MAX = 256;

/**
 * Marks due letters ready for their turn: those whose next try has come, and those whose holder let
 * the lease run out. The longest due first, as many as one claim needs several times over.
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
// The time holds for all of them but those that an older version leased, which knew no `ready`.
const READY = `${WAITS_FOR_TURN} and due_at <= now()`;
// In the words of the index `letters_in_turn`, so that no other index answers.
const IN_TURN = `(${WAITS_FOR_TURN}) is true and due_at <= now()`;

/**
 * Takes ready letters, an equal share of each customer who has some, the oldest of each first; what
 * that leaves free goes to the oldest of all. One left in `committing` may have arrived: sending
 * it again is counted.
 *
 * It steps from customer to customer by an index, so its cost does not grow with what waits. The
 * limits in figures are for the planner: to one that it does not know it prefers a sort of all.
 * @param claim `except` are letters that the caller is still sending; `after` is the customer after
 *   whom the turn goes on, '' for the first
 * @returns the letters, and where the turn goes on
 */
export async function claimLetters(
  db: Queryable,
  claim: { token: string; leaseMs: number; limit: number; except: string[]; after: string },
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
            select id, state from letters
            where ${IN_TURN} and customer_id = customers.customer_id and id <> all($4::uuid[])
            order by due_at limit ${CLAIM_MAX} for update skip locked
          ) oldest limit (select $3::int / count(*) from customers)
        ) letter
      ), rest as materialized (
        select id, state from (
          select id, state from letters
          where ${READY} and id <> all($4::uuid[]) and id not in (select id from share)
          order by due_at limit ${CLAIM_MAX} for update skip locked
        ) oldest limit $3::int - (select count(*) from share)
      ), due as (
        select * from share union all select * from rest
      )
      update letters set state = 'sending', token = $1, ready = false,
        due_at = now() + $2 * interval '1 millisecond',
        attempt_count = attempt_count + 1,
        unknown_outcomes = unknown_outcomes + (due.state = 'committing')::int
      from due where letters.id = due.id
      returning letters.id, order_id, customer_id, kind, total_amount, currency, reason, occurred_at,
        created_at, trying_since, attempt_count, unknown_outcomes, recipient, recipient_name, locale,
        due.state as previous_state,
        (select case count(*) when $3::int then max(customer_id) end from customers) as after`,
    values: [claim.token, claim.leaseMs, claim.limit, claim.except, claim.after],
  });
  const letters = rows.map((row) => ({
    id: row.id,
    orderId: row.order_id,
    customerId: row.customer_id,
    kind: row.kind,
    total: { amount: Number(row.total_amount), currency: row.currency },
    reason: row.reason,
    occurredAt: row.occurred_at,
    createdAt: row.created_at,
    tryingSince: row.trying_since,
    attempt: row.attempt_count,
    lockedRecipient: row.unknown_outcomes > 0 ? recipientOf(row) : null,
    previousState: row.previous_state,
  }));
  // Fewer customers than asked for: the last of them was met, and the turn begins anew.
  return { letters, after: rows[0]?.after ?? '' };
}
