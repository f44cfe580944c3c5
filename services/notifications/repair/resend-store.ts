import type { Resend } from '#contracts/notifications.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { firstUuidAgo } from '#platform/values/uuid.ts';
import type { ChangedLetter } from './acknowledgement-store.ts';

// `trying_since` is read after the lock: an acknowledgement that was stored meanwhile is older, and
// counts no more, though this statement does not see it.
const QUEUED_AGAIN = `state = 'queued', due_at = now(), ready = true,
  trying_since = clock_timestamp(), waits_for = null, token = null, recipient = null,
  recipient_name = null, locale = null, details = null, erased_at = null`;

// Of the letters in the table expression `again`: who resends one takes the acknowledgement back.
const FORGOTTEN = `forgotten as (
    delete from letter_acknowledgements using again where letter_id = again.id
  )`;

/**
 * The operator's resend: the letter is due now, with current contact data and a full new period of
 * attempts. A letter that is being sent or was sent does not change.
 * @returns what it was before; null when it did not change
 */
export async function queueAgain(
  tx: Queryable,
  id: string,
): Promise<(ChangedLetter & { state: 'queued' | 'failed' }) | null> {
  const { rows } = await tx.query(
    `with again as (
        select id, state from letters where id = $1 and state in ('queued', 'failed') for update
      ), ${FORGOTTEN}
      update letters set ${QUEUED_AGAIN} from again where letters.id = again.id
      returning again.id, again.state, order_id, customer_id`,
    [id],
  );
  return rows[0] ?? null;
}

/**
 * Resends those of the letters that failed. Skips letters that another resend locks: waiting for
 * them while holding others could deadlock.
 * @returns those that became due
 */
export async function queueFailedAgain(db: Queryable, ids: string[]): Promise<ChangedLetter[]> {
  const { rows } = await db.query<ChangedLetter>(
    `with again as (
        select id from letters where id = any($1::uuid[]) and (state = 'failed') is true
        for update skip locked
      ), ${FORGOTTEN}
      update letters set ${QUEUED_AGAIN} from again where letters.id = again.id
      returning letters.id, order_id, customer_id`,
    [ids],
  );
  return rows;
}

// A customer with very many letters must not make a change of the address slow.
const EXAMINED_MAX = 5_000;

/** Letters of a customer that failed within some days and are not erased, newest first. */
export async function listFailedOf(
  db: Queryable,
  { customerId, days, limit }: { customerId: string; days: number; limit: number },
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from (
        select id, state, erased_at from letters
        where customer_id = $1 and id >= ${firstUuidAgo('$2::float8 * 86400')}
        order by id desc limit ${EXAMINED_MAX}
      ) as latest where state = 'failed' and erased_at is null order by id desc limit $3`,
    [customerId, days, limit],
  );
  return rows.map(({ id }) => id);
}

const RESENDS_SHOWN_MAX = 50;

/** The latest resends of a letter by operators and its customer, oldest first. */
export async function listResends(db: Queryable, letterId: string): Promise<Required<Resend>[]> {
  const { rows } = await db.query<{ at: Date; action: string; actor: string | null }>(
    `select at, action, actor from audit_trail
      where subject_ids @> array[$1] and action in ('resend-letter', 'retry-letters')
      order by id desc limit ${RESENDS_SHOWN_MAX}`,
    [letterId],
  );
  return rows.reverse().map(({ at, action, actor }) => ({
    at: at.toISOString(),
    by: action === 'resend-letter' ? 'operator' : 'customer',
    actor,
  }));
}

// A trace is looked for shortly after its request.
const TRACED_EXAMINED_MAX = 5_000;
const TRACED_MAX = 10;

/** Letters with an attempt of this trace, among the attempts at the latest letters; newest first. */
export async function listTraced(db: Queryable, traceId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select distinct letter_id as id from (
        select letter_id, trace_id from letter_attempts
        order by letter_id desc, number desc limit ${TRACED_EXAMINED_MAX}
      ) as latest where trace_id = $1 order by id desc limit ${TRACED_MAX}`,
    [traceId],
  );
  return rows.map(({ id }) => id);
}
