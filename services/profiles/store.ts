import type { Profile } from '#contracts/profiles.ts';
import type { Queryable } from '#platform/postgres/database.ts';

/** A profile with its version, which the ETag carries. */
export interface StoredProfile {
  profile: Profile;
  version: number;
}

export type ProfileRow = Omit<Profile, 'timeZone'> & { version: number; timeZone: string | null };

export const PROFILE_COLUMNS = `customer_id as "customerId", email, name, locale, version,
  email_confirmed_at is not null as "emailConfirmed", time_zone as "timeZone"`;

/** What is written. Without a time zone the stored one stays. */
type NewProfile = Omit<Profile, 'timeZone'> & { timeZone?: string | null | undefined };

/** Stores a profile. @returns null when the customer has one already, or is erased */
export async function insertProfile(
  db: Queryable,
  { customerId, email, name, locale, timeZone = null, emailConfirmed = false }: NewProfile,
): Promise<StoredProfile | null> {
  const { rows } = await db.query<ProfileRow>(
    `insert into profiles (customer_id, email, name, locale, email_confirmed_at, time_zone)
      values ($1, $2, $3, $4, case when $5::boolean then now() end, $6)
      on conflict do nothing returning ${PROFILE_COLUMNS}`,
    [customerId, email, name, locale, emailConfirmed, timeZone],
  );
  return rows[0] === undefined ? null : profileOf(rows[0]);
}

export async function findProfile(
  db: Queryable,
  customerId: string,
): Promise<StoredProfile | null> {
  const { rows } = await db.query<ProfileRow>({
    name: 'find-profile',
    text: `select ${PROFILE_COLUMNS} from profiles where customer_id = $1`,
    values: [customerId],
  });
  return rows[0] === undefined ? null : profileOf(rows[0]);
}

/**
 * Replaces the contact data of any version, or creates the profile.
 * @returns null for a customer who is erased
 */
export async function replaceProfile(
  db: Queryable,
  { customerId, email, name, locale, timeZone = null }: NewProfile,
): Promise<StoredProfile | null> {
  const { rows } = await db.query<ProfileRow>(
    `insert into profiles (customer_id, email, name, locale, time_zone)
      values ($1, $2, $3, $4, $5)
      on conflict (customer_id) do update set email = $2, name = $3, locale = $4,
        time_zone = coalesce($5, profiles.time_zone),
        version = profiles.version + 1, updated_at = now()
      returning ${PROFILE_COLUMNS}`,
    [customerId, email, name, locale, timeZone],
  );
  return rows[0] === undefined ? null : profileOf(rows[0]);
}

/**
 * Replaces the contact data of a profile that exists.
 * @param versions the versions of which one must be the present one, null for any
 * @returns null when there is no profile of such a version
 */
export async function updateProfile(
  db: Queryable,
  { customerId, email, name, locale, timeZone = null }: NewProfile,
  versions: number[] | null,
): Promise<StoredProfile | null> {
  const { rows } = await db.query<ProfileRow>(
    `update profiles set email = $2, name = $3, locale = $4, version = version + 1,
        time_zone = coalesce($6, time_zone), updated_at = now()
      where customer_id = $1 and ($5::int[] is null or version = any($5))
      returning ${PROFILE_COLUMNS}`,
    [customerId, email, name, locale, versions, timeZone],
  );
  return rows[0] === undefined ? null : profileOf(rows[0]);
}

// Several customers may have the same address. An operator cannot choose among more than these.
const SAME_EMAIL_MAX = 20;

/** The profiles with this address, in any case of its letters, at most 20 of them. */
export async function findProfilesByEmail(db: Queryable, email: string): Promise<Profile[]> {
  const { rows } = await db.query<ProfileRow>({
    name: 'find-profiles-by-email',
    text: `select ${PROFILE_COLUMNS} from profiles
      where lower(email collate "C") = lower($1::text collate "C")
      order by customer_id limit ${SAME_EMAIL_MAX}`,
    values: [email],
  });
  return rows.map((row) => profileOf(row).profile);
}

// A search for a rare language must not read all profiles.
const EXAMINED_MAX = 5_000;

/** Filters of the list of all profiles; null filters nothing. */
export interface ProfileSearch {
  locale: Profile['locale'] | null;
  confirmed: boolean | null;
  /** The customer after whom the page begins. */
  after: string | null;
}

/**
 * Profiles that match all filters, in falling order of their customers' ids: one more than `limit`
 * where there are more. Reads `EXAMINED_MAX` of them at most, and checks the filters of each.
 * @returns also the customer after whom the next page begins if these are all; null when there are
 *   none behind them
 */
export async function searchProfiles(
  db: Queryable,
  { locale, confirmed, after }: ProfileSearch,
  limit: number,
): Promise<{ profiles: Profile[]; last: string | null }> {
  const max = locale === null && confirmed === null ? limit + 1 : EXAMINED_MAX;
  const range = after === null ? 'true' : 'customer_id < $3';
  const { rows } = await db.query<ProfileRow & { examined: number; last: string | null }>(
    `with examined as materialized (
        select * from profiles where ${range} order by customer_id desc limit ${max}
      )
      select counted.*, found.* from (
        select count(*)::int as examined,
          (select customer_id from examined order by customer_id limit 1) as last from examined
      ) as counted left join (
        select ${PROFILE_COLUMNS} from examined
        where ($1::text is null or locale = $1)
          and ($2::boolean is null or (email_confirmed_at is not null) = $2)
        order by customer_id desc limit ${limit + 1}
      ) as found on true order by "customerId" desc`,
    [locale, confirmed, ...(after === null ? [] : [after])],
  );
  const { examined = 0, last = null } = rows[0] ?? {};
  const profiles = rows
    .filter(({ customerId }) => customerId !== null)
    .map(({ examined: _, last: __, ...row }) => profileOf(row).profile);
  return { profiles, last: examined < max ? null : last };
}

export async function findProfiles(db: Queryable, customerIds: string[]): Promise<Profile[]> {
  const { rows } = await db.query<ProfileRow>({
    name: 'find-profiles',
    // A letter that begins after the request gets no address any more.
    text: `select ${PROFILE_COLUMNS} from profiles where customer_id = any($1::text[])
      and not exists (select from erasures where erasures.customer_id = profiles.customer_id)`,
    values: [customerIds],
  });
  return rows.map((row) => profileOf(row).profile);
}

export function profileOf({ version, timeZone, ...profile }: ProfileRow): StoredProfile {
  return { profile: { ...profile, ...(timeZone !== null && { timeZone }) }, version };
}
