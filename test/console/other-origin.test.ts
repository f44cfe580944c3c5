import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { barriersOn, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, startTestSystem } from '#harness/system/system.ts';

// A shop of another origin in a real browser, and the pages about problems.

/** A page of its own origin. */
async function startShop(t: TestContext): Promise<string> {
  const server = createServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Shop'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** One request of the page. */
const ASK = `async ([url, method, headers, body]) => {
  try {
    const answer = await fetch(url, { method, headers, ...(body && { body }) });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: text && JSON.parse(text),
    };
  } catch (error) {
    return { refused: error.name };
  }
}`;

// biome-ignore lint/suspicious/noExplicitAny: read as a page reads it
type Seen = any;

test('a page of a listed origin uses the whole API, another one reads nothing', {
  skip: skipWithoutChromium,
}, async (t) => {
  const [shop, stranger] = [await startShop(t), await startShop(t)];
  const system = await startTestSystem(t, { CORS_ORIGINS: shop });
  const anna = await system.customer({ topUp: 1_000 });
  const bearer = { authorization: `Bearer ${anna.token}` };
  const json = { ...bearer, 'content-type': 'application/json' };

  const openAt = async (t: TestContext, origin: string) => {
    const browser = await startBrowser(t, origin);
    const { page, allow } = await browser.openPage(t);
    // The browser notes requests to another host, and each refusal.
    for (const text of ['asks another host', 'status of', 'blocked by CORS', 'net::ERR_FAILED']) {
      allow(text, '');
    }
    await page.goto('/');
    return (method: string, path: string, headers: object = bearer, body?: unknown) =>
      page.evaluate<Seen>(
        `(${ASK})(${JSON.stringify([system.url + path, method, headers, JSON.stringify(body)])})`,
      );
  };

  await t.test('it orders, reads the headers, and polls with a tag', async (t) => {
    const ask = await openAt(t, shop);
    const keyed = { ...json, 'idempotency-key': 'shop' };
    const placed = await ask('POST', '/v1/orders', keyed, orderOf(100));
    assert.equal(placed.status, 201);
    assert.equal(placed.headers.location, `/v1/orders/${placed.body.id}`);
    assert.equal(placed.headers['idempotency-key'], 'shop');
    const again = await ask('POST', '/v1/orders', keyed, orderOf(100));
    assert.equal(again.headers['idempotent-replayed'], 'true');
    const read = await ask('GET', placed.headers.location);
    const tagged = { ...bearer, 'if-none-match': read.headers.etag };
    assert.equal((await ask('GET', placed.headers.location, tagged)).status, 304);
    await ask('POST', '/v1/orders', json, orderOf(100));
    const page = await ask('GET', '/v1/orders?limit=1');
    assert.match(page.headers.link, /^<\/v1\/orders\?.*>; rel="next"$/);
    const profile = await ask('GET', '/v1/profile');
    const stale = await ask(
      'PUT',
      '/v1/profile',
      { ...json, 'if-match': '"stale"' },
      { email: anna.email, name: 'Anna', locale: 'en' },
    );
    assert.deepEqual([profile.status, stale.status], [200, 412]);
  });

  await t.test('it reads why it is refused', async (t) => {
    const ask = await openAt(t, shop);
    const declined = await ask('POST', '/v1/orders', json, orderOf(1_000_000));
    assert.deepEqual([declined.status, declined.body.code], [406, 'insufficient-funds']);
    assert.equal(declined.body.type, '/problems/insufficient-funds');
    const unknown = await ask('GET', '/v1/wallet', { authorization: 'Bearer a.b.c' });
    assert.match(unknown.headers['www-authenticate'], /error="invalid_token"/);
    assert.equal((await ask('GET', `/v1/orders/${anna.customerId}`)).status, 404);
  });

  await t.test('a page of another origin reads nothing and orders nothing', async (t) => {
    const before = (await anna.call('GET', '/v1/orders')).body.data.length;
    const ask = await openAt(t, stranger);
    for (const [method, path, headers, body] of [
      ['GET', '/v1/wallet', bearer, undefined],
      ['POST', '/v1/orders', json, orderOf(100)],
      ['GET', '/openapi.json', {}, undefined],
      ['GET', '/mailbox/messages', {}, undefined],
    ] as const) {
      assert.deepEqual(await ask(method, path, headers, body), { refused: 'TypeError' }, path);
    }
    assert.equal((await anna.call('GET', '/v1/orders')).body.data.length, before);
  });

  await t.test('the listed origin does not reach beyond the API', async (t) => {
    const ask = await openAt(t, shop);
    for (const path of ['/console.json', '/mailbox/messages', '/openapi.json']) {
      assert.deepEqual(await ask('GET', path, {}), { refused: 'TypeError' }, path);
    }
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`the pages about problems have no barriers: ${colorScheme}`, async (t) => {
      const browser = await startBrowser(t, system.url);
      for (const locale of ['ru-RU', 'en-US'] as const) {
        const { page } = await browser.openPage(t, { colorScheme, locale });
        await page.goto('/problems');
        assert.deepEqual(await barriersOn(page), []);
        await page.getByRole('link', { name: /Недостаточно средств|Insufficient funds/ }).click();
        // The page before has a heading too.
        await page.waitForURL((url) => url.pathname === '/problems/insufficient-funds');
        await page.getByRole('heading', { level: 1 }).waitFor();
        assert.deepEqual(await barriersOn(page), []);
        assert.equal(
          await page.evaluate('getComputedStyle(document.body).backgroundColor'),
          colorScheme === 'dark' ? 'rgb(16, 22, 21)' : 'rgb(245, 246, 244)',
        );
        const language = locale === 'ru-RU' ? ['English', 'en'] : ['Русский', 'ru'];
        await page.getByRole('link', { name: language[0] as string, exact: true }).click();
        await page.locator(`html[lang=${language[1]}]`).waitFor();
      }
    });
  }
});
