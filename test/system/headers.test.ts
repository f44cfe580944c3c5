import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { startFaultProxy } from '#harness/faults/fault-proxy.ts';
import { nowPlus } from '#harness/issuer.ts';
import { answeredWith, call } from '#harness/requests.ts';
import { assertProblem, rawCall } from '#harness/system/raw-http.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import {
  orderOf,
  rub,
  startTestSystem,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';

// docs/reference/api.md: the headers by which a program goes on.

const ORDERS = '/v1/orders';
const TOP_UPS = '/v1/wallet/top-ups';
const keyed = (key: string) => ({ 'idempotency-key': key });
const replayedOf = ({ headers }: { headers: Headers }) => headers.get('idempotent-replayed');

test('headers by which a program goes on', async (t) => {
  const system = await sharedTestSystem();
  await checkTags(t, system);
  await checkLinks(t, system);
  await checkReplays(t, system);
  await checkKeys(t, system);
  await checkChallenges(t, system);
});

async function checkTags(t: TestContext, system: TestSystem) {
  const [anna, operator] = [await system.customer({ topUp: 1_000 }), await system.operator()];
  const { id } = (await anna.call('POST', ORDERS, orderOf(100))).body;
  await eventually('the letter', async () => {
    const { body } = await anna.call('GET', `${ORDERS}/${id}/journey`);
    // The relay may note the publication later, which changes the journey.
    return body.complete && body.event?.publishedAt !== null;
  });
  for (const [reader, path] of [
    [anna, `${ORDERS}/${id}`],
    [anna, `${ORDERS}/${id}/journey`],
    [operator, `/v1/operator/orders/${id}/journey`],
  ] as [TestCustomer, string][]) {
    await t.test(`304 while nothing changes: ${path.replace(id, '…')}`, async () => {
      const read = (tag: string, language = 'ru-RU') =>
        reader.call('GET', path, undefined, {
          'accept-language': language,
          ...(tag !== '' && { 'if-none-match': tag }),
        });
      const first = await read('');
      const tag = first.headers.get('etag') ?? '';
      assert.match(tag, /^"[\w-]{22}"$/);
      assert.match(first.headers.get('vary') ?? '', /Accept-Language/);
      const known = await read(`"other", W/${tag}`);
      assert.deepEqual([known.status, known.body, known.headers.get('etag')], [304, '', tag]);
      // Other words are other bytes.
      const english = await read(tag, 'en-GB');
      assert.equal(english.status, 200);
      assert.notEqual(english.headers.get('etag'), tag);
      // A tag lets nobody in.
      const foreign = await (await system.customer()).call('GET', path, undefined, {
        'if-none-match': tag,
      });
      assert.ok([403, 404].includes(foreign.status));
    });
  }
}

async function checkLinks(t: TestContext, system: TestSystem) {
  const anna = await system.customer({ topUp: 1_000 });
  for (let number = 1; number <= 3; number++) await anna.call('POST', ORDERS, orderOf(100));
  await t.test('Link leads through a list, with the query, to its end', async () => {
    const ids: string[] = [];
    let path: string | undefined = `${ORDERS}?status=Paid&limit=2`;
    while (path !== undefined) {
      const { status, headers, body } = await anna.call('GET', path);
      assert.equal(status, 200);
      for (const { id } of body.data) ids.push(id);
      const link: string | null = headers.get('link');
      assert.equal(link !== null, body.nextCursor !== null);
      path = /^<(\/v1\/orders\?[^<> ]+)>; rel="next"$/.exec(link ?? '')?.[1];
      if (path !== undefined) assert.match(path, /\?status=Paid&limit=2&cursor=/);
    }
    assert.equal(new Set(ids).size, 3);
  });
}

async function checkReplays(t: TestContext, system: TestSystem) {
  const [anna, operator] = [await system.customer({ topUp: 1_000 }), await system.operator()];
  for (const [status, price] of [
    [201, 100],
    [406, 1_000_000],
  ] as const) {
    await t.test(`a repeated ${status} says that it repeats`, async () => {
      const place = () => anna.call('POST', ORDERS, orderOf(price), keyed(`k${status}`));
      const [first, again] = [await place(), await place()];
      assert.deepEqual([first.status, again.status], [status, status]);
      assert.deepEqual([replayedOf(first), replayedOf(again)], [null, 'true']);
    });
  }
  await t.test('so do repeated top-ups and reversals; a refused key is no repetition', async () => {
    const any = `/v1/operator/wallets/${anna.customerId}`;
    const body = { amount: rub(50) };
    const own = () => anna.call('POST', TOP_UPS, body, keyed('k'));
    const byOperator = () => operator.call('POST', `${any}/top-ups`, body, keyed('k'));
    for (const ask of [own, byOperator]) {
      const [first, again] = [await ask(), await ask()];
      assert.deepEqual(again.body, first.body);
      assert.deepEqual([replayedOf(first), replayedOf(again)], [null, 'true']);
    }
    const { id } = (await own()).body;
    const reverse = () =>
      operator.call('POST', `${any}/operations/${id}/reversal`, { reason: 'twice' });
    const [first, again] = [await reverse(), await reverse()];
    assert.deepEqual([replayedOf(first), replayedOf(again)], [null, 'true']);
    const other = await anna.call('POST', TOP_UPS, { amount: rub(51) }, keyed('k'));
    assertProblem(other, 422, 'idempotency-key-reused');
    assert.equal(replayedOf(other), null);
  });
}

async function checkKeys(t: TestContext, system: TestSystem) {
  const anna = await system.customer({ topUp: 10_000 });
  const place = (key: string) => anna.call('POST', ORDERS, orderOf(100), keyed(key));
  const topUp = (key: string) => anna.call('POST', TOP_UPS, { amount: rub(5) }, keyed(key));
  for (const [bare, quoted] of [
    ['abc', '"abc"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['x'.repeat(255), `"${'x'.repeat(255)}"`],
    ['\\'.repeat(255), `"${'\\'.repeat(510)}"`],
  ] as [string, string][]) {
    await t.test(`bare and quoted it is one key: ${bare.slice(0, 10)}`, async () => {
      for (const ask of [place, topUp]) {
        const [first, again, third] = [await ask(bare), await ask(quoted), await ask(bare)];
        assert.deepEqual([first.status, again.status, third.status], [201, 201, 201]);
        assert.deepEqual([again.body.id, third.body.id], [first.body.id, first.body.id]);
        // As it was sent.
        assert.equal(again.headers.get('idempotency-key'), quoted);
        assert.equal(third.headers.get('idempotency-key'), bare);
      }
    });
  }
  await t.test('quotes within a key are a part of it', async () => {
    for (const ask of [place, topUp]) {
      const [first, other] = [await ask('a/"x"'), await ask('a/x')];
      assert.notEqual(other.body.id, first.body.id);
      const [plain, nested, again] = [await ask('"n"'), await ask('"\\"n\\""'), await ask('"n"')];
      assert.notEqual(nested.body.id, plain.body.id);
      assert.equal(again.body.id, plain.body.id);
    }
  });
  await t.test('quoted first, bare afterwards', async () => {
    for (const ask of [place, topUp]) {
      const [first, again] = [await ask('"quoted"'), await ask('quoted')];
      assert.deepEqual([first.status, again.body.id], [201, first.body.id]);
    }
  });
  for (const key of ['"', '""', '"abc', '"a"b"', '"a\\b"', '"abc";a=1']) {
    await t.test(`no quoted string, so taken as it is: ${key}`, async () => {
      for (const ask of [place, topUp]) {
        const [first, again] = [await ask(key), await ask(key)];
        assert.deepEqual([first.status, again.body.id], [201, first.body.id]);
        assert.equal(first.headers.get('idempotency-key'), key);
      }
    });
  }
  for (const key of ['"a b"', '"abc", "d"']) {
    await t.test(`400 for characters that are not visible: ${key}`, async () => {
      for (const path of [ORDERS, TOP_UPS]) {
        const body = path === ORDERS ? orderOf(100) : { amount: rub(5) };
        const answer = await anna.call('POST', path, body, keyed(key));
        assertProblem(answer, 400, 'invalid-request');
        const [{ parameter, detail }] = answer.body.errors;
        assert.equal(parameter, 'idempotency-key');
        assert.match(detail, /от 1 до 255 видимых символов ASCII: как есть или в кавычках/);
        assert.equal(answer.headers.get('idempotency-key'), null);
      }
    });
  }
  await t.test('400 for more than 255 characters without the quotes', async () => {
    for (const key of ['x'.repeat(256), `"${'x'.repeat(256)}"`, `"${'x'.repeat(255)}`]) {
      assertProblem(await place(key), 400, 'invalid-request');
    }
  });
}

async function checkChallenges(t: TestContext, system: TestSystem) {
  const anna = await system.customer();
  const challengeOf = async (authorization?: string, path = '/v1/wallet') => {
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await rawCall(system.url, { path, headers });
    return [answer.status, answer.headers.get('www-authenticate')];
  };
  await t.test('WWW-Authenticate says why a token is refused (RFC 6750)', async () => {
    for (const none of [undefined, '', 'Basic YTpi', 'Bearerx a.b.c', anna.token]) {
      assert.deepEqual(await challengeOf(none), [401, 'Bearer'], String(none));
    }
    const [head, , signature] = anna.token.split('.');
    const payload = Buffer.from(JSON.stringify({ exp: nowPlus(300) })).toString('base64url');
    for (const bad of [`${head}.${payload}.${signature}`, 'a.b.c', 'opaque', 'x'.repeat(9_000)]) {
      const [status, challenge] = await challengeOf(`Bearer ${bad}`);
      assert.equal(status, 401);
      assert.match(String(challenge), /^Bearer error="invalid_token", error_description="[ -~]+"$/);
    }
    for (const malformed of ['Bearer', 'Bearer a b', 'bearer a,b', `Bearer "${anna.token}"`]) {
      const [status, challenge] = await challengeOf(malformed);
      assert.equal(status, 401, malformed);
      assert.match(String(challenge), /^Bearer error="invalid_request", error_description="/);
    }
    const [status, challenge] = await challengeOf(`Bearer ${anna.token}`, '/v1/operator/overview');
    assert.equal(status, 403);
    assert.match(
      String(challenge),
      /^Bearer error="insufficient_scope", error_description="[ -~]+", scope="operator"$/,
    );
  });
}

test('what a former version stored with its quotes is found, and a lost answer is no replay', async (t) => {
  const [orders, billing] = [await startFaultProxy(t), await startFaultProxy(t)];
  const system = await startTestSystem(t, {
    ORDERS_URL: orders.url,
    BILLING_URL: billing.url,
    RECOVERY_AGE_MS: '600000',
  });
  orders.target(...system.urlsOf('orders'));
  billing.target(...system.urlsOf('billing'));
  const anna = await system.customer({ topUp: 10_000 });
  const place = (key: string) => anna.call('POST', ORDERS, orderOf(100), keyed(key));
  const topUp = (key: string) => anna.call('POST', TOP_UPS, { amount: rub(5) }, keyed(key));

  await t.test('a key that was stored with its quotes', async () => {
    const [order, operation] = [await place('bare'), await topUp('bare')];
    for (const [service, statement, id] of [
      ['orders', 'update orders set idempotency_key = \'"former"\' where id = $1', order.body.id],
      [
        'billing',
        `update operations set idempotency_key = 'self/"former"' where id = $1`,
        operation.body.id,
      ],
    ] as const) {
      await queryRows(system.databaseUrl(service), statement, [id]);
    }
    assert.equal((await place('"former"')).body.id, order.body.id);
    assert.equal((await topUp('"former"')).body.id, operation.body.id);
  });

  await t.test('the first order is no replay, although its first answer was lost', async () => {
    orders.setFault({ kind: 'swallow-answers', requests: /^POST \/orders /, times: 1 });
    const first = await place('lost');
    assert.deepEqual([first.status, replayedOf(first)], [201, null]);
    assert.equal(replayedOf(await place('lost')), 'true');
    billing.setFault({ kind: 'swallow-answers', requests: /^POST \/wallets\//, times: 1 });
    const added = await topUp('lost');
    assert.deepEqual([added.status, replayedOf(added)], [201, null]);
    assert.equal(replayedOf(await topUp('lost')), 'true');
  });

  await t.test('a repeated 202 says that it repeats', async () => {
    const hasty = await system.startExtraGateway({ ORDER_DEADLINE_MS: '1000' });
    const at = (url: string) =>
      call(url, 'POST', ORDERS, {
        headers: { authorization: `Bearer ${anna.token}`, ...keyed('open') },
        body: orderOf(100),
      });
    billing.setFault({ kind: 'hang', requests: /^PUT \/payments\// });
    const first = await answeredWith(202, () => at(hasty.url));
    const again = await answeredWith(202, () => at(hasty.url));
    assert.deepEqual([replayedOf(first), replayedOf(again)], [null, 'true']);
    billing.setFault(null);
    assert.equal(again.body.id, first.body.id);
    const ended = await answeredWith(201, () => at(hasty.url));
    assert.equal(ended.body.id, first.body.id);
    assert.equal(replayedOf(await at(system.url)), 'true');
  });

  await t.test('so does a repeated 409 of an order that recovery has closed', async () => {
    const hasty = await system.startExtraGateway({ ORDER_DEADLINE_MS: '1000' });
    const body = orderOf(100);
    const headers = { authorization: `Bearer ${anna.token}`, ...keyed('voided') };
    billing.setFault({ kind: 'hang', requests: /^PUT \/payments\/[^/]+ / });
    const { id } = (
      await answeredWith(202, () => call(hasty.url, 'POST', ORDERS, { headers, body }))
    ).body;
    await system.startExtraGateway({ RECOVERY_AGE_MS: '0', RECOVERY_INTERVAL_MS: '50' });
    await eventually('the end of the order', async () => {
      const { status } = (await anna.call('GET', `${ORDERS}/${id}`)).body;
      return status === 'Cancelled';
    });
    billing.setFault(null);
    const again = await call(system.url, 'POST', ORDERS, { headers, body });
    assertProblem(again, 409, 'order-cancelled');
    assert.equal(replayedOf(again), 'true');
  });
});
