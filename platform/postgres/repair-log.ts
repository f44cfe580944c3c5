import { randomUUIDv7 } from 'node:crypto';
import type { Queryable } from './database.ts';

/** A step of a repair, to be recorded in the transaction of its change. */
export interface RepairRow {
  step: string;
  /** Id of the repaired record. */
  subject: string;
  /** Further data, as JSON. */
  detail: Record<string, unknown>;
  reason: string;
  madeBy: string;
}

export interface StoredRepair extends RepairRow {
  /** UUIDv7: ids sort by time, also across services. */
  id: string;
  createdAt: Date;
}

/**
 * Records a step in the table `repairs` of the service.
 * @returns false when a step that may exist only once per record is recorded already
 */
export async function insertRepair(tx: Queryable, repair: RepairRow): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into repairs (id, step, subject, detail, reason, made_by)
      values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [
      randomUUIDv7(),
      repair.step,
      repair.subject,
      JSON.stringify(repair.detail),
      repair.reason,
      repair.madeBy,
    ],
  );
  return rowCount === 1;
}

/** Repairs older than a given one, newest first. */
export async function listRepairs(
  db: Queryable,
  { before, limit }: { before: string | null; limit: number },
): Promise<StoredRepair[]> {
  const { rows } = await db.query(
    `select id, step, subject, detail, reason, made_by, created_at from repairs
      where id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      order by id desc limit $2`,
    [before, limit],
  );
  return rows.map((row) => ({
    id: row.id,
    step: row.step,
    subject: row.subject,
    detail: row.detail,
    reason: row.reason,
    madeBy: row.made_by,
    createdAt: row.created_at,
  }));
}
