import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { startTestService } from '#harness/system/internal-service.ts';
import { service as profilesService } from './service.ts';

const ANNA = { email: 'anna@example.com', name: 'Анна', locale: 'ru' };

async function start(t: TestContext) {
  const profiles = await startTestService(t, profilesService);
  const { call, database } = profiles;
  return {
    ...profiles,
    create: (customerId: string, data: object = {}) =>
      call('POST', '/profiles', { customerId, ...ANNA, ...data }),
    put: (customerId: string, data: object) =>
      call('PUT', `/profiles/${customerId}`, { ...ANNA, ...data }),
    ask: (customerId: string, again = true) =>
      call('POST', `/profiles/${customerId}/confirmations`, { again }),
    confirm: (token: string) => call('POST', '/confirmations', { token }),
    isConfirmed: async (customerId: string) =>
      (await call('GET', `/profiles/${customerId}`)).body.emailConfirmed,
    sql: async (text: string, ...values: unknown[]) => (await database.query(text, values)).rows,
  };
}

test('a token confirms the address it was made for, and a repetition answers the same', async (t) => {
  const profiles = await start(t);
  assert.equal((await profiles.create('anna')).body.emailConfirmed, false);
  const asked = await profiles.ask('anna');
  assert.equal(asked.status, 200);
  const { token, ...rest } = asked.body;
  assert.match(token, /^[\w-]{43}$/);
  assert.deepEqual(rest, { email: ANNA.email, locale: 'ru' });

  const confirmed = await profiles.confirm(token);
  assert.equal(confirmed.status, 200);
  assert.deepEqual(confirmed.body, { customerId: 'anna', ...ANNA, emailConfirmed: true });
  assert.equal(await profiles.isConfirmed('anna'), true);
  assert.deepEqual((await profiles.confirm(token)).body, confirmed.body);

  const again = await profiles.ask('anna');
  assert.deepEqual([again.status, again.body.code], [409, 'confirmation-not-needed']);
});

test('the table holds the SHA-256 of a token and never the token', async (t) => {
  const profiles = await start(t);
  await profiles.create('anna');
  const { token } = (await profiles.ask('anna')).body;
  const rows = await profiles.sql('select * from confirmation_tokens');
  assert.equal(rows.length, 1);
  const [row] = rows as { hash: Buffer }[];
  assert.deepEqual(row?.hash, createHash('sha256').update(token).digest());
  assert.ok(!JSON.stringify(rows).includes(token));
});

test('another address needs a confirmation of its own, a change of case or name does not', async (t) => {
  const profiles = await start(t);
  await profiles.create('anna');
  const { token } = (await profiles.ask('anna')).body;
  await profiles.confirm(token);
  for (const same of [{ name: 'Anna' }, { email: 'ANNA@Example.com' }, { locale: 'en' }]) {
    assert.equal((await profiles.put('anna', same)).body.emailConfirmed, true);
  }
  assert.equal((await profiles.put('anna', { email: 'b@example.com' })).body.emailConfirmed, false);
  // Neither the used token nor a return to the first address confirms anything.
  for (const email of ['b@example.com', ANNA.email]) {
    await profiles.put('anna', { email });
    const used = await profiles.confirm(token);
    assert.deepEqual([used.status, used.body.code], [404, 'confirmation-link-invalid']);
    assert.equal(await profiles.isConfirmed('anna'), false);
  }
});

test('an old token does not confirm a new address', async (t) => {
  const profiles = await start(t);
  await profiles.create('anna');
  const { token } = (await profiles.ask('anna')).body;
  await profiles.put('anna', { email: 'stranger@example.org' });
  assert.equal((await profiles.confirm(token)).status, 404);
  const { token: next } = (await profiles.ask('anna')).body;
  assert.equal((await profiles.confirm(next)).body.emailConfirmed, true);
  assert.equal((await profiles.confirm(token)).status, 404);
});

test('a token ends after 24 hours, and no other text is one', async (t) => {
  const profiles = await start(t);
  await profiles.create('anna');
  const { token } = (await profiles.ask('anna')).body;
  await profiles.sql(`update confirmation_tokens set expires_at = now()`);
  assert.equal((await profiles.confirm(token)).status, 404);
  assert.equal((await profiles.confirm('a'.repeat(43))).status, 404);
  for (const bad of ['', 'a', `${token}a`, `${token.slice(1)}=`, `${token.slice(1)}\n`]) {
    assert.equal((await profiles.confirm(bad)).status, 400, bad);
  }
});

test('expired tokens go also where nobody asks for another one', async (t) => {
  const profiles = await start(t);
  for (const customerId of ['anna', 'boris']) {
    await profiles.create(customerId);
    await profiles.ask(customerId);
  }
  await profiles.sql(
    `update confirmation_tokens set expires_at = now() where customer_id = 'anna'`,
  );
  const PROFILES_DATABASE_URL = profiles.databaseUrl('PROFILES_DATABASE_URL');
  // The retention of a replica begins with its start.
  await startTestService(t, profilesService, { PROFILES_DATABASE_URL });
  await eventually('no expired token', async () => {
    const rows = await profiles.sql('select customer_id from confirmation_tokens');
    return rows.length === 1 && rows[0]?.customer_id === 'boris';
  });
});

test('an erasure knows each address that was to be confirmed', async (t) => {
  const profiles = await start(t);
  await profiles.create('anna');
  await profiles.ask('anna');
  await profiles.put('anna', { email: 'Mistyped@example.org' });
  await profiles.ask('anna');
  await profiles.put('anna', { email: 'third@example.net' });
  await profiles.create('boris', { email: 'boris@example.com' });
  await profiles.ask('boris');
  const request = { requestedBy: 'anna', reason: null };
  for (const customerId of ['anna', 'vera']) {
    const { status } = await profiles.call('PUT', `/erasures/${customerId}`, request);
    assert.equal(status, 200);
  }
  const { body } = await profiles.call('POST', '/erasures/claim', { olderThanMs: 0, leaseMs: 0 });
  const found = body.data as { customerId: string; traces: { kind: string; text: string }[] }[];
  const texts = found
    .toSorted((one, other) => (one.customerId < other.customerId ? -1 : 1))
    .map(({ customerId, traces }) => [customerId, traces.map(({ text }) => text).sort()]);
  assert.deepEqual(texts, [
    ['anna', [ANNA.email, 'mistyped@example.org']],
    ['vera', []],
  ]);
});

test('three tokens an hour for an address, ten for a customer, also at once', async (t) => {
  const profiles = await start(t);
  await profiles.create('anna');
  const answers = await Promise.all(Array.from({ length: 8 }, () => profiles.ask('anna')));
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, 200, 200, 429, 429, 429, 429, 429]);
  const refused = answers.find(({ status }) => status === 429);
  const wait = Number(refused?.headers.get('retry-after'));
  assert.ok(wait > 3_500 && wait <= 3_600, `${wait}`);

  // Case is none: the address is the same.
  await profiles.put('anna', { email: 'ANNA@example.com' });
  assert.equal((await profiles.ask('anna')).status, 429);
  const others = [];
  for (let i = 0; i < 10; i++) {
    await profiles.put('anna', { email: `stranger-${i}@example.com` });
    others.push((await profiles.ask('anna')).status);
  }
  assert.deepEqual(others, [...Array(7).fill(200), 429, 429, 429]);

  // Another customer with the same address has tokens of its own.
  await profiles.create('boris');
  assert.equal((await profiles.ask('boris')).status, 200);
  await profiles.sql(`update confirmation_tokens set created_at = now() - interval '61 minutes'`);
  assert.equal((await profiles.ask('anna')).status, 200);
});

test('without `again` a token is made only where none can be used', async (t) => {
  const profiles = await start(t);
  await profiles.create('anna');
  assert.notEqual((await profiles.ask('anna', false)).body.token, null);
  assert.equal((await profiles.ask('anna', false)).body.token, null);
  await profiles.put('anna', { email: 'b@example.com' });
  assert.notEqual((await profiles.ask('anna', false)).body.token, null);
  assert.equal((await profiles.ask('nobody', false)).status, 404);
});

test('an address that the issuer has verified is confirmed, also later', async (t) => {
  const profiles = await start(t);
  assert.equal((await profiles.create('a', { emailConfirmed: true })).body.emailConfirmed, true);
  assert.equal((await profiles.create('b')).body.emailConfirmed, false);
  const other = { email: 'other@example.com', emailConfirmed: true };
  assert.equal((await profiles.create('b', other)).body.emailConfirmed, false);
  const same = { email: 'Anna@example.com', emailConfirmed: true };
  assert.equal((await profiles.create('b', same)).body.emailConfirmed, true);
  assert.equal((await profiles.create('b', { emailConfirmed: false })).body.emailConfirmed, true);
});

test('a replica of the release before cannot leave a new address confirmed', async (t) => {
  const profiles = await start(t);
  await profiles.create('anna', { emailConfirmed: true });
  // Its statement, which knows no confirmation.
  const update = `update profiles set email = $2, name = $3, locale = $4, version = version + 1,
      updated_at = now() where customer_id = $1`;
  await profiles.sql(update, 'anna', 'Anna@example.com', 'Анна', 'ru');
  assert.equal(await profiles.isConfirmed('anna'), true);
  await profiles.sql(update, 'anna', 'stranger@example.org', 'Анна', 'ru');
  assert.equal(await profiles.isConfirmed('anna'), false);
  await profiles.sql(
    `insert into profiles (customer_id, email, name, locale) values ('old', 'o@a.bc', 'O', 'en')`,
  );
  assert.equal(await profiles.isConfirmed('old'), false);
});

test('only the gateway asks for tokens and uses them', async (t) => {
  const profiles = await start(t);
  const foreign = { caller: 'notifications' } as const;
  const ask = await profiles.call('POST', '/profiles/a/confirmations', { again: true }, foreign);
  const use = await profiles.call('POST', '/confirmations', { token: 'a'.repeat(43) }, foreign);
  assert.deepEqual([ask.status, use.status], [403, 403]);
});
