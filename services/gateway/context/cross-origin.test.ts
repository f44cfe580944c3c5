import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { loadConfig } from '#platform/config/load-config.ts';
import { GatewayConfig, startGateway } from '../service.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const ENV = {
  PORT: '0',
  GATEWAY_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  ORDERS_URL: 'http://127.0.0.1:1',
  BILLING_URL: 'http://127.0.0.1:1',
  PROFILES_URL: 'http://127.0.0.1:1',
  NOTIFICATIONS_URL: 'http://127.0.0.1:1',
  IDENTITY_URL: 'http://127.0.0.1:1',
};
const SHOP = 'https://shop.example';

const configOf = (env: Record<string, string>) =>
  loadConfig('gateway', GatewayConfig, { ...ENV, ...env });

async function start(t: TestContext, env: Record<string, string>) {
  const gateway = await startGateway(configOf(env), pino({ level: 'silent' }));
  t.after(() => gateway.close());
  type Headers = Record<string, string | string[]>;
  return (method: string, path: string, headers: Headers = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<{
      status: number;
      headers: Record<string, string>;
    }>();
    const sent = request(gateway.url + path, { method, headers, agent: false }, (answer) =>
      answer.resume().on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers as Record<string, string>,
        }),
      ),
    );
    sent.on('error', reject).end();
    return promise;
  };
}

/** The headers of an answer that let a page of another origin read it. */
const sharing = (headers: Record<string, string>) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'));

test('an origin is named as browsers send it, and * is none', () => {
  const origins = `${SHOP},http://localhost:3000`;
  assert.deepEqual(configOf({ CORS_ORIGINS: origins }).CORS_ORIGINS, origins.split(','));
  assert.deepEqual(configOf({}).CORS_ORIGINS, []);
  for (const [text, fault] of [
    ['*', /CORS_ORIGINS.* must name each origin: \* would let every page in/],
    [`${SHOP},*`, /must name each origin/],
    ['null', /must be an origin such as/],
    ['shop.example', /must be an origin such as/],
    ['file:///tmp', /must be an origin such as/],
    [`${SHOP}/`, /without a path: here https:\/\/shop\.example$/m],
    [`${SHOP}/cart`, /here https:\/\/shop\.example$/m],
    [`${SHOP}:443`, /here https:\/\/shop\.example$/m],
    ['https://Shop.example', /here https:\/\/shop\.example$/m],
    ['https://*.shop.example', /must name each origin/],
    ['https://anna:secret@shop.example', /here https:\/\/shop\.example$/m],
  ] as const) {
    assert.throws(() => configOf({ CORS_ORIGINS: text }), fault, text);
  }
});

test('a listed origin may read every answer of the API, also refusals, and send no cookies', async (t) => {
  const ask = await start(t, { CORS_ORIGINS: `https://other.example,${SHOP}` });
  for (const [method, path, status] of [
    ['GET', '/v1/wallet', 401],
    ['GET', '/v1/nothing', 404],
    ['DELETE', '/v1/orders', 405],
    ['POST', '/v1/registrations', 400],
  ] as const) {
    const answer = await ask(method, path, { origin: SHOP });
    assert.equal(answer.status, status, path);
    assert.equal(answer.headers['access-control-allow-origin'], SHOP, path);
    assert.match(answer.headers.vary ?? '', /\bOrigin\b/);
    const exposed = answer.headers['access-control-expose-headers']?.split(', ') ?? [];
    for (const name of ['Location', 'ETag', 'Link', 'Retry-After', 'Idempotency-Key']) {
      assert.ok(exposed.includes(name), name);
    }
    for (const name of ['Idempotent-Replayed', 'WWW-Authenticate', 'X-Trace-Id']) {
      assert.ok(exposed.includes(name), name);
    }
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  }
  // What is not the API stays with its own pages.
  for (const path of ['/', '/console.json', '/livez', '/problems', '/v1', '/mailbox/messages']) {
    assert.deepEqual(sharing((await ask('GET', path, { origin: SHOP })).headers), [], path);
  }
});

test('a preflight of a listed origin names the methods of the path', async (t) => {
  const ask = await start(t, { CORS_ORIGINS: SHOP });
  const preflight = { origin: SHOP, 'access-control-request-method': 'POST' };
  const { status, headers } = await ask('OPTIONS', '/v1/orders', preflight);
  assert.equal(status, 204);
  assert.equal(headers['access-control-allow-origin'], SHOP);
  assert.equal(headers['access-control-allow-methods'], 'POST, GET, HEAD, OPTIONS');
  assert.match(headers['access-control-allow-headers'] ?? '', /Authorization, .*Idempotency-Key/);
  assert.equal(headers['access-control-max-age'], '600');
  assert.equal(headers['access-control-allow-credentials'], undefined);
  const unknown = await ask('OPTIONS', '/v1/nothing', preflight);
  assert.equal(unknown.status, 404);
  assert.equal(unknown.headers['access-control-allow-methods'], undefined);
});

test('no other origin gets in, however it is spelled', async (t) => {
  const ask = await start(t, { CORS_ORIGINS: `${SHOP},http://localhost:3000` });
  for (const origin of [
    'null',
    '*',
    '',
    'https://evil.example',
    'http://shop.example',
    'https://shop.example:8443',
    'https://shop.example:443',
    'https://shop.example.',
    'https://shop.example/',
    'HTTPS://SHOP.EXAMPLE',
    'https://shop.example.evil.example',
    'https://evil-shop.example',
    'http://localhost',
    'http://127.0.0.1:3000',
    `${SHOP}, ${SHOP}`,
    [SHOP, SHOP],
    [SHOP, 'https://evil.example'],
  ]) {
    const name = String(origin);
    const given = { origin, 'access-control-request-method': 'POST' };
    const preflight = await ask('OPTIONS', '/v1/orders', given);
    assert.deepEqual([preflight.status, sharing(preflight.headers)], [204, []], name);
    const read = await ask('GET', '/v1/wallet', { origin });
    assert.deepEqual([read.status, sharing(read.headers)], [401, []], name);
    // A cache must not hand this answer to a listed origin.
    assert.equal(read.headers.vary, 'Origin', name);
  }
});

test('without the setting OPTIONS still answers, and nothing is shared', async (t) => {
  const ask = await start(t, {});
  const given = { origin: SHOP, 'access-control-request-method': 'POST' };
  const { status, headers } = await ask('OPTIONS', '/v1/orders', given);
  assert.deepEqual([status, headers.allow], [204, 'POST, GET, HEAD, OPTIONS']);
  assert.deepEqual([sharing(headers), headers.vary], [[], undefined]);
  assert.equal((await ask('OPTIONS', '/v1/nothing', given)).status, 404);
});

test('where names of hosts are checked, OPTIONS of another name is refused too', async (t) => {
  const ask = await start(t, { CORS_ORIGINS: SHOP, MAILBOX_URL: 'http://127.0.0.1:1' });
  const given = { origin: SHOP, host: 'evil.example', 'access-control-request-method': 'POST' };
  assert.equal((await ask('OPTIONS', '/v1/orders', given)).status, 421);
  assert.equal((await ask('OPTIONS', '/v1/orders', { ...given, host: 'localhost' })).status, 204);
});
