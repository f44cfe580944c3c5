import type { Queryable } from '#platform/postgres/database.ts';

const QUEUED_AGAIN = `state = 'queued', due_at = now(), ready = true, trying_since = now(),
  token = null, recipient = null, recipient_name = null, locale = null`;

/**
 * The operator's resend: due now, with the contact data of today and a new time of trying. A letter
 * that is being sent, or was sent, stays as it is.
 * @returns false when it stayed
 */
export async function queueAgain(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update letters set ${QUEUED_AGAIN}
      where id = $1 and state in ('queued', 'failed')`,
    [id],
  );
  return rowCount === 1;
}

/**
 * The same for these letters, as far as they failed. It skips letters that another resend locks: waiting for them while holding others could deadlock.
 * @returns how many became due
 */
export async function queueFailedAgain(db: Queryable, ids: string[]): Promise<number> {
  const { rowCount } = await db.query(
    `with again as (
        select id from letters where id = any($1::uuid[]) and (state = 'failed') is true
        for update skip locked
      )
      update letters set ${QUEUED_AGAIN} from again where letters.id = again.id`,
    [ids],
  );
  return rowCount ?? 0;
}
