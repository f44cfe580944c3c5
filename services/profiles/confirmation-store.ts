import type { Queryable } from '#platform/postgres/database.ts';
import { PROFILE_COLUMNS, type ProfileRow, profileOf, type StoredProfile } from './store.ts';

// Addresses are compared as the index `profiles_by_email` words them: in lower case.
const lowered = (parameter: string) => `lower(${parameter}::text collate "C")`;

/** Requests for tokens of one customer run one after the other, until the transaction's end. */
export async function lockCustomer(tx: Queryable, customerId: string): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('confirmation ' || $1, 0))`, [
    customerId,
  ]);
}

/** Removes expired tokens, the oldest first, at most `limit`, without waiting for locked ones. */
export async function deleteExpiredTokens(db: Queryable, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from confirmation_tokens where hash in (
       select hash from confirmation_tokens where expires_at <= now()
        order by expires_at limit $1 for update skip locked)`,
    [limit],
  );
  return rowCount ?? 0;
}

export interface TokenCounts {
  /** Made within the last hour for this customer and address. */
  ofAddress: number;
  /** Made within the last hour for this customer. */
  ofCustomer: number;
  /** Whether one of this address can still be used. */
  usable: boolean;
  /** Seconds until the oldest of the hour leaves it: of the address, and of the customer. */
  addressWaitS: number;
  customerWaitS: number;
}

const secondsLeft = (filter: string) => `coalesce(ceil(extract(epoch from
  min(created_at) filter (where ${filter}) + interval '1 hour' - now()))::int, 1)`;

export async function countTokens(
  tx: Queryable,
  customerId: string,
  email: string,
): Promise<TokenCounts> {
  const { rows } = await tx.query<TokenCounts>(
    `select count(*) filter (where made_now and own)::int as "ofAddress",
        count(*) filter (where made_now)::int as "ofCustomer",
        coalesce(bool_or(own and used_at is null and expires_at > now()), false) as usable,
        ${secondsLeft('made_now and own')} as "addressWaitS",
        ${secondsLeft('made_now')} as "customerWaitS"
      from (
        select *, created_at > now() - interval '1 hour' as made_now,
          email = ${lowered('$2')} as own
        from confirmation_tokens where customer_id = $1
      ) as token`,
    [customerId, email],
  );
  return rows[0] as TokenCounts;
}

export async function insertToken(
  tx: Queryable,
  token: { hash: Buffer; customerId: string; email: string; lifetimeS: number },
): Promise<void> {
  await tx.query(
    `insert into confirmation_tokens (hash, customer_id, email, expires_at)
      values ($1, $2, ${lowered('$3')}, now() + make_interval(secs => $4))`,
    [token.hash, token.customerId, token.email, token.lifetimeS],
  );
}

interface TokenSubject {
  customerId: string;
  email: string;
}

/** @returns the token's customer and address; `first` is false when it was used before */
export async function useToken(
  tx: Queryable,
  hash: Buffer,
): Promise<(TokenSubject & { first: boolean }) | null> {
  const { rows } = await tx.query<TokenSubject & { first: boolean }>(
    `with found as (
        select hash, used_at is null as first from confirmation_tokens
        where hash = $1 and expires_at > now() for update
      )
      update confirmation_tokens as token set used_at = coalesce(used_at, now())
      from found where token.hash = found.hash
      returning token.customer_id as "customerId", token.email, found.first`,
    [hash],
  );
  return rows[0] ?? null;
}

/** Confirms the address in any case. @returns null where the customer has another one by now */
export async function confirmEmail(
  tx: Queryable,
  { customerId, email }: TokenSubject,
): Promise<StoredProfile | null> {
  const { rows } = await tx.query<ProfileRow>(
    `update profiles set email_confirmed_at = coalesce(email_confirmed_at, now())
      where customer_id = $1 and lower(email collate "C") = ${lowered('$2')}
      returning ${PROFILE_COLUMNS}`,
    [customerId, email],
  );
  return rows[0] === undefined ? null : profileOf(rows[0]);
}

/** @returns null where the address is not the customer's confirmed one */
export async function findConfirmed(
  tx: Queryable,
  { customerId, email }: TokenSubject,
): Promise<StoredProfile | null> {
  const { rows } = await tx.query<ProfileRow>(
    `select ${PROFILE_COLUMNS} from profiles
      where customer_id = $1 and lower(email collate "C") = $2
        and email_confirmed_at is not null`,
    [customerId, email],
  );
  return rows[0] === undefined ? null : profileOf(rows[0]);
}

/** Those of the addresses that a customer has confirmed, in lower case. */
export async function findConfirmedAddresses(db: Queryable, emails: string[]): Promise<string[]> {
  const { rows } = await db.query<{ email: string }>({
    name: 'find-confirmed-addresses',
    text: `select given.email from (
        select distinct lower(email collate "C") as email from unnest($1::text[]) as given (email)
      ) as given
      where exists (select from profiles
        where lower(email collate "C") = given.email and email_confirmed_at is not null)`,
    values: [emails],
  });
  return rows.map(({ email }) => email);
}
