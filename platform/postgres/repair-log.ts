import { randomUUIDv7 } from 'node:crypto';
import { maskAddresses } from '../values/mask-addresses.ts';
import { type AuditState, recordAudit } from './audit-trail.ts';
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
  /** For the audit trail: all ids of the step, and what it changes. */
  audit: { subject: Record<string, string>; before?: AuditState; after?: AuditState };
}

/** A recorded step. Its id is a UUIDv7: ids sort by time, also across services. */
export interface StoredRepair<Step> extends Omit<RepairRow, 'step' | 'audit'> {
  id: string;
  step: Step;
  /** RFC 3339. */
  at: string;
}

/**
 * Records a step in the table `repairs` of the service, and in its audit trail. `tx` is a transaction.
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
      maskAddresses(repair.reason),
      repair.madeBy,
    ],
  );
  if (rowCount !== 1) return false;
  const { step, reason, madeBy: actor, audit } = repair;
  await recordAudit(tx, { actor, action: `repair-${step}`, reason, ...audit });
  return true;
}

/** Repairs older than a given one, newest first. */
export async function listRepairs<Step extends string>(
  db: Queryable,
  { before = null, limit }: { before?: string | null; limit: number },
): Promise<StoredRepair<Step>[]> {
  const { rows } = await db.query<Omit<StoredRepair<Step>, 'at'> & { at: Date }>(
    `select id, step, subject, detail, reason, made_by as "madeBy", created_at as at from repairs
      where id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      order by id desc limit $2`,
    [before, limit],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
