import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import * as billing from '#contracts/billing.ts';
import * as gateway from '#contracts/gateway.ts';
import * as identity from '#contracts/identity.ts';
import * as notifications from '#contracts/notifications.ts';
import * as operatorContract from '#contracts/operator.ts';
import * as orders from '#contracts/orders.ts';
import * as profiles from '#contracts/profiles.ts';
import { eventually } from '#harness/eventually.ts';
import { type Answer, call } from '#harness/requests.ts';
import { assertInternalProblem, assertProblem, rawCall } from '#harness/system/raw-http.ts';
import {
  orderOf,
  PASSWORD,
  rub,
  startTestSystem,
  type TestSystem,
} from '#harness/system/system.ts';
import type { Endpoint } from '#platform/http/endpoint.ts';
import { type Credentials, createCredentials } from '#platform/http/service-token.ts';

// The access rules of docs/reference/security.md.

const MISSING = '00000000-0000-7000-8000-000000000000';

/** A refusal without the members that always differ: the path and the trace. */
function lookOf({ status, headers, body }: Answer) {
  const { instance: _instance, traceId: _traceId, ...rest } = body;
  const names = ['date', 'connection', 'keep-alive', 'content-length', 'x-trace-id'];
  return { status, rest, headers: [...headers].filter(([name]) => !names.includes(name)) };
}

test('access rules of every route', async (t) => {
  const system = await startTestSystem(t, {
    WALLET_SELF_TOP_UP: 'false',
    FAILED_SIGN_INS_PER_ADDRESS: '22',
  });
  await t.test('other customers', (t) => checkCustomers(t, system));
  await t.test('top-ups', (t) => checkTopUps(t, system));
  await t.test('the operator’s routes', (t) => checkOperator(t, system));
  await t.test('the gateway leads to no internal route', (t) => checkGateway(t, system));
  await t.test('services admit their callers only', (t) => checkServices(t, system));
  // Last: from then on this address may not sign in any more.
  await t.test('sign-in attempts', (t) => checkAttempts(t, system));
});

async function checkCustomers(t: TestContext, system: TestSystem) {
  const [anna, boris] = [await system.customer(), await system.customer()];
  const { body } = await anna.call('POST', '/v1/orders', orderOf(100));
  const order = body.order;
  const letter = await eventually('the letter', async () => {
    return (await anna.call('GET', '/v1/letters')).body.data[0];
  });
  for (const [name, path, id] of [
    ['an order', '/v1/orders', order.id],
    ['a letter', '/v1/letters', letter.id],
  ]) {
    await t.test(`${name} of another customer looks like one that does not exist`, async () => {
      assert.equal((await anna.call('GET', `${path}/${id}`)).status, 200);
      const foreign = await boris.call('GET', `${path}/${id}`);
      assertProblem(foreign, 404, 'not-found');
      const missing = await boris.call('GET', `${path}/${MISSING}`);
      assert.deepEqual(lookOf(foreign), lookOf(missing));
      assert.ok(!JSON.stringify(foreign.body).includes(anna.customerId));
    });
  }
  await t.test('lists hold nothing of other customers, also when asked for it', async () => {
    for (const path of ['/v1/orders', '/v1/letters', `/v1/letters?orderId=${order.id}`]) {
      assert.deepEqual((await boris.call('GET', path)).body, { data: [], nextCursor: null });
    }
  });
  await t.test(
    '403: an order in the name of another, the same whether that one exists',
    async () => {
      const orderFor = (customerId: string) =>
        boris.call(
          'POST',
          '/v1/orders',
          { ...orderOf(100), customerId },
          { 'idempotency-key': 'k' },
        );
      const existing = await orderFor(anna.customerId);
      assertProblem(existing, 403, 'foreign-customer');
      assert.deepEqual(lookOf(await orderFor(randomUUID())), lookOf(existing));
      assert.equal((await anna.call('GET', '/v1/orders')).body.data.length, 1);
    },
  );
  await t.test('401: nothing but registration and sign-in works without a token', async () => {
    for (const [method, path] of [
      ...[
        ['GET', '/v1/profile'],
        ['PUT', '/v1/profile'],
        ['GET', '/v1/wallet'],
        ['PUT', '/v1/password'],
        ['DELETE', '/v1/sessions/current'],
      ],
      ...[
        ['GET', '/v1/wallet/operations'],
        ['POST', '/v1/wallet/top-ups'],
      ],
      ...[
        ['POST', '/v1/orders'],
        ['GET', '/v1/orders'],
        ['GET', `/v1/orders/${order.id}`],
      ],
      ...[
        ['GET', '/v1/letters'],
        ['GET', `/v1/letters/${letter.id}`],
      ],
      ['POST', `/v1/operator/wallets/${anna.customerId}/top-ups`],
    ] as [string, string][]) {
      assertProblem(await rawCall(system.url, { method, path }), 401, 'unauthenticated');
    }
  });
}

async function checkTopUps(t: TestContext, system: TestSystem) {
  const [anna, operator] = [await system.customer(), await system.operator()];
  const path = `/v1/operator/wallets/${anna.customerId}/top-ups`;
  const body = { amount: rub(500) };
  await t.test('401 without a token, 403 for customers, 201 for the operator', async () => {
    assertProblem(await call(system.url, 'POST', path, { body }), 401);
    assertProblem(await anna.call('POST', path, body), 403, 'forbidden');
    assert.deepEqual((await anna.call('GET', '/v1/wallet')).body.balance, rub(0));
    const answer = await operator.call('POST', path, body);
    assert.equal(answer.status, 201);
    assert.equal(answer.body.type, 'top_up');
    assert.deepEqual((await anna.call('GET', '/v1/wallet')).body.balance, rub(500));
  });
  await t.test('403: one’s own wallet, where the set-up does not allow it', async () => {
    const answer = await anna.call('POST', '/v1/wallet/top-ups', body);
    assertProblem(answer, 403, 'self-top-up-off');
    assert.deepEqual((await anna.call('GET', '/v1/wallet')).body.balance, rub(500));
  });
  await t.test('a repetition by the operator tops up once', async () => {
    const key = { 'idempotency-key': 'once' };
    const first = await operator.call('POST', path, body, key);
    assert.deepEqual((await operator.call('POST', path, body, key)).body, first.body);
    assert.deepEqual((await anna.call('GET', '/v1/wallet')).body.balance, rub(1_000));
  });
}

async function checkGateway(t: TestContext, system: TestSystem) {
  const [anna, operator] = [await system.customer(), await system.operator()];
  const id = MISSING;
  const internal: [method: string, path: string][] = [
    ...[billing, identity, notifications, orders, profiles]
      .flatMap(endpointsOf)
      .flatMap(({ method, path }): [string, string][] => {
        const filled = path.replace(/:\w+/g, id);
        return [
          [method, filled],
          [method, `/v1${filled}`],
        ];
      })
      // The public routes of the same name, with every method.
      .filter(([, path]) => !publicPaths.some((known) => known.test(path))),
    ['PUT', `/v1/orders/${id}%2fpayment`],
    ['PUT', `/v1/orders%2f${id}%2fpayment`],
    ['PUT', `/v1/orders/${id}/payment/`],
    ['PUT', `/v1/orders/../payments/${id}`],
    ['PUT', `/v1/orders/%2e%2e/payments/${id}`],
    ['PUT', `/v1/..%2fpayments%2f${id}`],
    ['POST', '/v1/orders/..%2fpending-orders%2fclaims'],
    ['POST', '/mailbox/../pending-orders/claims'],
    ['GET', '/v1/%2e%2e/jwks'],
    ['GET', 'http://127.0.0.1/jwks'],
  ];
  for (const [method, path] of internal) {
    await t.test(`${method} ${path}`, async () => {
      for (const { token } of [anna, operator]) {
        const authorization = `Bearer ${token}`;
        const answer = await rawCall(system.url, { method, path, headers: { authorization } });
        // 405 where an encoded slash makes it look like an order's id.
        assertProblem(answer, /^\/v1\/orders\/[^/]+%2f/.test(path) ? 405 : 404);
      }
    });
  }
  await t.test('400: an encoded slash leads from an own order to nowhere', async () => {
    for (const rest of ['payment', '..%2f..%2fwallets', '%3fcustomerId=x']) {
      assertProblem(await anna.call('GET', `/v1/orders/${id}%2f${rest}`), 400);
    }
  });
}

const publicPaths = [gateway, operatorContract]
  .flatMap(endpointsOf)
  .map(({ path }) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`));

async function checkOperator(t: TestContext, system: TestSystem) {
  const anna = await system.customer();
  for (const { method, path } of endpointsOf(operatorContract)) {
    await t.test(`401 without a token, 403 for customers: ${method} ${path}`, async () => {
      const filled = path.replace(/:\w+/g, MISSING);
      const withToken = { authorization: `Bearer ${anna.token}` };
      const refused = await rawCall(system.url, { method, path: filled });
      assertProblem(refused, 401, 'unauthenticated');
      const forbidden = await rawCall(system.url, { method, path: filled, headers: withToken });
      assertProblem(forbidden, 403, 'forbidden');
    });
  }
}

function endpointsOf(contract: object): Endpoint[] {
  const isEndpoint = (value: unknown): value is Endpoint =>
    typeof value === 'object' && value !== null && 'operationId' in value;
  return Object.values(contract).filter(isEndpoint);
}

async function checkServices(t: TestContext, system: TestSystem) {
  const anna = await system.customer();
  const asGateway = await createCredentials('gateway', system.secrets.gatewayKey);
  const asNotifications = await createCredentials('notifications', system.secrets.notificationsKey);
  const impostor = await createCredentials('notifications', system.secrets.gatewayKey);
  for (const [callee, contract] of Object.entries({
    billing,
    identity,
    notifications,
    orders,
    profiles,
  })) {
    const elsewhere = callee === 'orders' ? 'billing' : 'orders';
    for (const { operationId, method, path, callers } of endpointsOf(contract)) {
      // The public keys are for everybody.
      if (callers === undefined) continue;
      await t.test(`${callee}: ${operationId}`, async () => {
        for (const url of system.urlsOf(callee)) {
          const answerTo = (authorization?: string) =>
            rawCall(url, {
              method,
              path: path.replace(/:\w+/, MISSING),
              headers: authorization === undefined ? {} : { authorization },
            });
          assertInternalProblem(await answerTo(), 401, 'unauthenticated');
          assertInternalProblem(await answerTo('Bearer a.b.c'), 401);
          assertInternalProblem(await answerTo(`Bearer ${anna.token}`), 401);
          assertInternalProblem(await answerTo(await asGateway(elsewhere)), 401);
          assertInternalProblem(await answerTo(await impostor(callee)), 401);
          const [allowed, refused]: [Credentials, Credentials] = callers.includes('gateway')
            ? [asGateway, asNotifications]
            : [asNotifications, asGateway];
          assertInternalProblem(await answerTo(await refused(callee)), 403, 'forbidden');
          assert.ok(![401, 403].includes((await answerTo(await allowed(callee))).status));
        }
      });
    }
  }
  await t.test('a service token is no access token', async () => {
    const authorization = await asGateway('orderbell');
    const headers = { authorization };
    assertProblem(await call(system.url, 'GET', '/v1/wallet', { headers }), 401);
  });
}

async function checkAttempts(t: TestContext, system: TestSystem) {
  const [anna, boris] = [await system.customer(), await system.customer()];
  const signIn = (email: string, password: string, headers = {}) =>
    call(system.url, 'POST', '/v1/sessions', { body: { email, password }, headers });

  await t.test('an unknown account answers like a known one', async () => {
    const known = await signIn(boris.email, 'wrong');
    assertProblem(known, 401, 'sign-in-failed');
    assert.deepEqual(lookOf(known), lookOf(await signIn('nobody@example.com', 'wrong')));
  });
  await t.test(
    '429: the eleventh failed sign-in of an account, and then the right one',
    async () => {
      for (let number = 1; number <= 10; number++) {
        assertProblem(await signIn(anna.email, `wrong ${number}`), 401, 'sign-in-failed');
      }
      assertProblem(await signIn(anna.email, 'wrong 11'), 429, 'too-many-requests');
      assertProblem(await signIn(anna.email.toUpperCase(), PASSWORD), 429);
      assert.equal((await signIn(boris.email, PASSWORD)).status, 200);
    },
  );
  await t.test('429: too many from one address, regardless of X-Forwarded-For', async () => {
    const answers = [];
    for (let number = 1; number <= 11; number++) {
      const headers = { 'x-forwarded-for': `192.0.2.${number}` };
      answers.push(await signIn(`nobody-${number}@example.com`, 'wrong', headers));
    }
    for (const answer of answers.slice(0, 10)) assertProblem(answer, 401, 'sign-in-failed');
    assertProblem(answers[10] as Answer, 429, 'too-many-requests');
    assertProblem(await signIn(boris.email, PASSWORD), 429);
  });
}
