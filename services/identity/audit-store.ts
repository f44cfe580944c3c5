import { type AuditEntry, recordAudit } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { Accounts } from './accounts.ts';
import { insertAccount } from './accounts-store.ts';
import type { LockOut } from './sign-in-watch.ts';
import { replaceOperator, replacePassword } from './stored-accounts.ts';

// A flood from many addresses must not fill the table: metrics count what exceeds this.
const LOCK_OUTS_PER_HOUR_MAX = 200;

/**
 * Records a lock-out of a sign-in or a registration, unless one of the same subject lasts or the
 * hour has its share of them.
 */
export async function recordLockOut(database: Database, lockOut: LockOut): Promise<void> {
  const { action, subject, waitS } = lockOut;
  await database.transaction(async (tx) => {
    // By the index of (action, id): ids begin with their milliseconds.
    const { rows } = await tx.query<{ until: string; lasts: boolean; recent: number }>(
      `select (now() + make_interval(secs => $3))::text as until,
          coalesce(bool_or(subject = $2::jsonb and (after->>'until')::timestamptz > now()), false)
            as lasts,
          (count(*) filter (where at > now() - interval '1 hour'))::int as recent
        from (
          select subject, after, at from audit_trail where action = $1 order by id desc
            limit ${LOCK_OUTS_PER_HOUR_MAX}
        ) latest`,
      [action, JSON.stringify(subject), waitS],
    );
    const [found] = rows;
    if (found === undefined || found.lasts || found.recent >= LOCK_OUTS_PER_HOUR_MAX) return;
    const until = new Date(found.until).toISOString();
    await recordAudit(tx, { actor: null, action, subject, after: { until } });
  });
}

/** The accounts as a start changes those of operators: each change is recorded with it. */
export function operatorAccounts(database: Database, all: Accounts): Accounts {
  const entry = (action: string, customerId: string): AuditEntry => ({
    actor: null,
    action,
    subject: { customerId },
  });
  return {
    find: all.find,
    insert: (account) =>
      database.transaction(async (tx) => {
        const id = await insertAccount(tx, account);
        if (id !== null) await recordAudit(tx, entry('create-operator', id));
        return id;
      }),
    setPassword: (id, passwordHash) =>
      database.transaction(async (tx) => {
        await replacePassword(tx, { id, passwordHash, keep: null });
        await recordAudit(tx, entry('set-operator-password', id));
      }),
    setOnlyOperator: (id) =>
      database.transaction(async (tx) => {
        for (const { id: changed, role } of await replaceOperator(tx, id)) {
          const before = { role: role === 'operator' ? 'customer' : 'operator' };
          await recordAudit(tx, { ...entry('change-role', changed), before, after: { role } });
        }
      }),
  };
}
