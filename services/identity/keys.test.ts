import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { createTestDatabase, migrationsOf } from '#harness/database.ts';
import { createAccessTokens } from './access-tokens.ts';
import { createKeyCipher } from './key-cipher.ts';
import { rotateKeys } from './key-rotation.ts';

const SECRET = 'kq8Zt3Vx0pLm7Rw2Yc5Nh9Bd4Gf6Js1A';
const ANNA = { id: '0158ef17-d059-4ff8-82cc-95ed239f0c3b', role: 'customer' } as const;
const DAY_MS = 24 * 3600 * 1_000;

interface KeyRow {
  id: string;
  createdAt: Date;
  expiresAt: Date | null;
}

/** Identity's keys in a database of their own, with one key that signs. */
async function createKeys(t: TestContext) {
  const database = await createTestDatabase(t, migrationsOf('identity'));
  const cipher = createKeyCipher(SECRET);
  const rotate = () => rotateKeys({ database, cipher });
  await rotate();
  const names = { issuer: 'orderbell', audience: 'orderbell' };
  const tokens = createAccessTokens({ database, cipher, ...names, lifetimeS: 3600 });
  const list = async () =>
    (await database.query<KeyRow>('select * from jwks order by "createdAt"')).rows;
  return {
    database,
    rotate,
    list,
    sign: async () => (await tokens.sign(ANNA, ANNA.id)).accessToken,
    verify: async (token: string) => {
      const keys = createLocalJWKSet((await tokens.getKeys()) as unknown as JSONWebKeySet);
      assert.equal((await jwtVerify(token, keys, names)).payload.sub, ANNA.id);
    },
    /** The statement by which an operator rotates the keys (docs/decisions/0022). */
    age: () =>
      database.query(
        `update jwks set "createdAt" = now() - interval '31 days' where "expiresAt" is null`,
      ),
    async announce() {
      await this.age();
      await rotate();
    },
    /** Ends the announcement. */
    async startAnnounced() {
      await database.query(`update jwks set "signsFrom" = now() where "signsFrom" is not null`);
      await rotate();
    },
    /** The key that better-auth 1.7 signs with (getLatestKeyByAlg), and those that it publishes. */
    async earlierVersion() {
      const rows = await list();
      const now = Date.now();
      return {
        signsWith: rows.findLast(({ expiresAt }) => expiresAt === null || +expiresAt > now)?.id,
        publishes: rows
          .filter(({ expiresAt }) => expiresAt === null || +expiresAt + 30 * DAY_MS > now)
          .map(({ id }) => id),
      };
    },
  };
}

const kidOf = (token: string) => decodeProtectedHeader(token).kid;

test('a young key is kept', async (t) => {
  const keys = await createKeys(t);
  const [first] = await keys.list();
  await keys.rotate();
  assert.deepEqual(await keys.list(), [first]);
});

test('a key of a month gets a successor, which is published for a while before it signs', async (t) => {
  const keys = await createKeys(t);
  const old = await keys.sign();
  await keys.announce();
  const [first, second, ...more] = (await keys.list()).map(({ id }) => id);
  assert.deepEqual(more, []);
  assert.equal(kidOf(await keys.sign()), first);
  const { rows } = await keys.database.query(
    `select extract(epoch from "signsFrom" - now()) / 60 as minutes
       from jwks where "signsFrom" is not null`,
  );
  // Gateways keep the keys for 10 minutes.
  assert.ok(rows[0].minutes > 11, `${rows[0].minutes} minutes`);
  await keys.rotate();
  assert.equal((await keys.list()).length, 2, 'it is announced once');

  await keys.startAnnounced();
  const token = await keys.sign();
  assert.equal(kidOf(token), second);
  await keys.verify(token);
  await keys.verify(old);
  await keys.rotate();
  assert.equal((await keys.list()).length, 2);
});

test('a retired key is published until its last token has expired, and removed then', async (t) => {
  const keys = await createKeys(t);
  const old = await keys.sign();
  await keys.announce();
  await keys.startAnnounced();
  const retire = (days: number) =>
    keys.database.query(
      `update jwks set "expiresAt" = now() - make_interval(days => $1)
        where "expiresAt" is not null`,
      [days],
    );
  // The longest TOKEN_LIFETIME_S is 30 days.
  await retire(30);
  await keys.rotate();
  await keys.verify(old);
  await retire(32);
  await keys.rotate();
  await assert.rejects(keys.verify(old), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
  assert.equal((await keys.list()).length, 1);
});

test('an announced key that waited for long signs in the end', async (t) => {
  const keys = await createKeys(t);
  await keys.announce();
  const announced = (await keys.list()).at(-1)?.id;
  await keys.database.query(
    `update jwks set "expiresAt" = now() - interval '60 days' where "signsFrom" is not null`,
  );
  await keys.rotate();
  await keys.startAnnounced();
  assert.equal(kidOf(await keys.sign()), announced);
});

test('replicas that rotate at the same time make one key', async (t) => {
  const keys = await createKeys(t);
  await keys.age();
  await Promise.all(Array.from({ length: 4 }, keys.rotate));
  assert.equal((await keys.list()).length, 2);
  await keys.database.query('delete from jwks');
  await Promise.all(Array.from({ length: 4 }, keys.sign));
  assert.equal((await keys.list()).length, 1);
});

test('an earlier version signs with the same key at each step, and publishes all', async (t) => {
  const keys = await createKeys(t);
  const agree = async (published: number) => {
    const { signsWith, publishes } = await keys.earlierVersion();
    assert.equal(signsWith, kidOf(await keys.sign()));
    assert.equal(publishes.length, published);
  };
  await agree(1);
  await keys.announce();
  await agree(2);
  await keys.startAnnounced();
  await agree(2);
});

test('of two keys that earlier versions made at once, one is retired', async (t) => {
  const keys = await createKeys(t);
  await keys.database.query(
    `insert into jwks ("publicKey", "privateKey", "createdAt", alg, crv)
     select "publicKey", "privateKey", "createdAt" - interval '1 second', alg, crv from jwks`,
  );
  const [, newest] = await keys.list();
  await keys.rotate();
  assert.deepEqual(
    (await keys.list()).map(({ expiresAt }) => expiresAt === null),
    [false, true],
  );
  assert.equal(kidOf(await keys.sign()), newest?.id);
});

test('keys that an operator deletes are replaced at once, and their tokens refused', async (t) => {
  const keys = await createKeys(t);
  const leaked = await keys.sign();
  await keys.database.query('delete from jwks');
  await keys.verify(await keys.sign());
  await assert.rejects(keys.verify(leaked), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
});

test('a replica with another secret changes no key', async (t) => {
  const keys = await createKeys(t);
  await keys.age();
  const before = await keys.list();
  const cipher = createKeyCipher(OTHER_SECRET);
  await assert.rejects(rotateKeys({ database: keys.database, cipher }), /IDENTITY_SECRET/);
  assert.deepEqual(await keys.list(), before);
});

const OTHER_SECRET = 'Zx9Wv8Ut7Sr6Qp5On4Ml3Kj2Ih1Gf0Ed';

test('the secret is replaced in three steps, and every token stays valid', async (t) => {
  const keys = await createKeys(t);
  const { database } = keys;
  await keys.announce();
  const old = await keys.sign();
  const before = createKeyCipher(SECRET, OTHER_SECRET);
  const after = createKeyCipher(OTHER_SECRET, SECRET);
  const names = { issuer: 'orderbell', audience: 'orderbell', lifetimeS: 3600 };
  const signBy = async (cipher: typeof before) =>
    (await createAccessTokens({ database, cipher, ...names }).sign(ANNA, ANNA.id)).accessToken;
  await rotateKeys({ database, cipher: before });
  await rotateKeys({ database, cipher: after });
  // Replicas of both steps run side by side, in any order of their rounds.
  for (const cipher of [before, after]) await keys.verify(await signBy(cipher));
  await rotateKeys({ database, cipher: before });
  for (const cipher of [before, after]) await keys.verify(await signBy(cipher));
  await rotateKeys({ database, cipher: after });
  await assert.rejects(
    rotateKeys({ database, cipher: createKeyCipher(SECRET) }),
    /IDENTITY_SECRET/,
  );
  const only = createKeyCipher(OTHER_SECRET);
  await rotateKeys({ database, cipher: only });
  await keys.verify(old);
  await keys.verify(await signBy(only));
  // The announced key too.
  await database.query(`update jwks set "signsFrom" = now() where "signsFrom" is not null`);
  await rotateKeys({ database, cipher: only });
  const next = await signBy(only);
  assert.notEqual(kidOf(next), kidOf(old));
  await keys.verify(next);
});

test('a third secret changes no key, whatever its previous one is', async (t) => {
  const keys = await createKeys(t);
  const before = await keys.list();
  const cipher = createKeyCipher(OTHER_SECRET, `${OTHER_SECRET}2`);
  await assert.rejects(rotateKeys({ database: keys.database, cipher }), /IDENTITY_SECRET_PREVIOUS/);
  assert.deepEqual(await keys.list(), before);
});

test('a private key is stored as better-auth stores it', () => {
  const cipher = createKeyCipher(SECRET);
  const stored = cipher.encrypt('{"d":"ключ"}');
  // Nonce, text and tag in hexadecimal digits, within a JSON string.
  assert.match(stored, new RegExp(`^"[0-9a-f]{${2 * (24 + 16 + 16)}}"$`));
  assert.notEqual(cipher.encrypt('{"d":"ключ"}'), stored);
  assert.equal(cipher.decrypt(stored), '{"d":"ключ"}');
});
