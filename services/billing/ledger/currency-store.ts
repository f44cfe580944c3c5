import type { Queryable } from '#platform/postgres/database.ts';

/**
 * Stores the currency of this database's wallets where none is stored.
 * @returns the stored one
 */
export async function claimCurrency(db: Queryable, currency: string): Promise<string> {
  // Two statements: the insert waits for a concurrent one, and the read then sees its row.
  await db.query('insert into wallet_currency (currency) values ($1) on conflict do nothing', [
    currency,
  ]);
  const { rows } = await db.query<{ currency: string }>('select currency from wallet_currency');
  return (rows[0] as { currency: string }).currency;
}

/** Most rows that are counted for a message: enough for an operator to recognise a database. */
export const COUNTED_MAX = 10_000;

/** How many wallets and decisions there are, each up to one more than `COUNTED_MAX`. */
export async function countKept(db: Queryable): Promise<{ wallets: number; payments: number }> {
  const { rows } = await db.query<{ wallets: number; payments: number }>(
    `select
      (select count(*)::int from (select from wallets limit $1) as counted) as wallets,
      (select count(*)::int from (select from payments limit $1) as counted) as payments`,
    [COUNTED_MAX + 1],
  );
  return rows[0] as { wallets: number; payments: number };
}
