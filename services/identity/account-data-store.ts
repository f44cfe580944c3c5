import type { Queryable } from '#platform/postgres/database.ts';

/** An account as its owner may read it, and the hash to check a password by. */
export interface AccountRow {
  email: string;
  role: 'customer' | 'operator';
  createdAt: Date;
  changedAt: Date;
  passwordHash: string | null;
}

/** @param customerId any text: ids of another issuer are no UUIDs, and have no account here */
export async function findAccountData(
  db: Queryable,
  customerId: string,
): Promise<AccountRow | null> {
  const { rows } = await db.query<AccountRow>(
    `select u.email, u.role, u."createdAt", a.password as "passwordHash",
        greatest(u."updatedAt", a."updatedAt") as "changedAt"
       from "user" u left join account a on a."userId" = u.id and a."providerId" = 'credential'
      where ${UUID_CONDITION}`,
    [customerId],
  );
  return rows[0] ?? null;
}

const SESSIONS_SHOWN_MAX = 100;

/** When the latest sign-ins began and when they end. */
export async function listSessionDates(
  db: Queryable,
  customerId: string,
): Promise<{ startedAt: Date; endsAt: Date | null }[]> {
  const { rows } = await db.query(
    `select "createdAt" as "startedAt", "expiresAt" as "endsAt" from "session"
      where "userId"::text = $1 order by "createdAt" desc limit ${SESSIONS_SHOWN_MAX}`,
    [customerId],
  );
  return rows;
}

// The primary key answers by a UUID only; any other id is none of ours.
const UUID_CONDITION = `u.id = case
    when $1 ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' then $1::uuid end`;

/** Deletes an account and, by foreign keys, its password and sessions. The operator's stays. */
export async function deleteAccount(tx: Queryable, customerId: string): Promise<void> {
  await tx.query(`delete from "user" u where ${UUID_CONDITION} and role <> 'operator'`, [
    customerId,
  ]);
}

/** Deletes counters and codes that name one of these addresses, which are in lower case. */
export async function deleteByAddress(tx: Queryable, addresses: string[]): Promise<void> {
  // Both tables hold the last minutes only, so they are read whole.
  await tx.query(
    `delete from attempts
      where exists (select from unnest($1::text[]) as a where position(a in subject) > 0)`,
    [addresses],
  );
  await tx.query(
    `delete from verification
      where exists (select from unnest($1::text[]) as a where position(a in identifier) > 0)`,
    [addresses],
  );
}
