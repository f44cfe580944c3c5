import type { Queryable } from '#platform/postgres/database.ts';
import type { AccountWithAddress } from './accounts-store.ts';

const LIFETIME = `interval '30 minutes'`;

/**
 * Stores a token for the customer with this address, and a row without an account for no such one.
 * @returns whether there is a customer
 */
export async function insertReset(
  db: Queryable,
  tokenHash: Buffer,
  email: string | null,
): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `insert into password_resets (token_hash, account_id, expires_at)
     select $1, (select id from "user" where email = $2 and role = 'customer'), now() + ${LIFETIME}
     returning account_id is not null as found`,
    [tokenHash, email],
  );
  return rows[0]?.found === true;
}

/** The account of a token that is still valid. */
export async function findReset(
  db: Queryable,
  tokenHash: Buffer,
): Promise<AccountWithAddress | null> {
  const { rows } = await db.query<AccountWithAddress>(
    `select u.id, u.role, u.email, null as "passwordHash"
       from password_resets r join "user" u on u.id = r.account_id
      where r.token_hash = $1 and r.expires_at > now()`,
    [tokenHash],
  );
  return rows[0] ?? null;
}

/** Uses a token up. @returns false when another request was faster */
export async function takeReset(tx: Queryable, tokenHash: Buffer): Promise<boolean> {
  const { rowCount } = await tx.query(
    'delete from password_resets where token_hash = $1 and expires_at > now()',
    [tokenHash],
  );
  return rowCount === 1;
}

/** Earlier letters reset nothing any more. */
export async function deleteResets(db: Queryable, accountId: string): Promise<void> {
  await db.query('delete from password_resets where account_id = $1', [accountId]);
}

/** Removes tokens whose time is over, at most `limit`. */
export async function deleteExpiredResets(db: Queryable, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from password_resets where token_hash in (
       select token_hash from password_resets where expires_at <= now()
        order by expires_at limit $1 for update skip locked)`,
    [limit],
  );
  return rowCount ?? 0;
}
