import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { openDatabase } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { type RegisteredRoute, watchRoutes } from '#harness/registered-routes.ts';
import { type Answer, call } from '#harness/requests.ts';
import {
  orderOf,
  PASSWORD,
  PATIENT,
  startTestSystem,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';
import { createCredentials } from '#platform/http/service-token.ts';
import { createAccessTokens } from '#services/identity/access-tokens.ts';
import { createKeyCipher } from '#services/identity/key-cipher.ts';
import {
  callersOf,
  expectedOf,
  isOpen,
  kindOf,
  PAGE,
  pageOf,
  publishedRoutes,
  type Route,
  strayRows,
  type Verdict,
} from '../authorization.ts';

const routes = publishedRoutes();
// Far longer than any clock is off.
const LONG_AGO_S = -3_600;

test('every published operation has a row, and every row an operation', () => {
  const missing = routes.filter((route) => kindOf(route) === undefined);
  assert.deepEqual(
    missing.map(({ service, operationId }) => `${service} ${operationId}`),
    [],
    'give it a row in test/authorization.ts',
  );
  assert.deepEqual(strayRows(routes), [], 'remove it from test/authorization.ts');
});

test('the documents and the rows agree on tokens and callers', () => {
  for (const route of routes) {
    const kind = kindOf(route) ?? '';
    assert.equal(route.secured, kind !== 'anybody', route.operationId);
    const internal = route.service !== 'gateway' && kind !== 'anybody';
    assert.deepEqual(route.callers, internal ? [kind] : [], route.operationId);
  }
});

test('docs/reference/authorization.md is the page of these rows', () => {
  const page = pageOf(routes);
  if (process.env.UPDATE_AUTHORIZATION === '1') writeFileSync(PAGE, page);
  assert.equal(readFileSync(PAGE, 'utf8'), page, 'UPDATE_AUTHORIZATION=1 writes it');
});

/** A system with an order, and the tokens of every kind of caller. */
interface Bed {
  system: TestSystem;
  /** Of all its servers, as they are registered. */
  registered: RegisteredRoute[];
  anna: TestCustomer;
  boris: TestCustomer;
  operator: TestCustomer;
  /** The values of path parameters: items of Anna. */
  parameters: Record<string, string>;
  /** `Authorization` of a caller at a service; undefined for none. */
  authorizationOf: (caller: string, service: string) => Promise<string | undefined>;
}

async function openBed(t: TestContext): Promise<Bed> {
  const { started: system, routes: registered } = await watchRoutes(() =>
    startTestSystem(t, PATIENT),
  );
  const [anna, boris] = [await system.customer({ topUp: 1_000 }), await system.customer()];
  const operator = await system.operator();
  const profile = { email: 'olga@example.com', name: 'Ольга', locale: 'ru' };
  assert.equal((await operator.call('PUT', '/v1/profile', profile)).status, 200);
  const { body: order } = await anna.call('POST', '/v1/orders', orderOf(100));
  const letterId: string = await eventually('the letter', async () => {
    const { body } = await anna.call('GET', `/v1/letters?orderId=${order.id}`);
    return body.data[0]?.state === 'sent' && body.data[0].id;
  });
  const { body: operations } = await anna.call('GET', '/v1/wallet/operations');
  const parameters = {
    customerId: anna.customerId,
    orderId: order.id,
    letterId,
    eventId: letterId,
    operationId: operations.data[0].id,
    deadLetterId: randomUUID(),
    endpointId: randomUUID(),
    deliveryId: randomUUID(),
  };
  return {
    system,
    registered,
    anna,
    boris,
    operator,
    parameters,
    authorizationOf: await tokensOf(t, system, { anna, boris, operator }),
  };
}

async function tokensOf(
  t: TestContext,
  { databaseUrl, secrets }: TestSystem,
  people: Record<'anna' | 'boris' | 'operator', TestCustomer>,
): Promise<Bed['authorizationOf']> {
  const database = openDatabase(databaseUrl('identity'), 2);
  t.after(() => database.close());
  const cipher = createKeyCipher(secrets.identitySecret);
  /** A token of Anna that differs from a good one in one claim. */
  const flawed = async (change: { audience?: string; lifetimeS?: number }) => {
    const usual = { issuer: 'orderbell', audience: 'orderbell', lifetimeS: 600 };
    const tokens = createAccessTokens({ database, cipher, ...usual, ...change });
    const id = people.anna.customerId;
    return `Bearer ${(await tokens.sign({ id, role: 'customer' }, randomUUID())).accessToken}`;
  };
  const gateway = await createCredentials('gateway', secrets.gatewayKey);
  const notifications = await createCredentials('notifications', secrets.notificationsKey);
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const unknown = await createCredentials('orders', pem);
  const bearer = ({ token }: TestCustomer) => `Bearer ${token}`;
  const atPublic: Record<string, () => string | undefined | Promise<string>> = {
    anonymous: () => undefined,
    owner: () => bearer(people.anna),
    'other customer': () => bearer(people.boris),
    operator: () => bearer(people.operator),
    'expired token': () => flawed({ lifetimeS: LONG_AGO_S }),
    'wrong audience': () => flawed({ audience: 'another' }),
    'service token': () => gateway('orders'),
  };
  const atInternal: Record<string, (service: string) => string | undefined | Promise<string>> = {
    anonymous: () => undefined,
    gateway: (service) => gateway(service),
    notifications: (service) => notifications(service),
    'unknown service': (service) => unknown(service),
    customer: () => bearer(people.anna),
    operator: () => bearer(people.operator),
    'expired token': (service) => gateway(service, LONG_AGO_S),
    'wrong audience': (service) => gateway(service === 'orders' ? 'billing' : 'orders'),
  };
  return async (caller, service) => {
    const made = service === 'gateway' ? atPublic[caller]?.() : atInternal[caller]?.(service);
    return await made;
  };
}

/** What the reads without a default need. */
const QUERIES: Record<string, string> = {
  findCustomers: 'customerId={customerId}',
  auditPayments: 'limit=1',
  auditWallets: 'limit=1',
  auditOrders: 'limit=1',
  auditEvents: 'limit=1',
  auditLetters: 'limit=1',
  listAuditTrail: 'limit=1',
  listEndedSessions: 'withinS=60',
  listTraces: 'customerId={customerId}',
  listOrderRepairs: 'limit=1',
  listPaymentRepairs: 'limit=1',
  listLetterRepairs: 'limit=1',
  getOrder: 'customerId={customerId}',
  listOrders: 'customerId={customerId}',
  getLetter: 'customerId={customerId}',
  listLetters: 'customerId={customerId}',
  findProfilesByEmail: 'email=nobody@example.com',
  search: 'q={orderId}',
  findOrders: 'first={orderId}&last={orderId}',
  findTracedLetters: `traceId=${'0'.repeat(32)}`,
};

/** Sends a request without a body: authorization comes before it is read. */
async function ask(bed: Bed, route: Route, caller: string): Promise<Answer> {
  const { system, parameters, authorizationOf } = bed;
  const fill = (text: string) =>
    text.replace(/\{(\w+)\}/g, (_, name) =>
      encodeURIComponent(parameters[name] ?? assert.fail(name)),
    );
  const query = QUERIES[route.operationId];
  const path = fill(query === undefined ? route.path : `${route.path}?${query}`);
  const authorization =
    (route.operationId === 'signOut' && (await freshToken(bed, caller))) ||
    (await authorizationOf(caller, route.service));
  const [url = ''] = system.urlsOf(route.service);
  return call(url, route.method, path, {
    headers: authorization === undefined ? {} : { authorization },
  });
}

/** The token of another session, for a request that ends it; undefined for a caller without one. */
async function freshToken({ system, anna, boris }: Bed, caller: string) {
  if (caller === 'operator') return `Bearer ${(await system.operator()).token}`;
  const person = { owner: anna, 'other customer': boris }[caller];
  if (person === undefined) return undefined;
  const { body } = await call(system.url, 'POST', '/v1/sessions', {
    body: { email: person.email, password: PASSWORD },
  });
  return `Bearer ${body.accessToken}`;
}

// No item of this id exists.
const MISSING = [
  ...['readDeadLetter', 'getDeadLetter', 'redriveOne', 'redriveDeadLetter'],
  ...['readCustomerErasure', 'getErasure'],
  ...['readWebhookEndpoint', 'getWebhookEndpoint', 'removeWebhookEndpoint'],
  ...['deleteWebhookEndpoint', 'rotateEndpointSecret', 'rotateWebhookSecret'],
  ...['sendTestWebhook', 'testWebhookEndpoint', 'readWebhookDelivery', 'getWebhookDelivery'],
  ...['redeliverOne', 'redeliverWebhook'],
];

function verdictOf(bed: Bed, route: Route, caller: string, { status, body }: Answer): Verdict {
  if (status === 401 && body.code === 'unauthenticated') return 401;
  if (status === 403) return 403;
  if (status === 404 && !MISSING.includes(route.operationId)) return 404;
  const what = `${route.operationId} for ${caller}: ${status} ${JSON.stringify(body)}`;
  assert.ok(status < 500 && ![405, 429].includes(status), what);
  // Every read is a good request; others are refused for the body that they lack.
  if (route.method === 'GET' && !MISSING.includes(route.operationId)) {
    assert.equal(status, 200, what);
  }
  if (kindOf(route) !== 'own data') return 'yes';
  const holds = JSON.stringify(body).includes(bed.anna.customerId);
  assert.ok(caller === 'owner' || !holds, `${what} has data of another`);
  return 'own';
}

/** The routes of a service that its document does not publish and that are not open to everybody. */
function unpublishedRoutes({ system, registered }: Bed, service: string): string[] {
  const [url = ''] = system.urlsOf(service);
  const published = new Set(
    routes
      .filter((route) => route.service === service)
      .map(({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  );
  const own = registered.filter(({ port }) => port === Number(new URL(url).port));
  assert.ok(own.length >= published.size, `the routes of ${service} were not found`);
  return own
    .filter((route) => !route.page && !isOpen(service, route))
    .map((route) => `${route.method === 'HEAD' ? 'GET' : route.method} ${route.url}`)
    .filter((route) => !published.has(route));
}

test('every route answers every kind of caller as its row says', async (t) => {
  const bed = await openBed(t);
  for (const service of new Set(routes.map((route) => route.service))) {
    await t.test(`${service} has no route without a row`, () => {
      assert.deepEqual(unpublishedRoutes(bed, service), []);
    });
    await t.test(service, async () => {
      const differing: string[] = [];
      for (const route of routes.filter((each) => each.service === service)) {
        const expected = expectedOf(route);
        for (const [index, caller] of callersOf(service).entries()) {
          const answer = await ask(bed, route, caller);
          const verdict = verdictOf(bed, route, caller, answer);
          if (verdict === expected[index]) continue;
          differing.push(`${route.operationId} for ${caller}: ${verdict}, not ${expected[index]}`);
        }
      }
      assert.deepEqual(differing, []);
    });
  }
  await t.test('a batch is no way around the callers of an operation', async () => {
    const calls = [{ operationId: 'createOrder', traceId: '0'.repeat(32) }];
    for (const service of ['orders', 'billing']) {
      const [url = ''] = bed.system.urlsOf(service);
      const own = (await bed.authorizationOf('notifications', service)) ?? '';
      const options = { headers: { authorization: own }, body: { calls } };
      assert.equal((await call(url, 'POST', '/calls', options)).status, 403, service);
    }
  });
  await t.test('an order in the name of another customer is refused', async () => {
    const headers = {
      authorization: (await bed.authorizationOf('other customer', 'gateway')) ?? '',
    };
    const body = { ...orderOf(1), customerId: bed.anna.customerId };
    const answer = await call(bed.system.url, 'POST', '/v1/orders', { headers, body });
    assert.deepEqual([answer.status, answer.body.code], [403, 'foreign-customer']);
  });
});
