import { randomUUIDv7 } from 'node:crypto';
import { currentPosition } from '../telemetry/tracing.ts';
import { maskAddresses } from '../values/mask-addresses.ts';
import type { Queryable } from './database.ts';
import { pageQuery, takePage } from './page-query.ts';

/** The table of the audit trail, in the database of each service that records actions. */
export const AUDIT_MIGRATIONS = new URL('audit/', import.meta.url);

type Scalar = string | number | boolean | null;

/** States and amounts before or after an action. */
export type AuditState = Record<string, Scalar | { amount: number; currency: string }>;

/** An action, to be recorded in its transaction. It holds no name, no address and no other text. */
export interface AuditEntry {
  /** The operator's customer id; null where the system itself acts. */
  actor: string | null;
  /** Kebab-case, such as `reverse-top-up`. */
  action: string;
  /** Ids of the subject by their kind, such as `orderId`. */
  subject: Record<string, string>;
  /** The operator's reason. Addresses in it are masked. */
  reason?: string | null;
  before?: AuditState | null;
  after?: AuditState | null;
}

export interface StoredAuditEntry extends Required<AuditEntry> {
  /** UUIDv7: ids sort by time, also across services. */
  id: string;
  /** RFC 3339. */
  at: string;
  traceId: string | null;
}

const ACTION = /^[a-z][a-z-]{0,63}$/;
// An id or a word of ours. Names and texts of people have spaces or other letters.
const PLAIN = /^[\x21-\x7e]{1,255}$/;

/** Records an action. `tx` is the transaction of the action. */
export async function recordAudit(tx: Queryable, entry: AuditEntry): Promise<void> {
  await tx.query(INSERT, valuesOf(entry));
}

// One statement; its parameters stay far below the limit of the protocol.
const ENTRIES_MAX = 1_000;

/** Records an action on each of several things, `ENTRIES_MAX` of them at most. */
export async function recordAudits(tx: Queryable, entries: AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  if (entries.length > ENTRIES_MAX) throw new Error(`${entries.length} entries at once`);
  const rows = entries.map(valuesOf);
  const columns = ['id', 'actor', 'action', 'subject', 'ids', 'reason', 'before', 'after', 'trace'];
  const values = rows.map((row) =>
    Object.fromEntries(columns.map((name, at) => [name, row[at] ?? null])),
  );
  await tx.query(
    `insert into audit_trail
        (id, actor, action, subject, subject_ids, reason, before, after, trace_id)
      select id, actor, action, subject::jsonb, ids, reason, before::jsonb, after::jsonb, trace
      from json_to_recordset($1) as entry (id uuid, actor text, action text, subject text,
        ids text[], reason text, before text, after text, trace text)`,
    [JSON.stringify(values)],
  );
}

/**
 * Records that an operator reads personal data, once in ten minutes for the same subject: pages
 * refresh themselves. Await it before the answer, so that nothing is read unrecorded. Calls for
 * customers have no actor, and leave no entry.
 */
export async function recordRead(
  db: Queryable,
  entry: Pick<AuditEntry, 'actor' | 'action' | 'subject'>,
): Promise<void> {
  if (entry.actor === null) return;
  await db.query(`${INSERT} ${UNLESS_JUST_READ}`, valuesOf(entry));
}

const INSERT = `insert into audit_trail
    (id, actor, action, subject, subject_ids, reason, before, after, trace_id)
  select $1::uuid, $2::text, $3::text, $4::jsonb, $5::text[], $6::text, $7::jsonb, $8::jsonb,
    $9::text`;

// By the index of (actor, id): ids begin with their milliseconds.
const UNLESS_JUST_READ = `where not exists (
    select from audit_trail
      where actor = $2 and action = $3 and subject = $4::jsonb and id > (
        lpad(to_hex((extract(epoch from now() - interval '10 minutes') * 1000)::bigint), 12, '0')
          || repeat('0', 20))::uuid)`;

function valuesOf({ actor, action, subject, reason, before, after }: AuditEntry): unknown[] {
  if (!ACTION.test(action)) throw new Error(`an audit trail has no action ${action}`);
  for (const state of [subject, before, after]) checkPlain(action, state ?? {});
  return [
    randomUUIDv7(),
    actor,
    action,
    JSON.stringify(subject),
    Object.values(subject),
    reason == null ? null : maskAddresses(reason),
    before == null ? null : JSON.stringify(before),
    after == null ? null : JSON.stringify(after),
    currentPosition().traceId,
  ];
}

/** @throws Error for a text that may be one of a customer: a defect of the action that records it */
function checkPlain(action: string, state: AuditState): void {
  for (const [name, value] of Object.entries(state)) {
    if (typeof value !== 'string' || PLAIN.test(value)) continue;
    throw new Error(`the audit trail takes ids and words only, no ${name} of ${action}`);
  }
}

type StoredRow = Omit<StoredAuditEntry, 'at'> & { at: Date; found: number };

const SELECT_ENTRIES = `select id, at, actor, action, subject, reason, before, after,
    trace_id as "traceId" from audit_trail`;
// Each of the first three has up to 4 KB.
const ENTRY_BYTES = `(octet_length(subject::text) + coalesce(octet_length(before::text), 0)
    + coalesce(octet_length(after::text), 0) + coalesce(octet_length(reason), 0))`;

export interface AuditQuery {
  limit: number;
  /** Id of the entry before which the page begins. */
  before?: string;
  actor?: string;
  action?: string;
  /** Any id of the subject. */
  subject?: string;
}

/** Entries older than a given one, newest first, as many as one page takes. */
export async function listAuditTrail(
  db: Queryable,
  { limit, before, actor, action, subject }: AuditQuery,
): Promise<{ entries: StoredAuditEntry[]; more: boolean }> {
  const ids = `select id from audit_trail
      where id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        and ($2::text is null or actor = $2) and ($3::text is null or action = $3)
        and ($4::text is null or subject_ids @> array[$4])
      order by id desc limit $5`;
  const { rows } = await db.query<StoredRow>(
    pageQuery({ table: 'audit_trail', ids, bytes: ENTRY_BYTES, select: SELECT_ENTRIES }),
    [before ?? null, actor ?? null, action ?? null, subject ?? null, limit + 1],
  );
  const page = takePage(rows, limit);
  const entries = page.rows.map(({ found: _, ...row }) => ({ ...row, at: row.at.toISOString() }));
  return { entries, more: page.more };
}
