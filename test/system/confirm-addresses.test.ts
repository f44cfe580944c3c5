import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { queryRows } from '#harness/database.ts';
import { eventually, mapConcurrent } from '#harness/eventually.ts';
import { AUDIENCE, startTestIssuer } from '#harness/issuer.ts';
import { call } from '#harness/requests.ts';
import {
  orderOf,
  PATIENT,
  startTestSystem,
  stop,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';

const EVIL = 'https://evil.example claim now';
const SETTINGS = { ...PATIENT, CONFIRM_ADDRESSES: 'true', PUBLIC_URL: 'https://shop.example/' };
const LINK = /https:\/\/shop\.example\/confirm#([\w-]{43})/;

const start = (t: TestContext, env = {}, options = {}) =>
  startTestSystem(t, { ...SETTINGS, ...env }, options);

async function mailsTo(system: TestSystem, email: string) {
  const mails = await system.listMails();
  return mails
    .filter(({ to }) => to.toLowerCase() === email.toLowerCase())
    .map(({ text = '', raw = '' }) => ({ text, raw }));
}

/** The tokens of the confirmation letters to an address, once there are so many. */
function tokensTo(system: TestSystem, email: string, count = 1): Promise<string[]> {
  return eventually(`${count} confirmation letters to ${email}`, async () => {
    const tokens = (await mailsTo(system, email)).flatMap(({ text }) => LINK.exec(text)?.[1] ?? []);
    return tokens.length >= count && tokens;
  });
}

const confirm = ({ url }: TestSystem, token: string) =>
  call(url, 'POST', '/v1/confirmations', { body: { token } });

async function decline(customer: TestCustomer, count: number): Promise<void> {
  const statuses = await mapConcurrent(Array.from({ length: count }), 16, async () => {
    const headers = { 'idempotency-key': randomUUID() };
    // While a replica starts, an answer may be 202 or 503: the client repeats it under its key.
    return eventually('a final answer', async () => {
      const { status } = await customer.call('POST', '/v1/orders', orderOf(500), headers);
      return status !== 202 && status !== 503 && status;
    });
  });
  assert.deepEqual(new Set(statuses), new Set([406]));
}

/** Whether no letter of the system is under way or due, and so many wait. */
async function isQuiet(operator: TestCustomer, waiting: number): Promise<boolean> {
  const { body } = await operator.call('GET', '/v1/operator/overview');
  const { letters, waitingForConfirmation: held } = body.notifications ?? {};
  return letters?.sending === 0 && letters.queued === waiting && held === waiting;
}

/** Waits until no letter of the system is under way or due. */
async function untilQuiet(system: TestSystem, waiting: number): Promise<void> {
  const operator = await system.operator();
  await eventually(`${waiting} letters that wait`, () => isQuiet(operator, waiting));
}

test('of 300 unpaid orders an unconfirmed address gets two letters; the rest after the click', async (t) => {
  const system = await start(t);
  const anna = await system.customer({ name: EVIL });
  assert.equal((await anna.call('GET', '/v1/profile')).body.emailConfirmed, false);
  const [token = ''] = await tokensTo(system, anna.email);
  await decline(anna, 300);
  await untilQuiet(system, 298);
  const first = await mailsTo(system, anna.email);
  assert.equal(first.length, 3);
  for (const { text, raw } of first) {
    assert.doesNotMatch(text + raw, /evil|claim now/);
    assert.match(text, /Здравствуйте!/);
  }

  const { body } = await anna.call('GET', '/v1/letters?limit=100');
  const waiting = body.data.filter(({ state }: { state: string }) => state === 'queued');
  assert.ok(waiting.length >= 98);
  for (const letter of waiting) {
    assert.equal(letter.waitsFor, 'confirmation');
    assert.match(letter.reason, /confirmation of the address/);
    // It was put back as if no worker had taken it.
    assert.deepEqual(letter.attempts, []);
  }

  assert.deepEqual((await confirm(system, token)).body, {
    email: anna.email,
    emailConfirmed: true,
  });
  await eventually('all letters', async () => (await mailsTo(system, anna.email)).length === 301);
  await untilQuiet(system, 0);
  // Confirmed, but the name still holds a link.
  for (const { text } of await mailsTo(system, anna.email)) assert.doesNotMatch(text, /evil/);
  await decline(anna, 5);
  await eventually('five more', async () => (await mailsTo(system, anna.email)).length === 306);
});

test('a letter that had failed goes by itself once the address is confirmed', async (t) => {
  const system = await start(t);
  const anna = await system.customer();
  const [token = ''] = await tokensTo(system, anna.email);
  await decline(anna, 1);
  const state = async () => (await anna.call('GET', '/v1/letters')).body.data[0]?.state;
  await eventually('a sent letter', async () => (await state()) === 'sent');
  const fail = `update letters set state = 'failed', failure = 'x', due_at = now()`;
  await queryRows(system.databaseUrl('notifications'), fail);
  assert.equal((await confirm(system, token)).status, 200);
  await eventually('it is sent again', async () => (await state()) === 'sent');
});

test('two customers with one stranger’s address send three letters in all, in any case', async (t) => {
  const system = await start(t);
  const stranger = `Stranger-${randomUUID()}@Example.com`;
  const customers = [await system.customer(), await system.customer()];
  for (const customer of customers) {
    const [token = ''] = await tokensTo(system, customer.email);
    await confirm(system, token);
  }
  const [anna, boris] = customers as [TestCustomer, TestCustomer];
  const profile = (email: string) => ({ email, name: EVIL, locale: 'en' });
  const changed = await anna.call('PUT', '/v1/profile', profile(stranger));
  assert.equal(changed.body.emailConfirmed, false);
  await boris.call('PUT', '/v1/profile', profile(stranger.toLowerCase()));
  const [token = ''] = await tokensTo(system, stranger, 2);
  await Promise.all([decline(anna, 40), decline(boris, 40)]);
  await untilQuiet(system, 79);
  const mails = await mailsTo(system, stranger);
  assert.equal(mails.length, 3);
  for (const { text } of mails) assert.doesNotMatch(text, /evil|claim/);

  // A click confirms it for the one customer that the letter is about: 39 letters more, or all 40
  // where the one that went before was of the other customer.
  await confirm(system, token);
  const operator = await system.operator();
  await eventually('the letters of one', async () => {
    const { length } = await mailsTo(system, stranger);
    return length >= 42 && length <= 43 && isQuiet(operator, 82 - length);
  });
});

test('paid orders are never limited, but do not greet an unconfirmed customer by name', async (t) => {
  const system = await start(t);
  const anna = await system.customer({ topUp: 10_000, name: 'Анна' });
  for (let i = 0; i < 8; i++) {
    const paid = await anna.call('POST', '/v1/orders', orderOf(100), {
      'idempotency-key': randomUUID(),
    });
    assert.equal(paid.status, 201);
  }
  const nine = await eventually('nine letters', async () => {
    const mails = await mailsTo(system, anna.email);
    return mails.length === 9 && mails;
  });
  for (const { text } of nine) assert.match(text, /Здравствуйте!/);
  const [token = ''] = await tokensTo(system, anna.email);
  await confirm(system, token);
  await anna.call('POST', '/v1/orders', orderOf(100), { 'idempotency-key': randomUUID() });
  await eventually('a greeting by name', async () =>
    (await mailsTo(system, anna.email)).some(({ text }) => /Здравствуйте, Анна!/.test(text)),
  );
});

test('the limit holds over replicas and a restart, and a lost message releases the letters later', async (t) => {
  const system = await start(
    t,
    {},
    {
      replicasOf: (service: string) => (service === 'notifications' ? 2 : 1),
    },
  );
  const anna = await system.customer();
  const [token = ''] = await tokensTo(system, anna.email);
  await decline(anna, 60);
  await untilQuiet(system, 58);
  assert.equal((await mailsTo(system, anna.email)).length, 3);

  const startAgain = await stop(system, 'notifications');
  await decline(anna, 20);
  // Its message finds no replica of notifications.
  assert.equal((await confirm(system, token)).status, 200);
  assert.equal((await mailsTo(system, anna.email)).length, 3);
  await startAgain();
  await eventually('all letters', async () => (await mailsTo(system, anna.email)).length === 81);
});

test('a restart forgets no letter that an address got', async (t) => {
  const system = await start(t);
  const anna = await system.customer();
  await tokensTo(system, anna.email);
  await decline(anna, 10);
  await untilQuiet(system, 8);
  const startAgain = await stop(system, 'notifications');
  await decline(anna, 10);
  await startAgain();
  await untilQuiet(system, 18);
  assert.equal((await mailsTo(system, anna.email)).length, 3);
});

test('a letter can be requested again, three times an hour, and other requests are refused', async (t) => {
  const system = await start(t);
  const anna = await system.customer();
  await tokensTo(system, anna.email);
  const ask = () => anna.call('POST', '/v1/profile/confirmation');
  // A change of the name alone sends no further letter.
  const { body } = await anna.call('GET', '/v1/profile');
  const { email, locale } = body;
  await anna.call('PUT', '/v1/profile', { email: email.toUpperCase(), name: 'Anna', locale });
  for (const expected of [202, 202, 429]) assert.equal((await ask()).status, expected);
  const tokens = await tokensTo(system, anna.email, 3);
  assert.equal(new Set(tokens).size, 3);
  // Each of them works until one is used.
  assert.equal((await confirm(system, tokens[0] as string)).status, 200);
  const needless = await ask();
  assert.deepEqual([needless.status, needless.body.code], [409, 'confirmation-not-needed']);
  assert.equal((await confirm(system, 'a'.repeat(43))).status, 404);
  assert.equal((await confirm(system, 'short')).status, 400);
  assert.equal((await call(system.url, 'POST', '/v1/profile/confirmation')).status, 401);
  assert.equal((await mailsTo(system, anna.email)).length, 3);
});

test('a registration succeeds while no letter can be requested', async (t) => {
  const system = await start(t);
  const startAgain = await stop(system, 'notifications');
  const anna = await system.customer();
  assert.equal((await anna.call('GET', '/v1/profile')).body.emailConfirmed, false);
  await startAgain();
  assert.equal((await anna.call('POST', '/v1/profile/confirmation')).status, 202);
  const [token = ''] = await tokensTo(system, anna.email);
  assert.equal((await confirm(system, token)).status, 200);
});

test('the claim `email_verified` of an external issuer confirms, and only that', async (t) => {
  const issuer = await startTestIssuer(t);
  const system = await start(t, { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE });
  const profileOf = async (sub: string, claims: object) => {
    const token = await issuer.sign({ sub, name: 'Anna', locale: 'en', ...claims });
    const authorization = `Bearer ${token}`;
    const headers = { authorization };
    return (await call(system.url, 'GET', '/v1/profile', { headers })).body;
  };
  const [verified, unsaid, text] = ['v@example.com', 'u@example.com', 't@example.com'];
  const yes = { email: verified, email_verified: true };
  assert.equal((await profileOf('verified', yes)).emailConfirmed, true);
  assert.equal((await profileOf('unsaid', { email: unsaid })).emailConfirmed, false);
  const asText = { email: text, email_verified: 'true' };
  assert.equal((await profileOf('text', asText)).emailConfirmed, false);
  // The others get a link, as they would after a registration.
  const [token = ''] = await tokensTo(system, unsaid as string);
  await tokensTo(system, text as string);
  assert.equal((await confirm(system, token)).status, 200);
  assert.equal((await profileOf('unsaid', { email: unsaid })).emailConfirmed, true);
  assert.deepEqual(await mailsTo(system, verified as string), []);
});

test('declined orders beyond the limit are refused before anything is stored', async (t) => {
  const system = await startTestSystem(t, { ...PATIENT, DECLINED_ORDERS_PER_MINUTE: '5' });
  const [anna, boris] = [await system.customer(), await system.customer({ topUp: 10_000 })];
  const order = (customer: TestCustomer, key: string) =>
    customer.call('POST', '/v1/orders', orderOf(500), { 'idempotency-key': key });
  const first = await order(anna, 'k0');
  for (let i = 1; i < 5; i++) assert.equal((await order(anna, `k${i}`)).status, 406);
  const refused = await order(anna, 'k5');
  assert.deepEqual([refused.status, refused.body.code], [429, 'too-many-requests']);
  const waitS = Number(refused.headers.get('retry-after'));
  assert.ok(waitS >= 1 && waitS <= 60, `${waitS}`);
  assert.equal(refused.headers.get('idempotency-key'), 'k5');
  // The stored answer of an earlier key is still given.
  const again = await order(anna, 'k0');
  assert.deepEqual([again.status, again.body.order.id], [406, first.body.order.id]);
  assert.equal((await anna.call('GET', '/v1/orders')).body.data.length, 5);
  // Paid orders of others, and of any number, are not concerned.
  for (let i = 0; i < 10; i++) assert.equal((await order(boris, `p${i}`)).status, 201);
});

test('where no address needs a confirmation, no answer mentions one', async (t) => {
  const system = await start(t, { CONFIRM_ADDRESSES: 'false' });
  const anna = await system.customer({ name: 'Анна' });
  const profile = { email: `${randomUUID()}@example.com`, name: 'Анна', locale: 'ru' };
  for (const { body } of [
    await anna.call('GET', '/v1/profile'),
    await anna.call('PUT', '/v1/profile', profile),
  ]) {
    assert.deepEqual(Object.keys(body).sort(), ['customerId', 'email', 'locale', 'name']);
  }
  assert.equal((await anna.call('POST', '/v1/profile/confirmation')).status, 409);
  await decline(anna, 5);
  const mails = await eventually('five letters', async () => {
    const all = await mailsTo(system, profile.email);
    return all.length === 5 && all;
  });
  for (const { text } of mails) assert.match(text, /Здравствуйте, Анна!/);
  assert.equal((await system.listMails()).length, 5);
});
