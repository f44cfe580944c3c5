import type { Queryable } from '#platform/postgres/database.ts';
import type { Role } from './accounts-store.ts';

// Times in seconds and days come from the settings; the clock is the database's.

/** How long a session may last. */
export interface SessionLimits {
  idleDays: number;
  lifetimeDays: number;
}

export interface SessionRow {
  accountId: string;
  role: Role;
  familyHash: Buffer;
  tokenHash: Buffer;
  previousHash: Buffer | null;
  /** It has ended, or its time is over. */
  isOver: boolean;
  /** The latest rotation is so recent that its answer may have been lost. */
  isRecent: boolean;
}

const EXPIRY = `least(now() + make_interval(days => $1),
                      created_at + make_interval(days => $2))`;

/** Makes sign-ins of one account wait for each other, so that its sessions can be counted. */
export async function lockAccount(tx: Queryable, accountId: string): Promise<void> {
  await tx.query('select from "user" where id = $1 for no key update', [accountId]);
}

export async function insertSession(
  db: Queryable,
  session: {
    id: string;
    accountId: string;
    familyHash: Buffer;
    tokenHash: Buffer;
    clientHash: Buffer;
  },
  { idleDays, lifetimeDays }: SessionLimits,
): Promise<void> {
  await db.query(
    `insert into sessions (id, account_id, family_hash, token_hash, client_hash, expires_at)
     values ($1, $2, $3, $4, $5, now() + make_interval(days => least($6::int, $7::int)))`,
    [
      session.id,
      session.accountId,
      session.familyHash,
      session.tokenHash,
      session.clientHash,
      idleDays,
      lifetimeDays,
    ],
  );
}

/** Ends all sessions of the account but its newest `max`. */
export async function endSurplusSessions(
  db: Queryable,
  accountId: string,
  max: number,
): Promise<void> {
  await db.query(
    `update sessions set ended_at = now() where id in (
       select id from sessions where account_id = $1 and ended_at is null
        order by used_at desc, id desc offset $2)`,
    [accountId, max],
  );
}

/** Removes the oldest ended sessions of the account beyond `max` whose access tokens have expired. */
export async function deleteSurplusSessions(
  db: Queryable,
  accountId: string,
  { max, tokenS }: { max: number; tokenS: number },
): Promise<void> {
  await db.query(
    `delete from sessions where id in (
       select id from sessions
        where account_id = $1 and ended_at < now() - make_interval(secs => $3)
        order by ended_at desc, id desc offset $2)`,
    [accountId, max, tokenS],
  );
}

/** The session, locked until the transaction ends. */
export async function findSession(
  tx: Queryable,
  id: string,
  graceS: number,
): Promise<SessionRow | null> {
  const { rows } = await tx.query<SessionRow>(
    `select s.account_id as "accountId", u.role, s.family_hash as "familyHash",
            s.token_hash as "tokenHash", s.previous_hash as "previousHash",
            s.ended_at is not null or s.expires_at <= now() as "isOver",
            coalesce(s.rotated_at > now() - make_interval(secs => $2), false) as "isRecent"
       from sessions s join "user" u on u.id = s.account_id
      where s.id = $1 for update of s`,
    [id, graceS],
  );
  return rows[0] ?? null;
}

/** Replaces the refresh token of a session; the session goes on from now. */
export async function rotateToken(
  db: Queryable,
  { id, from, to }: { id: string; from: Buffer; to: Buffer },
  { idleDays, lifetimeDays }: SessionLimits,
): Promise<void> {
  await db.query(
    `update sessions set previous_hash = $4, token_hash = $5, rotated_at = now(), used_at = now(),
                         expires_at = ${EXPIRY}
      where id = $3 and ended_at is null`,
    [idleDays, lifetimeDays, id, from, to],
  );
}

/** Replaces the newest token alone, where its answer is given again under another secret. */
export async function replaceToken(db: Queryable, id: string, to: Buffer): Promise<void> {
  await db.query('update sessions set token_hash = $2 where id = $1 and ended_at is null', [
    id,
    to,
  ]);
}

/** Ends one session of the account. @returns whether it was running */
export async function endSession(
  db: Queryable,
  { id, accountId }: { id: string; accountId: string },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update sessions set ended_at = now()
      where id = $1 and account_id::text = lower($2) and ended_at is null`,
    [id, accountId],
  );
  return rowCount === 1;
}

/** Ends all sessions of the account but one. @returns the ids of those that ended */
export async function endSessions(
  db: Queryable,
  accountId: string,
  but: string | null,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `update sessions set ended_at = now()
      where account_id = $1 and ended_at is null and id is distinct from $2::uuid
      returning id`,
    [accountId, but],
  );
  return rows.map(({ id }) => id);
}

/** Ends the sessions of all operators but one: their tokens would keep the scope. */
export async function endSessionsOfOperators(db: Queryable, but: string): Promise<void> {
  await db.query(
    `update sessions s set ended_at = now() from "user" u
      where u.id = s.account_id and u.role = 'operator' and u.id <> $1 and s.ended_at is null`,
    [but],
  );
}

/**
 * Sessions that ended within so many seconds and may still have a valid access token, by id.
 * @param page `tokenS` is how long an access token lives
 */
export async function listEndedSessions(
  db: Queryable,
  page: { withinS: number; tokenS: number; after: string | null; limit: number },
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from sessions
      where ended_at > now() - make_interval(secs => $1)
        and used_at > now() - make_interval(secs => $2)
        and ($3::uuid is null or id > $3)
      order by id limit $4`,
    [page.withinS, page.tokenS, page.after, page.limit],
  );
  return rows.map(({ id }) => id);
}

/** Whether the account has a session that began at this client address. */
export async function isKnownClient(
  db: Queryable,
  accountId: string | null,
  clientHash: Buffer,
): Promise<boolean> {
  const { rows } = await db.query(
    'select from sessions where account_id = $1 and client_hash = $2 limit 1',
    [accountId, clientHash],
  );
  return rows.length > 0;
}

/** Removes sessions whose time is over, at most `limit`, without waiting for locked ones. */
export async function deleteExpiredSessions(db: Queryable, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from sessions where id in (
       select id from sessions where expires_at <= now()
        order by expires_at limit $1 for update skip locked)`,
    [limit],
  );
  return rowCount ?? 0;
}
