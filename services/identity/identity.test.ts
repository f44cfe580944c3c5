import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import pg from 'pg';
import pino from 'pino';
import { createTestDatabaseUrl, migrationsOf, testLog, testServerUrl } from '#harness/database.ts';
import { IDENTITY_SECRET as SECRET, startTestIdentity as start } from '#harness/system/identity.ts';
import { PASSWORD } from '#harness/system/system.ts';
import { createDatabase, type Database } from '#platform/postgres/database.ts';

const WRONG = 'wrong horse battery';

/** A second view of the service's database. */
function look(t: TestContext, url: string): Database {
  const database = createDatabase({
    url,
    connectionsMax: 1,
    applicationName: 'look',
    log: testLog,
  });
  t.after(() => database.close());
  return database;
}

function assertTooMany(
  answer: { status: number; headers: Headers; body: object },
  windowS: number,
) {
  assert.equal(answer.status, 429);
  const wait = Number(answer.headers.get('retry-after'));
  assert.ok(Number.isInteger(wait) && wait >= 1 && wait <= windowS, `Retry-After ${wait}`);
  assert.equal((answer.body as { code: string }).code, 'too-many-requests');
}

test('an account is created once; its password distinguishes a repetition from a stranger', async (t) => {
  const identity = await start(t);
  const made = await identity.register('anna@example.com');
  assert.equal(made.status, 201);
  assert.match(made.body.customerId ?? '', /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);

  const again = await identity.register('Anna@Example.COM');
  assert.deepEqual([again.status, again.body], [200, made.body]);

  const stranger = await identity.register('anna@example.com', WRONG);
  assert.deepEqual([stranger.status, stranger.body.code], [409, 'email-taken']);

  assert.equal((await identity.signIn('ANNA@example.com')).status, 200);
});

test('two registrations of one address at the same time answer the same account', async (t) => {
  const identity = await start(t, { settings: { REGISTRATIONS_PER_ADDRESS: '2' } });
  const twins = await Promise.all([
    identity.register('anna@example.com'),
    identity.register('ANNA@example.com'),
  ]);
  assert.deepEqual(twins.map(({ status }) => status).sort(), [200, 201]);
  assert.equal(twins[0].body.customerId, twins[1].body.customerId);
  // The slower one did not use up a registration.
  assert.equal((await identity.register('boris@example.com')).status, 201);
  assert.equal((await identity.register('clara@example.com')).status, 429);
});

test('the token names the customer and verifies against the published keys', async (t) => {
  const identity = await start(t);
  const { body: account } = await identity.register('anna@example.com');
  const { status, body, headers } = await identity.signIn('anna@example.com');
  assert.equal(status, 200);
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.deepEqual(
    { ...body, accessToken: '', refreshToken: '' },
    { accessToken: '', tokenType: 'Bearer', expiresIn: 900, refreshToken: '' },
  );
  const payload = await identity.verify(body.accessToken);
  const { iat = 0, sid } = payload;
  assert.match(String(sid), /^[0-9a-f-]{36}$/);
  assert.deepEqual(payload, {
    sid,
    iss: 'orderbell',
    aud: 'orderbell',
    sub: account.customerId,
    iat,
    exp: iat + 900,
  });

  const jwks = await fetch(`${identity.url}/jwks`);
  assert.match(jwks.headers.get('cache-control') ?? '', /max-age=\d+/);
  const { keys } = (await jwks.json()) as { keys: Record<string, unknown>[] };
  assert.deepEqual(
    keys.map((key) => Object.keys(key).sort()),
    [['alg', 'crv', 'kid', 'kty', 'use', 'x']],
  );
});

test('passwords are stored as scrypt hashes, and the session table of earlier versions stays empty', async (t) => {
  const identity = await start(t);
  await identity.register('anna@example.com');
  await identity.signIn('anna@example.com');
  const database = look(t, identity.databaseUrl);
  const { rows } = await database.query(
    'select a.password, (select count(*)::int from session) as sessions from account a',
  );
  assert.equal(rows.length, 1);
  assert.match(rows[0].password, /^\$scrypt\$ln=14,r=16,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.equal(rows[0].sessions, 0);
});

test('tokens stay valid over a restart and on every replica', async (t) => {
  const first = await start(t);
  const { databaseUrl } = first;
  await first.register('anna@example.com');
  const { body } = await first.signIn('anna@example.com');
  const second = await start(t, { databaseUrl });
  await second.verify(body.accessToken);
  await Promise.all([first.close(), second.close()]);
  const restarted = await start(t, { databaseUrl });
  await restarted.verify(body.accessToken);
});

// Rows and answers recorded from the version that used better-auth 1.7.25, with SECRET.
const EARLIER_KEY = '46712476-df48-4e60-a61d-468472815f62';
const EARLIER_ANNA = '0158ef17-d059-4ff8-82cc-95ed239f0c3b';
const EARLIER_PRIVATE_KEY =
  'fb1987dd5df91507bc28980903e2e16bc4e9aef9d847ec53e09678008b1d7c4311f6b51e16d06050e8a329fe' +
  'cf9dc2278b4a7149c8a6e1e426a017abac7174c0c4881eb56e1972e3e9a6b2063be77cfaef28e9b2655d07e7' +
  '5a75dcadf7d6013581f13e75375dae154655b9a5c7973952256b5ec8c6197dada50db034d8b9305b215ec65f' +
  '0b8313a888866ae2722e0e0580ca8b70b81daa485a1f8a3e022d044dea32f326466d8dd746';
const EARLIER_TOKEN =
  'eyJhbGciOiJFZERTQSIsImtpZCI6IjQ2NzEyNDc2LWRmNDgtNGU2MC1hNjFkLTQ2ODQ3MjgxNWY2MiJ9.eyJzdWI' +
  'iOiIwMTU4ZWYxNy1kMDU5LTRmZjgtODJjYy05NWVkMjM5ZjBjM2IiLCJpYXQiOjE3OTU4ODkwNjgsImV4cCI6MTc' +
  '5NTg5MjY2OCwiaXNzIjoib3JkZXJiZWxsIiwiYXVkIjoib3JkZXJiZWxsIn0.JaLath5IuB37AtEEuavV0zmVozX' +
  'w4b0Oxr96rTMFQUfv_fPMEDB3K_Jms_1rY3MkfL_AoQiFMmb7i8difATsAg';
const EARLIER_ROWS = `
insert into "user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt", role) values
  ('036121a6-b669-4971-bcc2-5e6926037585', '', 'operator@example.com', false, null,
   '2026-11-28T18:04:27.569Z', '2026-11-28T18:04:27.569Z', 'operator'),
  ('${EARLIER_ANNA}', '', 'anna@example.com', false, null,
   '2026-11-28T18:04:28.316Z', '2026-11-28T18:04:28.316Z', 'customer');
insert into account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt") values
  ('0c9676ae-2d6f-44da-af24-302101862a48', '036121a6-b669-4971-bcc2-5e6926037585', 'credential',
   '036121a6-b669-4971-bcc2-5e6926037585',
   '$scrypt$ln=14,r=16,p=1$5u3N9ySEhOav7Ca7fDLgXA$irHVtMCdt7PBIOJGPuwD70CdkAHRIRe4LuVR8P5fazM',
   '2026-11-28T18:04:27.569Z', '2026-11-28T18:04:27.569Z'),
  ('371aa0b8-239b-4a71-b75e-4376cdd727b2', '${EARLIER_ANNA}', 'credential', '${EARLIER_ANNA}',
   '$scrypt$ln=14,r=16,p=1$z4rScGzUg3JY+ELBy3xhgQ$m/lvkbZGMTP+nPbx+CG7kHaos7uplah7zlWk4Szd3RM',
   '2026-11-28T18:04:28.316Z', '2026-11-28T18:04:28.316Z');
insert into jwks (id, "publicKey", "privateKey", "createdAt", "expiresAt", alg, crv) values
  ('${EARLIER_KEY}',
   '{"kty":"OKP","crv":"Ed25519","x":"qRWwwyrAV07AwFnWYMX4bhfbH7AKSmTRtBi18EyUcPQ"}',
   '"${EARLIER_PRIVATE_KEY}"', now(), null, 'EdDSA', 'Ed25519');
`;

test('accounts and keys of the version with better-auth go on to serve', async (t) => {
  const databaseUrl = await createTestDatabaseUrl(t, undefined, migrationsOf('identity'));
  const database = look(t, databaseUrl);
  await database.query(EARLIER_ROWS);
  const accounts = 'select * from account order by id';
  const before = await database.query(accounts);
  const settings = { OPERATOR_EMAIL: 'operator@example.com', OPERATOR_PASSWORD: PASSWORD };
  const identity = await start(t, { databaseUrl, settings });
  assert.deepEqual((await database.query(accounts)).rows, before.rows);

  const jwks = await (await fetch(`${identity.url}/jwks`)).text();
  // To the byte what that version answered.
  assert.equal(
    jwks,
    `{"keys":[{"alg":"EdDSA","crv":"Ed25519","kty":"OKP","x":"qRWwwyrAV07AwFnWYMX4bhfbH7AKSmTRtBi18EyUcPQ",` +
      `"kid":"${EARLIER_KEY}","use":"sig"}]}`,
  );
  const { keys } = JSON.parse(jwks);
  const currentDate = new Date('2026-11-28T18:05:00Z');
  const old = await jwtVerify(EARLIER_TOKEN, createLocalJWKSet({ keys }), { currentDate });

  assert.deepEqual((await identity.register('Anna@example.com')).body, {
    customerId: EARLIER_ANNA,
  });
  const token = (await identity.signIn('anna@example.com')).body.accessToken ?? '';
  assert.deepEqual(decodeProtectedHeader(token), decodeProtectedHeader(EARLIER_TOKEN));
  const { iat = 0, sid: _, ...claims } = await identity.verify(token);
  const { iat: oldIat = 0, ...oldClaims } = old.payload;
  assert.deepEqual({ ...claims, exp: (claims.exp ?? 0) - iat }, { ...oldClaims, exp: 900 });
  assert.equal(old.payload.exp, oldIat + 3600);
  assert.equal((await identity.signIn('anna@example.com', WRONG)).status, 401);
  const operator = await identity.signIn('operator@example.com');
  assert.equal((await identity.verify(operator.body.accessToken)).scope, 'operator');
});

test('replicas that start together make one key, kept encrypted', async (t) => {
  const { databaseUrl } = await start(t);
  const database = look(t, databaseUrl);
  await database.query('delete from jwks');
  await Promise.all(Array.from({ length: 4 }, () => start(t, { databaseUrl })));
  const { rows } = await database.query('select "privateKey" from jwks');
  assert.equal(rows.length, 1);
  assert.doesNotMatch(rows[0].privateKey, /"d"/);
});

test('another secret than that of the stored keys stops the start', async (t) => {
  const { databaseUrl, close } = await start(t);
  await close();
  const settings = { IDENTITY_SECRET: 'Zx9Wv8Ut7Sr6Qp5On4Ml3Kj2Ih1Gf0Ed' };
  await assert.rejects(start(t, { databaseUrl, settings }), /IDENTITY_SECRET/);
});

test('only the operator gets the scope, and no registration grants it', async (t) => {
  const databaseUrl = await createTestDatabaseUrl(t);
  const before = await start(t, { databaseUrl });
  // Somebody took the address before it became the operator's.
  await before.register('operator@example.com', WRONG);
  await before.close();

  const settings = { OPERATOR_EMAIL: 'Operator@example.com', OPERATOR_PASSWORD: PASSWORD };
  const identity = await start(t, { databaseUrl, settings });
  assert.equal((await identity.signIn('operator@example.com', WRONG)).status, 401);
  const operator = await identity.signIn('operator@example.com');
  assert.equal((await identity.verify(operator.body.accessToken)).scope, 'operator');
  assert.equal((await identity.register('operator@example.com', WRONG)).status, 409);
  const intruder = await identity.register('eve@example.com', PASSWORD, { role: 'operator' });
  assert.equal(intruder.status, 400);
  await identity.close();

  const moved = { OPERATOR_EMAIL: 'new@example.com', OPERATOR_PASSWORD: WRONG };
  const next = await start(t, { databaseUrl, settings: moved });
  const scopeOf = async (email: string, password: string) =>
    decodeJwt((await next.signIn(email, password)).body.accessToken ?? '').scope;
  assert.equal(await scopeOf('new@example.com', WRONG), 'operator');
  assert.equal(await scopeOf('operator@example.com', PASSWORD), undefined);
});

test('a wrong password and an unknown address are answered alike', async (t) => {
  const identity = await start(t);
  await identity.register('anna@example.com');
  const answers = [
    await identity.signIn('anna@example.com', WRONG),
    await identity.signIn('nobody@example.com', WRONG),
  ].map(({ status, text, body }) => [status, text.replace(body.traceId ?? '', '')]);
  assert.deepEqual(answers[0], answers[1]);
  assert.equal(answers[0]?.[0], 401);
});

test('the eleventh sign-in after ten failed ones is 429, on every replica', async (t) => {
  const databaseUrl = await createTestDatabaseUrl(t);
  const [one, other] = await Promise.all([start(t, { databaseUrl }), start(t, { databaseUrl })]);
  await one.register('anna@example.com');
  await one.register('boris@example.com');
  // A registration with another password is a guess like any other.
  assert.equal((await other.register('anna@example.com', WRONG)).status, 409);
  for (let number = 2; number <= 10; number++) {
    assert.equal((await one.signIn('anna@example.com', WRONG)).status, 401);
  }
  assertTooMany(await other.signIn('anna@example.com', WRONG), 900);
  assertTooMany(await one.signIn('ANNA@example.com'), 900);
  assertTooMany(await one.register('anna@example.com', WRONG), 900);
  assert.equal((await other.signIn('boris@example.com')).status, 200);
});

test('guesses sent at the same time learn no more than guesses one by one', async (t) => {
  const identity = await start(t, { settings: { FAILED_SIGN_INS_PER_ACCOUNT: '1' } });
  await identity.register('anna@example.com');
  const guesses = await Promise.all(
    Array.from({ length: 4 }, () => identity.signIn('anna@example.com', WRONG)),
  );
  const statuses = guesses.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [401, 429, 429, 429]);
});

test('wrong passwords from one client address lock it out, and no other one', async (t) => {
  const identity = await start(t);
  await identity.register('anna@example.com');
  for (let number = 1; number <= 10; number++) {
    assert.equal((await identity.signIn('anna@example.com', WRONG)).status, 401);
  }
  assertTooMany(await identity.signIn('anna@example.com'), 900);
  for (const clientAddress of ['192.0.2.2', '2001:db8:0:1::/64']) {
    const answer = await identity.signIn('anna@example.com', PASSWORD, { clientAddress });
    assert.equal(answer.status, 200);
  }
  // Ten registrations of the address do the same, to that client address alone.
  const eve = { clientAddress: '192.0.2.66' };
  for (let number = 1; number <= 10; number++) {
    assert.equal((await identity.register('anna@example.com', WRONG, eve)).status, 409);
  }
  assertTooMany(await identity.register('anna@example.com', WRONG, eve), 900);
  const elsewhere = { clientAddress: '192.0.2.3' };
  assert.equal((await identity.signIn('anna@example.com', PASSWORD, elsewhere)).status, 200);
});

test('an unknown address is limited and slowed down like a known one', async (t) => {
  const settings = { FAILED_SIGN_INS_PER_ACCOUNT: '2', REGISTRATIONS_PER_ADDRESS: '1000' };
  const identity = await start(t, { settings });
  await identity.register('anna@example.com', PASSWORD, { clientAddress: '192.0.2.99' });
  const answersOf = async (email: string) => {
    const statuses: number[] = [];
    for (const clientAddress of ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2']) {
      statuses.push((await identity.signIn(email, WRONG, { clientAddress })).status);
    }
    return statuses;
  };
  assert.deepEqual(await answersOf('anna@example.com'), [401, 401, 429, 401]);
  assert.deepEqual(await answersOf('nobody@example.com'), [401, 401, 429, 401]);
  // Nor does a registration tell, which is refused after as many tries.
  const register = async (email: string, number: number) =>
    (await identity.register(email, `another horse ${number}`, { clientAddress: '::1' })).status;
  for (const email of ['anna@example.com', 'new@example.com']) {
    const statuses: number[] = [];
    for (let number = 0; number < 3; number++) statuses.push(await register(email, number));
    assert.deepEqual(
      statuses.map((status) => status === 429),
      [false, false, true],
    );
  }
});

test('failed sign-ins of many accounts from one client address are limited', async (t) => {
  const identity = await start(t, { settings: { FAILED_SIGN_INS_PER_ADDRESS: '3' } });
  await identity.register('anna@example.com');
  for (const name of ['a', 'b', 'c']) {
    assert.equal((await identity.signIn(`${name}@example.com`)).status, 401);
  }
  assertTooMany(await identity.signIn('anna@example.com'), 900);
  const elsewhere = { clientAddress: '192.0.2.2' };
  assert.equal((await identity.signIn('anna@example.com', PASSWORD, elsewhere)).status, 200);
});

test('new accounts from one client address are limited', async (t) => {
  const identity = await start(t, { settings: { REGISTRATIONS_PER_ADDRESS: '2' } });
  assert.equal((await identity.register('a@example.com')).status, 201);
  assert.equal((await identity.register('b@example.com')).status, 201);
  assertTooMany(await identity.register('c@example.com'), 3600);
  // Also what would complete an earlier one: the answer must not tell that the address is known.
  assertTooMany(await identity.register('a@example.com'), 3600);
  const elsewhere = { clientAddress: '2001:db8::1' };
  assert.equal((await identity.register('c@example.com', PASSWORD, elsewhere)).status, 201);
});

test('only the gateway may call, and only with what the contract allows', async (t) => {
  const identity = await start(t);
  const body = { email: 'anna@example.com', password: PASSWORD };
  for (const path of [
    ...['/accounts', '/sessions', '/sessions/renewal', '/sessions/end'],
    ...['/password-resets', '/password-resets/redeem'],
  ]) {
    assert.equal((await identity.post(path, body, null)).status, 401);
    assert.equal((await identity.post(path, body, 'notifications')).status, 403);
  }
  assert.equal((await identity.register('anna@example.com', 'too short')).status, 400);
  assert.equal((await identity.register('not an address')).status, 400);
});

test('a database that is away is 503, and its return is noticed', async (t) => {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const identity = await start(t, { log });
  await identity.register('anna@example.com');
  const { body } = await identity.signIn('anna@example.com');
  await identity.signIn('anna@example.com', WRONG);

  const server = new pg.Client({ connectionString: testServerUrl() });
  await server.connect();
  t.after(() => server.end());
  const name = new URL(identity.databaseUrl).pathname.slice(1);
  await server.query(`alter database ${name} allow_connections false`);
  await server.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
    name,
  ]);
  for (const answer of [
    await identity.signIn('anna@example.com'),
    await identity.register('anna@example.com'),
    await identity.register('boris@example.com'),
  ]) {
    assert.deepEqual([answer.status, answer.body.code], [503, 'unavailable']);
  }
  assert.equal((await fetch(`${identity.url}/jwks`)).status, 503);
  assert.equal((await fetch(`${identity.url}/readyz`)).status, 503);

  await server.query(`alter database ${name} allow_connections true`);
  assert.equal((await identity.signIn('anna@example.com')).status, 200);
  assert.equal((await identity.register('boris@example.com')).status, 201);

  // Connections that die while idle: a first request may still meet one.
  await server.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
    name,
  ]);
  const statuses: number[] = [];
  while (statuses.at(-1) !== 200 && statuses.length < 20) {
    statuses.push((await identity.signIn('anna@example.com')).status);
  }
  assert.ok(statuses.slice(0, -1).every((status) => status === 503));
  assert.equal(statuses.at(-1), 200);

  const written = lines.join('');
  assert.match(written, /database unavailable/);
  for (const secret of [PASSWORD, WRONG, SECRET, body.accessToken ?? '', '$scrypt$']) {
    assert.ok(!written.includes(secret), 'a secret was logged');
  }
});
