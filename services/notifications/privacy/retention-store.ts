import type { Queryable } from '#platform/postgres/database.ts';
import { firstUuidAgo } from '#platform/values/uuid.ts';

/** Most rows of one statement, so that none hits the statement time-out or holds many locks. */
export const BATCH = 500;

// Ids are UUIDv7 of the event's moment, so the lowest ids are the oldest. Limits are literals: with a
// parameter the planner sorts the whole table.
const AGO = firstUuidAgo('$1::float8 * 86400');

/** Takes addresses and names from letters that ended and are older than this. The row stays. */
export async function eraseOldLetters(db: Queryable, days: number): Promise<number> {
  const { rowCount } = await db.query(
    `with old as (
        select id from letters
        where id < ${AGO} and (state in ('sent', 'failed') and erased_at is null) is true
          and coalesce(sent_at, due_at) < now() - $1::float8 * interval '1 day'
        order by id limit ${BATCH} for update skip locked
      )
      update letters set recipient = null, recipient_name = null, locale = null, details = null,
        smtp_response = null, failure = null, erased_at = now()
      from old where letters.id = old.id`,
    [days],
  );
  return rowCount ?? 0;
}

/**
 * Deletes the rows of letters that have no texts any more and are older than this, and notes up to
 * which id, so that the reconciliation does not take them for lost.
 */
export async function deleteOldRows(db: Queryable, days: number): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `with old as (
        select id from letters
        where id < ${AGO} and erased_at is not null and state in ('sent', 'failed')
          and created_at < now() - $1::float8 * interval '1 day'
        order by id limit ${BATCH} for update skip locked
      ), deleted as (
        delete from letters using old where letters.id = old.id returning letters.id
      ), forgotten as (
        delete from letter_acknowledgements using deleted where letter_id = deleted.id
      ), noted as (
        insert into inbox_retention (deleted_through)
        select id from deleted order by id desc limit 1
        on conflict (only_row) do update set deleted_through =
          greatest(inbox_retention.deleted_through, excluded.deleted_through)
      )
      select count(*)::int as count from deleted`,
    [days],
  );
  return rows[0]?.count ?? 0;
}

/** Letters up to this id may have been deleted; null where none was. */
export async function findDeletedThrough(db: Queryable): Promise<string | null> {
  const { rows } = await db.query<{ id: string }>(
    'select deleted_through as id from inbox_retention',
  );
  return rows[0]?.id ?? null;
}

/** Deletes letters about accounts that ended and are older than this. */
export async function deleteOldAccountLetters(db: Queryable, days: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from account_letters where id in (
        select id from account_letters
        where created_at <= now() - $1::float8 * interval '1 day' and state in ('sent', 'failed')
        order by created_at limit ${BATCH} for update skip locked)`,
    [days],
  );
  return rowCount ?? 0;
}

/** Deletes attempts at letters that ended and are older than this. */
export async function deleteOldAttempts(db: Queryable, days: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from letter_attempts using (
        select letter_id, number from letter_attempts as a
        where letter_id < ${AGO} and started_at < now() - $1::float8 * interval '1 day'
          and not exists (
            select from letters where letters.id = a.letter_id and state not in ('sent', 'failed'))
        order by letter_id, number limit ${BATCH} for update skip locked
      ) as old
      where letter_attempts.letter_id = old.letter_id and letter_attempts.number = old.number`,
    [days],
  );
  return rowCount ?? 0;
}
