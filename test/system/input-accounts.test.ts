import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { assertProblem, placesOf, rawCall, senderOf } from '#harness/system/raw-http.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import { PASSWORD, type TestSystem } from '#harness/system/system.ts';

// docs/reference/api.md: who may register under which name, and changes of profiles.

test('the valid and invalid registrations, sign-ins, profiles and erasures', async (t) => {
  const system = await sharedTestSystem();
  await t.test('registrations and sign-ins', (t) => checkRegistrations(t, system));
  await t.test('profiles', (t) => checkProfiles(t, system));
  await t.test('erasures', (t) => checkErasures(t, system));
});

const BAD_ADDRESSES = [
  ...['anna', 'anna@', '@example.com', 'anna@example', 'anna@example..com', 'a@b@example.com'],
  ...['.a@example.com', 'a.@example.com', 'a..b@example.com', 'a b@example.com', 'a@-x.com'],
  ...['a@[127.0.0.1]', '"a b"@example.com', 'a@example.com, e@example.org', 'a@example.com>'],
  ...['A <a@example.com>', 'a@example.com\r\nRCPT TO:<e@example.org>', 'a@example.com\n'],
  ...['x@10.0.0.1', 'a@b.123', 'a@b.c', 'a@127.0.0.0x1'],
  ...['\na@example.com', 'a\u0000@example.com', 'аnna@example.com', 'a@пример.рф', ''],
  ...[`${'a'.repeat(65)}@example.com`, `a@${`${'b'.repeat(60)}.`.repeat(5)}com`],
];

const BAD_REGISTRATIONS = [
  ['a password of 9 characters', { password: 'x'.repeat(9) }, ['/password']],
  ['a password of 9 emoji', { password: '🔑'.repeat(9) }, ['/password']],
  ['a password of 129 characters', { password: 'x'.repeat(129) }, ['/password']],
  ['a password that is a number', { password: 1234567890 }, ['/password']],
  ['a common password', { password: 'Password123' }, ['/password']],
  ['no password', { password: undefined }, ['/password']],
  ['an empty name', { name: '' }, ['/name']],
  ['a name of 201 characters', { name: 'x'.repeat(201) }, ['/name']],
  ['a name with a header in it', { name: 'Bob\r\nBcc: e@example.org' }, ['/name']],
  ['a name without a visible character', { name: ' \u200b\u2800' }, ['/name']],
  ['a name with a paragraph separator', { name: 'a\u2029b' }, ['/name']],
  ['a language we do not write', { locale: 'de' }, ['/locale']],
  ['a language in capitals', { locale: 'RU' }, ['/locale']],
  ['no language on purpose', { locale: null }, ['/locale']],
  ['a role', { role: 'operator' }, ['/role']],
  [
    'everything wrong',
    { email: 'x', password: 'x', name: '', locale: 1 },
    ['/email', '/locale', '/name', '/password'],
  ],
] as const;

async function checkRegistrations(t: TestContext, system: TestSystem) {
  let number = 0;
  const valid = () => ({
    email: `input-${number++}@example.com`,
    password: 'long enough',
    name: 'Анна',
  });
  const register = (change: object) =>
    rawCall(system.url, {
      method: 'POST',
      path: '/v1/registrations',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...valid(), ...change }),
    });
  for (const email of BAD_ADDRESSES) {
    await t.test(`400: the address ${JSON.stringify(email)}`, async () => {
      const answer = await register({ email });
      assertProblem(answer, 400, 'invalid-request');
      assert.deepEqual(placesOf(answer), ['/email']);
    });
  }
  for (const [name, change, places] of BAD_REGISTRATIONS) {
    await t.test(`400: ${name}`, async () => {
      const answer = await register(change);
      assertProblem(answer, 400, 'invalid-request');
      assert.deepEqual(placesOf(answer), places);
    });
  }
  for (const [name, change] of [
    ['a password of 10 characters', { password: 'ten letter' }],
    ['a password of 128 characters, some of them emoji', { password: '🔑x'.repeat(64) }],
    ['a name of 200 emoji', { name: '📚'.repeat(200) }],
    ['an address with marks', { email: "o'hara+orders=1@mail.example.co.uk" }],
    ['English', { locale: 'en' }],
  ] as const) {
    await t.test(`201: ${name}`, async () => {
      const given = { ...valid(), ...change };
      const answer = await register(given);
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      const { customerId, ...profile } = answer.body;
      const { password, ...stored } = { locale: 'ru', ...given };
      assert.deepEqual(profile, stored);
      const signedIn = await rawCall(system.url, {
        method: 'POST',
        path: '/v1/sessions',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: given.email, password }),
      });
      assert.equal(signedIn.status, 200);
      assert.match(customerId, /^[0-9a-f-]{36}$/);
    });
  }
  await checkSignIns(t, system);
}

async function checkSignIns(t: TestContext, system: TestSystem) {
  for (const [name, body, status] of [
    ['an unknown address', { email: 'nobody@example.com', password: 'x' }, 401],
    ['an empty password', { email: 'nobody@example.com', password: '' }, 400],
    ['a password of 129 characters', { email: 'a@example.com', password: 'x'.repeat(129) }, 400],
    ['a bad address', { email: "' or 1=1 --", password: 'x' }, 400],
    ['an unknown member', { email: 'a@example.com', password: 'x', scope: 'operator' }, 400],
  ] as const) {
    await t.test(`${status}: a sign-in with ${name}`, async () => {
      const answer = await rawCall(system.url, {
        method: 'POST',
        path: '/v1/sessions',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      assertProblem(answer, status);
    });
  }
}

async function checkProfiles(t: TestContext, system: TestSystem) {
  const anna = await system.customer({ name: 'Анна' });
  const send = senderOf(system, anna);
  const data = (name: string) => ({ email: anna.email, name, locale: 'en' });
  const put = (name: string, headers = {}) =>
    send('PUT', '/v1/profile', JSON.stringify(data(name)), headers);
  const etag = async () => (await send('GET', '/v1/profile')).headers.get('etag') as string;

  await t.test('an ETag goes round: read, change, read', async () => {
    const first = await etag();
    assert.match(first, /^"[^"]+"$/);
    const changed = await put('Анна II', { 'if-match': first });
    assert.equal(changed.status, 200);
    assert.deepEqual(changed.body, { customerId: anna.customerId, ...data('Анна II') });
    assert.notEqual(changed.headers.get('etag'), first);
    assert.equal(await etag(), changed.headers.get('etag'));
    assert.deepEqual((await send('GET', '/v1/profile')).body, changed.body);
    assertProblem(await put('Анна III', { 'if-match': first }), 412, 'profile-changed');
    assert.equal((await send('GET', '/v1/profile')).body.name, 'Анна II');
  });
  await t.test('without If-Match, and with *, the change is taken', async () => {
    assert.equal((await put('absent')).body.name, 'absent');
    assert.equal((await put('any', { 'if-match': '*' })).body.name, 'any');
  });
  for (const condition of ['"999"', 'abc', '"', '""', 'W/"1"', "' or 1=1", '1']) {
    await t.test(`412: If-Match ${condition}`, async () => {
      assertProblem(await put('never', { 'if-match': condition }), 412, 'profile-changed');
    });
  }
  await t.test('400: an If-Match of 201 characters', async () => {
    const answer = await put('never', { 'if-match': `"${'1'.repeat(199)}"` });
    assertProblem(answer, 400);
    assert.deepEqual(placesOf(answer), ['?if-match']);
  });
  for (const [name, change, places] of [
    ['another customer', { customerId: 'x' }, ['/customerId']],
    ['no name', { name: undefined }, ['/name']],
    ['two addresses', { email: 'a@example.com, e@example.org' }, ['/email']],
    ['no language', { locale: undefined }, ['/locale']],
  ] as const) {
    await t.test(`400: ${name}`, async () => {
      const answer = await send('PUT', '/v1/profile', JSON.stringify({ ...data('x'), ...change }));
      assertProblem(answer, 400);
      assert.deepEqual(placesOf(answer), places);
    });
  }
  assert.equal((await send('GET', '/v1/profile')).body.name, 'any');
}

async function checkErasures(t: TestContext, system: TestSystem) {
  const customer = await system.customer();
  const send = senderOf(system, customer);
  const whole = { confirm: 'erase my data', password: 'not the password' };
  for (const [body, places] of [
    ['', ['']],
    ['{', ['']],
    ['null', ['']],
    ['[]', ['']],
    ['"erase my data"', ['']],
    [{}, ['/confirm']],
    [{ ...whole, confirm: 'ERASE MY DATA' }, ['/confirm']],
    [{ ...whole, confirm: ['erase my data'] }, ['/confirm']],
    [{ ...whole, password: undefined }, ['/password']],
    [{ ...whole, password: null }, ['/password']],
    [{ ...whole, password: 1234567890 }, ['/password']],
    [{ ...whole, password: '' }, ['/password']],
    [{ ...whole, password: 'x'.repeat(129) }, ['/password']],
    [{ ...whole, customerId: 'x' }, ['/customerId']],
  ] as const) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    await t.test(`400: ${text.slice(0, 60)}`, async () => {
      const answer = await send('POST', '/v1/account/erasure', text);
      assertProblem(answer, 400);
      assert.deepEqual(placesOf(answer), places);
    });
  }
  const wrong = await send('POST', '/v1/account/erasure', JSON.stringify(whole));
  assertProblem(wrong, 403, 'wrong-password');
  assert.equal((await send('GET', '/v1/profile')).status, 200);
  // What is erased: test/system/erasure.test.ts.
  const right = { ...whole, password: PASSWORD };
  assert.equal((await customer.call('POST', '/v1/account/erasure', right)).status, 202);
  const operator = await system.operator();
  const path = `/v1/operator/customers/${customer.customerId}/erasure`;
  assert.equal((await operator.call('GET', path)).status, 200);
}
