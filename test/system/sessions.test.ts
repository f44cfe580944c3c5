import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { type Answer, call } from '#harness/requests.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import { PASSWORD, startTestSystem, stop, type TestSystem } from '#harness/system/system.ts';

// Sessions over all gateways: renewal, sign-out, change and reset of the password.

const OTHER = 'another good one';

interface Tokens {
  accessToken: string;
  refreshToken: string;
}

async function signIn(url: string, email: string, password = PASSWORD): Promise<Tokens> {
  const answer = await call(url, 'POST', '/v1/sessions', { body: { email, password } });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

const renew = (url: string, { refreshToken }: Tokens): Promise<Answer> =>
  call(url, 'POST', '/v1/sessions/renewal', { body: { refreshToken } });

const ask = (
  url: string,
  { accessToken }: Tokens,
  method = 'GET',
  path = '/v1/wallet',
  body?: unknown,
) => call(url, method, path, { headers: { authorization: `Bearer ${accessToken}` }, body });

/** A system with two gateways. */
async function start(t: TestContext, env: Record<string, string> = {}) {
  const system = await startTestSystem(t, env);
  const other = await system.startExtraGateway();
  return { system, here: system.url, there: other.url };
}

/** The token of the newest reset letter, by its link in the mailbox. */
async function tokenOfLetter(system: TestSystem, email: string): Promise<string> {
  return eventually('the letter with the link', async () => {
    const mails = (await system.listMails()).filter((mail) => JSON.stringify(mail).includes(email));
    return mails
      .map((mail) => /reset-password#([\w-]+)/.exec(JSON.stringify(mail))?.[1])
      .find((token) => token !== undefined);
  });
}

test('a sign-out ends the tokens at once here, and within 5 s at other gateways', async (t) => {
  const { system, here, there } = await start(t);
  const { email } = await system.customer();
  const [ended, other] = [await signIn(here, email), await signIn(here, email)];
  for (const url of [here, there]) assert.equal((await ask(url, ended)).status, 200);
  const out = await ask(here, ended, 'DELETE', '/v1/sessions/current');
  assert.deepEqual([out.status, out.headers.get('content-type')], [204, null]);
  assertProblem(await ask(here, ended), 401, 'unauthenticated');
  assertProblem(await renew(there, ended), 401, 'session-ended');
  await eventually('the refusal elsewhere', async () => (await ask(there, ended)).status === 401);
  assertProblem(await ask(here, ended, 'DELETE', '/v1/sessions/current'), 401);
  for (const url of [here, there]) assert.equal((await ask(url, other)).status, 200);
  // A gateway that starts later knows it, too.
  const late = await system.startExtraGateway();
  await eventually('the refusal later', async () => (await ask(late.url, ended)).status === 401);
});

test('a refresh token that is used again later ends the access tokens here at once', async (t) => {
  const { system, here } = await start(t);
  const { email } = await system.customer();
  const stolen = await signIn(here, email);
  const next = (await renew(here, stolen)).body as Tokens;
  await queryRows(
    system.databaseUrl('identity'),
    `update sessions set rotated_at = now() - interval '31 s' where rotated_at is not null`,
  );
  assert.equal((await ask(here, next)).status, 200);
  const replay = await renew(here, stolen);
  assertProblem(replay, 401, 'session-ended');
  assert.ok(!('ended' in replay.body));
  for (const tokens of [stolen, next]) assertProblem(await ask(here, tokens), 401);
});

test('a session is renewed while sign-ins are refused, and without identity its tokens go on', async (t) => {
  const { system, here, there } = await start(t, { FAILED_SIGN_INS_PER_ACCOUNT: '2' });
  const { email } = await system.customer();
  const tokens = await signIn(here, email);
  for (let number = 0; number < 3; number++) {
    const body = { email, password: 'wrong horse battery' };
    await call(here, 'POST', '/v1/sessions', { body });
  }
  const body = { email, password: PASSWORD };
  assertProblem(await call(here, 'POST', '/v1/sessions', { body }), 429);
  const renewed = await renew(there, tokens);
  assert.equal(renewed.status, 200);
  assert.equal((await ask(here, renewed.body)).status, 200);

  const restart = await stop(system, 'identity');
  assert.equal((await ask(here, renewed.body)).status, 200);
  assertProblem(await renew(here, renewed.body), 503, 'unavailable');
  await restart();
  await eventually('a renewal', async () => (await renew(here, renewed.body)).status === 200);
});

test('a new password ends the other sessions, and wrong ones are counted', async (t) => {
  const { system, here, there } = await start(t, { FAILED_SIGN_INS_PER_ACCOUNT: '3' });
  const { email } = await system.customer();
  const [own, other] = [await signIn(here, email), await signIn(there, email)];
  const change = (currentPassword: string, newPassword: string) =>
    ask(here, own, 'PUT', '/v1/password', { currentPassword, newPassword });
  assertProblem(await change('wrong horse battery', OTHER), 403, 'wrong-password');
  const weak = await change(PASSWORD, 'Password123');
  assertProblem(weak, 400, 'invalid-request');
  assert.equal(weak.body.errors[0].rule, 'common-password');
  assert.equal((await change(PASSWORD, OTHER)).status, 204);
  assert.equal((await ask(here, own)).status, 200);
  assertProblem(await ask(here, other), 401, 'unauthenticated');
  await eventually('the refusal elsewhere', async () => (await ask(there, other)).status === 401);
  await signIn(here, email, OTHER);
  for (const status of [403, 403, 429]) {
    assertProblem(await change('wrong horse battery', PASSWORD), status);
  }
  // The session that is signed in goes on.
  assert.equal((await renew(there, own)).status, 200);
});

test('a letter resets the password; the answer is the same for an unknown address', async (t) => {
  const { system, here, there } = await start(t);
  const { email } = await system.customer();
  const tokens = await signIn(here, email);
  const reset = (address: string) =>
    call(here, 'POST', '/v1/password-resets', { body: { email: address } });
  const [known, unknown] = [await reset(email), await reset(`${randomUUID()}@example.com`)];
  assert.deepEqual([known.status, known.body], [202, {}]);
  assert.deepEqual([unknown.status, unknown.body], [202, {}]);
  const token = await tokenOfLetter(system, email);
  const redeem = (newPassword: string) =>
    call(there, 'POST', '/v1/password-resets/redeem', { body: { token, newPassword } });
  assertProblem(await redeem(email), 400, 'invalid-request');
  assert.equal((await redeem(OTHER)).status, 204);
  assertProblem(await redeem(OTHER), 422, 'reset-link-invalid');
  assertProblem(await ask(there, tokens), 401, 'unauthenticated');
  assertProblem(await renew(here, tokens), 401, 'session-ended');
  await signIn(here, email, OTHER);
});

test('with CONFIRM_ADDRESSES a registration does not tell whether an address is known', async (t) => {
  const system = await startTestSystem(t, { CONFIRM_ADDRESSES: 'true' });
  const { email } = await system.customer();
  const register = (address: string, password: string) =>
    call(system.url, 'POST', '/v1/registrations', {
      body: { email: address, password, name: 'Ева', locale: 'en' },
    });
  const unknown = `${randomUUID()}@example.com`;
  const [known, fresh] = [await register(email, OTHER), await register(unknown, OTHER)];
  const lookOf = ({ status, headers, body }: Answer, address: string) => {
    assert.match(body.customerId, /^[0-9a-f-]{36}$/);
    const members = Object.entries({ ...body, customerId: '' });
    const names = [...headers.keys()].filter((name) => name !== 'x-trace-id');
    return [status, JSON.stringify(members).replaceAll(address, ''), names];
  };
  assert.deepEqual(lookOf(known, email), lookOf(fresh, unknown));
  for (const password of [OTHER, 'wrong horse battery']) {
    const body = { email, password };
    assertProblem(await call(system.url, 'POST', '/v1/sessions', { body }), 401, 'sign-in-failed');
  }
  await signIn(system.url, email);
  await signIn(system.url, unknown, OTHER);
  // No account and no profile came of it.
  const rowsOf = (name: string, text: string, value: string) =>
    queryRows(system.databaseUrl(name), text, [value]);
  const accounts = await rowsOf('identity', 'select from "user" where email = $1', email);
  const profile = 'select from profiles where customer_id = $1';
  const profiles = await rowsOf('profiles', profile, known.body.customerId);
  assert.deepEqual([accounts.length, profiles.length], [1, 0]);
});

test('with CONFIRM_ADDRESSES=false a registration of a known address is 409, as before', async (t) => {
  const system = await startTestSystem(t, { CONFIRM_ADDRESSES: 'false' });
  const { email } = await system.customer();
  const body = { email, password: OTHER, name: 'Ева' };
  assertProblem(await call(system.url, 'POST', '/v1/registrations', { body }), 409, 'email-taken');
});
