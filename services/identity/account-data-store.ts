import type { Queryable } from '#platform/postgres/database.ts';
import { BY_ID } from './accounts-store.ts';

/** An account as its owner may read it. */
export interface AccountRow {
  email: string;
  role: 'customer' | 'operator';
  createdAt: Date;
  changedAt: Date;
}

/** @param customerId any text: ids of another issuer are no UUIDs, and have no account here */
export async function findAccountData(
  db: Queryable,
  customerId: string,
): Promise<AccountRow | null> {
  const { rows } = await db.query<AccountRow>(
    `select u.email, u.role, u."createdAt",
        greatest(u."updatedAt", a."updatedAt") as "changedAt"
       from "user" u left join account a on a."userId" = u.id and a."providerId" = 'credential'
      where ${BY_ID}`,
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
    `select s.created_at as "startedAt", coalesce(s.ended_at, s.expires_at) as "endsAt"
       from sessions s join "user" u on u.id = s.account_id
      where ${BY_ID} order by s.used_at desc limit ${SESSIONS_SHOWN_MAX}`,
    [customerId],
  );
  return rows;
}

/** Deletes an account and, by foreign keys, its password and sessions. The operator's stays. */
export async function deleteAccount(tx: Queryable, customerId: string): Promise<void> {
  await tx.query(`delete from "user" u where ${BY_ID} and role <> 'operator'`, [customerId]);
}

/** Deletes counters that name one of these addresses, which are in lower case. */
export async function deleteByAddress(tx: Queryable, addresses: string[]): Promise<void> {
  // A subject is an address, or an address and the one of a client (attempts.ts). The table holds
  // the last minutes only, so it is read whole.
  await tx.query(`delete from attempts where split_part(subject, ' ', 1) = any($1::text[])`, [
    addresses,
  ]);
}
