import type { Queryable } from '#platform/postgres/database.ts';

// A key is announced ("signsFrom" is set), then signs, then is retired ("expiresAt" has passed).
// Earlier versions (better-auth, decision 22) see only "expiresAt". It is in the past while a key is
// announced or retired, so that they publish the key and do not sign with it.
const SIGNS = '("expiresAt" is null or "expiresAt" > now())';

// Any constant will do: it only has to differ from the other advisory locks in this database.
const KEYS_LOCK = 4_207_003;
// Far more than there are: a key is made every month and kept for two.
const PUBLISHED_MAX = 100;

export interface PublicKeyRow {
  /** The `kid` of its tokens. */
  id: string;
  /** A public JWK as JSON. */
  publicKey: string;
  alg: string;
  crv: string;
}

export interface SigningKeyRow {
  id: string;
  privateKey: string;
  /** When it was read, in seconds since 1970. */
  nowS: number;
}

/** Lets one replica at a time change the keys, until its transaction ends. */
export async function lockKeys(tx: Queryable): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1)', [KEYS_LOCK]);
}

/** Announced, signing and retired keys, the newest first. */
export async function listPublicKeys(db: Queryable): Promise<PublicKeyRow[]> {
  const { rows } = await db.query<PublicKeyRow>(
    `select id, "publicKey", alg, crv from jwks order by "createdAt" desc limit ${PUBLISHED_MAX}`,
  );
  return rows;
}

/** The newest key that may sign. */
export async function findSigningKey(db: Queryable): Promise<SigningKeyRow | null> {
  const { rows } = await db.query<SigningKeyRow>(
    `select id, "privateKey", floor(extract(epoch from now()))::int as "nowS" from jwks
      where ${SIGNS} order by "createdAt" desc, id desc limit 1`,
  );
  return rows[0] ?? null;
}

/** The private keys that sign, or will. */
export async function listPrivateKeys(
  tx: Queryable,
): Promise<Pick<SigningKeyRow, 'id' | 'privateKey'>[]> {
  const { rows } = await tx.query<Pick<SigningKeyRow, 'id' | 'privateKey'>>(
    `select id, "privateKey" from jwks
      where ("signsFrom" is not null or ${SIGNS}) limit ${PUBLISHED_MAX}`,
  );
  return rows;
}

export async function setPrivateKey(tx: Queryable, id: string, privateKey: string): Promise<void> {
  await tx.query('update jwks set "privateKey" = $2 where id = $1', [id, privateKey]);
}

/** Whether the signing key, and one announced already, were made more than `maxAgeS` seconds ago. */
export async function areKeysOlder(db: Queryable, maxAgeS: number): Promise<boolean> {
  const { rows } = await db.query<{ older: boolean }>(
    `select not exists (
       select from jwks
        where ("signsFrom" is not null or ${SIGNS})
          and "createdAt" > now() - make_interval(secs => $1)) as older`,
    [maxAgeS],
  );
  return rows[0]?.older === true;
}

/** @param key `announceS`: how long it is published before it signs, null to sign at once */
export async function insertKey(
  db: Queryable,
  key: Omit<PublicKeyRow, 'id'> & { privateKey: string; announceS: number | null },
): Promise<void> {
  // A day in the past: an earlier version whose clock is behind must not sign with it either.
  await db.query(
    `insert into jwks ("publicKey", "privateKey", alg, crv, "createdAt", "signsFrom", "expiresAt")
     values ($1, $2, $3, $4, now(), now() + make_interval(secs => $5),
             case when $5::int is not null then now() - interval '1 day' end)`,
    [key.publicKey, key.privateKey, key.alg, key.crv, key.announceS],
  );
}

/** Lets an announced key sign once its announcement is over. */
export async function startAnnouncedKey(db: Queryable): Promise<void> {
  await db.query(
    'update jwks set "expiresAt" = null, "signsFrom" = null where "signsFrom" <= now()',
  );
}

/** Ends the signing of all keys but this one. They stay published. */
export async function retireOtherKeys(db: Queryable, id: string): Promise<void> {
  await db.query(`update jwks set "expiresAt" = now() where id <> $1 and ${SIGNS}`, [id]);
}

/** Removes keys that were retired more than `keepS` seconds ago. */
export async function deleteRetiredKeys(db: Queryable, keepS: number): Promise<void> {
  await db.query(
    `delete from jwks
      where "signsFrom" is null and "expiresAt" < now() - make_interval(secs => $1)`,
    [keepS],
  );
}
