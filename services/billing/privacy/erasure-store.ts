import type { Queryable } from '#platform/postgres/database.ts';

const PAGE = 500;

/** The parts of an operation that people wrote. */
export interface OperationTexts {
  id: string;
  number: string;
  type: string;
  idempotencyKey: string | null;
  reason: string | null;
}

/** A page of a wallet's operations by their numbers, and the last number where there are more. */
export async function listTexts(
  db: Queryable,
  customerId: string,
  after: string,
): Promise<{ texts: OperationTexts[]; last: string | null }> {
  const { rows } = await db.query<OperationTexts>(
    `select id, number, type, idempotency_key as "idempotencyKey", reason from operations
      where customer_id = $1 and number > $2 order by number limit ${PAGE}`,
    [customerId, after],
  );
  return { texts: rows, last: rows.length < PAGE ? null : (rows.at(-1)?.number ?? null) };
}

/** Replaces keys and reasons. Money, numbers, ids and dates stay. */
export async function replaceTexts(
  db: Queryable,
  texts: Pick<OperationTexts, 'id' | 'idempotencyKey' | 'reason'>[],
): Promise<void> {
  await db.query(
    `update operations set idempotency_key = text.key, reason = text.reason
      from unnest($1::uuid[], $2::text[], $3::text[]) as text (id, key, reason)
      where operations.id = text.id`,
    [
      texts.map(({ id }) => id),
      texts.map(({ idempotencyKey }) => idempotencyKey),
      texts.map(({ reason }) => reason),
    ],
  );
}
