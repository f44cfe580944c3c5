import { RECENT_MAX, type StoredErasure, type Trace, type WaitsFor } from '#contracts/erasure.ts';
import type { Queryable } from '#platform/postgres/database.ts';

interface ErasureRow extends Omit<StoredErasure, 'requestedAt' | 'doneAt'> {
  requestedAt: Date;
  doneAt: Date | null;
}

const COLUMNS = `customer_id as "customerId", requested_at as "requestedAt",
  requested_by as "requestedBy", reason, waits_for as "waitsFor", done_at as "doneAt"`;

/**
 * Records a request, unless there is an earlier one of the same customer. Keeps the addresses that the
 * customer tried to confirm: no letter about an order names them.
 * @returns whether it did
 */
export async function insertErasure(
  db: Queryable,
  erasure: Pick<StoredErasure, 'customerId' | 'requestedBy' | 'reason'>,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into erasures (customer_id, requested_by, reason, traces)
      select $1, $2, $3, coalesce(
        jsonb_agg(distinct jsonb_build_object('kind', 'address', 'text', email)), '[]')
      from confirmation_tokens where customer_id = $1
      on conflict do nothing`,
    [erasure.customerId, erasure.requestedBy, erasure.reason],
  );
  return rowCount === 1;
}

export async function findErasure(
  db: Queryable,
  customerId: string,
): Promise<StoredErasure | null> {
  const { rows } = await db.query<ErasureRow>(
    `select ${COLUMNS} from erasures where customer_id = $1`,
    [customerId],
  );
  const row = rows[0];
  if (row === undefined) return null;
  const { requestedAt, doneAt } = row;
  return {
    ...row,
    requestedAt: requestedAt.toISOString(),
    doneAt: doneAt?.toISOString() ?? null,
  };
}

const CLAIMED_MAX = 10;

/** Leases erasures that are not done, so that no other gateway works on them meanwhile. */
export async function claimErasures(
  db: Queryable,
  { olderThanMs, leaseMs }: { olderThanMs: number; leaseMs: number },
): Promise<{ customerId: string; traces: Trace[] }[]> {
  const { rows } = await db.query<{ customerId: string; traces: Trace[] }>(
    `with due as (
        select customer_id from erasures
        where done_at is null and (leased_until is null or leased_until <= now())
          and requested_at <= now() - $1 * interval '1 millisecond'
        order by leased_until nulls first, requested_at limit ${CLAIMED_MAX}
        for update skip locked
      )
      update erasures set leased_until = now() + $2 * interval '1 millisecond'
      from due where erasures.customer_id = due.customer_id
      returning erasures.customer_id as "customerId", traces`,
    [olderThanMs, leaseMs],
  );
  return rows;
}

/** Keeps the progress of an erasure. One that is done stays as it is. */
export async function noteErasure(
  db: Queryable,
  customerId: string,
  note: { leaseMs: number; traces?: Trace[]; waitsFor?: WaitsFor | null },
): Promise<void> {
  await db.query(
    `update erasures set leased_until = now() + $2 * interval '1 millisecond',
        waits_for = case when $3 then $4 else waits_for end,
        traces = (select coalesce(jsonb_agg(distinct trace), '[]')
          from jsonb_array_elements(traces || $5::jsonb) as trace)
      where customer_id = $1 and done_at is null`,
    [
      customerId,
      note.leaseMs,
      note.waitsFor !== undefined,
      note.waitsFor ?? null,
      JSON.stringify(note.traces ?? []),
    ],
  );
}

/** Ends an erasure: the profile goes, and with it what the request knew of the customer. */
export async function finishErasure(
  tx: Queryable,
  customerId: string,
  reason: string | null,
): Promise<void> {
  await tx.query('delete from profiles where customer_id = $1', [customerId]);
  await tx.query('delete from confirmation_tokens where customer_id = $1', [customerId]);
  await tx.query(
    `update erasures set traces = '[]', reason = $2, waits_for = null, done_at = now()
      where customer_id = $1 and done_at is null`,
    [customerId, reason],
  );
}

/** Customers whose erasure was requested within a day, newest first. */
export async function listRecentErasures(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ customer_id: string }>(
    `select customer_id from erasures where requested_at > now() - interval '1 day'
      order by requested_at desc limit ${RECENT_MAX}`,
  );
  return rows.map((row) => row.customer_id);
}
