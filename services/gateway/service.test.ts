import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import pino from 'pino';
import { loadConfig } from '#platform/config/load-config.ts';
import { GatewayConfig, startGateway } from './service.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const ENV = {
  PORT: '0',
  GATEWAY_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  ORDERS_URL: 'http://127.0.0.1:1',
  BILLING_URL: 'http://127.0.0.1:1',
  PROFILES_URL: 'http://127.0.0.1:1',
  NOTIFICATIONS_URL: 'http://127.0.0.1:1',
};
const start = async (env: Record<string, string>) =>
  startGateway(loadConfig('gateway', GatewayConfig, { ...ENV, ...env }), pino({ level: 'silent' }));

test('without an issuer, or with one whose keys anybody could exchange, it does not start', async () => {
  await assert.rejects(start({}), /IDENTITY_URL is not set: it is needed where OIDC_ISSUER is not/);
  await assert.rejects(start({ OIDC_ISSUER: 'http://issuer.example.com' }), (error: Error) => {
    assert.match(error.message, /\n {2}OIDC_ISSUER must be an https:\/\/ URL/);
    // It is given, if wrongly: not the one that is missing.
    assert.doesNotMatch(error.message, /IDENTITY_URL/);
    return true;
  });
  await assert.rejects(start({ IDENTITY_URL: 'nowhere' }), /IDENTITY_URL must be an http/);
});

test('ID tokens cannot pass as access tokens, and no call goes beyond this machine in clear', async () => {
  const issuer = { OIDC_ISSUER: 'https://id.example', IDENTITY_URL: '' };
  for (const env of [
    { ...issuer, OIDC_CLIENT_ID: 'orderbell' },
    { ...issuer, OIDC_CLIENT_ID: 'console', OIDC_AUDIENCE: 'console' },
  ]) {
    await assert.rejects(
      start(env),
      /OIDC_CLIENT_ID must differ from OIDC_AUDIENCE: the aud of an ID/,
    );
  }
  for (const name of ['ORDERS_URL', 'BILLING_URL', 'IDENTITY_URL', 'MAILBOX_URL']) {
    const env = { IDENTITY_URL: 'http://127.0.0.1:1', [name]: 'http://10.0.0.1:8080' };
    await assert.rejects(start(env), new RegExp(`\\n {2}${name} must be https://: `));
  }
});

test('metrics are on the public port only where that is said', async (t) => {
  const silent = await start({ IDENTITY_URL: 'http://127.0.0.1:1' });
  t.after(() => silent.close());
  assert.equal((await fetch(`${silent.url}/metrics`)).status, 404);
  const served = await start({ IDENTITY_URL: 'http://127.0.0.1:1', METRICS: 'true' });
  t.after(() => served.close());
  assert.match(
    await (await fetch(`${served.url}/metrics`)).text(),
    /^process_cpu_seconds_total \d/m,
  );
});

test('METRICS_PORT serves the metrics apart, and a port that is in use is named', async (t) => {
  const gateway = await start({ IDENTITY_URL: 'http://127.0.0.1:1', METRICS_PORT: '0' });
  t.after(() => gateway.close());
  const { metricsUrl = '' } = gateway;
  assert.notEqual(new URL(metricsUrl).port, new URL(gateway.url).port);
  assert.match(
    await (await fetch(metricsUrl)).text(),
    /^orderbell_order_requests_total\{outcome="paid"\} 0$/m,
  );
  assert.equal((await fetch(`${gateway.url}/metrics`)).status, 404);
  const METRICS_PORT = new URL(metricsUrl).port;
  await assert.rejects(start({ IDENTITY_URL: 'http://127.0.0.1:1', METRICS_PORT }), {
    message: `port ${METRICS_PORT} on 127.0.0.1 is already in use; METRICS_PORT sets another`,
  });
});

test('it starts and answers while no other service does', async (t) => {
  const gateway = await start({ IDENTITY_URL: 'http://127.0.0.1:1' });
  t.after(() => gateway.close());
  for (const path of ['/livez', '/openapi.json', '/asyncapi.json', '/docs']) {
    assert.equal((await fetch(gateway.url + path)).status, 200, path);
  }
  // It can neither take orders nor tell whose they are.
  const ready = await fetch(`${gateway.url}/readyz`);
  const failed = ['billing', 'keys', 'orders'];
  assert.deepEqual(await ready.json(), { status: 'unavailable', failed });
});

test('the console is at / where it is wanted, and says what this set-up is like', async (t) => {
  const gateway = await start({
    IDENTITY_URL: 'http://127.0.0.1:1',
    MAILBOX_URL: 'http://127.0.0.1:1',
    CURRENCY: 'EUR',
  });
  t.after(() => gateway.close());
  const browser = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };
  const page = await fetch(`${gateway.url}/orders/new`, browser);
  assert.equal(page.status, 200);
  assert.equal(await (await fetch(gateway.url)).text(), await page.clone().text());
  // To programs it is no page where services have such a path, and what is no page is none to all.
  assert.equal((await fetch(`${gateway.url}/orders/new`)).status, 404);
  assert.equal((await fetch(`${gateway.url}/mailbox`)).status, 200);
  for (const path of ['/orders-of-all', '/console', '/v1/nothing', '/index.html']) {
    assert.equal((await fetch(gateway.url + path, browser)).status, 404, path);
  }
  // People see the console's own page, programs a problem.
  for (const path of ['/nothing', '/orders/new/more', '/profile/x', '/assets/x.js', '/docs/x']) {
    const unknown = await fetch(gateway.url + path, browser);
    assert.deepEqual(
      [unknown.status, await unknown.text()],
      [404, await page.clone().text()],
      path,
    );
    const problem = await fetch(gateway.url + path);
    assert.equal(problem.status, 404, path);
    assert.equal(((await problem.json()) as { code: string }).code, 'not-found', path);
  }
  for (const path of ['/v1/nothing', '/v1', '/mailbox/messages/x/y']) {
    const type = (await fetch(gateway.url + path, browser)).headers.get('content-type');
    assert.match(type ?? '', /json/, path);
  }
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  const [script] = /\/assets\/[\w.-]+\.js/.exec(await page.text()) ?? [];
  const asset = await fetch(`${gateway.url}${script}`, { headers: { 'accept-encoding': 'br' } });
  assert.equal(asset.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal(asset.headers.get('content-encoding'), 'br');
  assert.match(asset.headers.get('content-type') ?? '', /javascript/);
  assert.deepEqual(await (await fetch(`${gateway.url}/console.json`)).json(), {
    currency: 'EUR',
    selfTopUp: false,
    signIn: 'password',
    issuer: null,
    mailbox: true,
    faultLab: false,
    webhooks: false,
    confirmAddresses: true,
    operator: { claim: 'scope', value: 'operator' },
    commandLine: 'npm run orderbell --',
  });
});

test('without the console / leads to the docs', async (t) => {
  const gateway = await start({ IDENTITY_URL: 'http://127.0.0.1:1', CONSOLE: 'false' });
  t.after(() => gateway.close());
  const answer = await fetch(gateway.url, { redirect: 'manual' });
  assert.deepEqual([answer.status, answer.headers.get('location')], [302, '/docs']);
  assert.equal((await fetch(`${gateway.url}/console.json`)).status, 404);
});

test('an installation without webhooks has no such operations', async (t) => {
  const path = '/v1/operator/webhook-endpoints';
  const without = await start({ IDENTITY_URL: 'http://127.0.0.1:1' });
  t.after(() => without.close());
  assert.equal((await fetch(without.url + path)).status, 404);
  const url = 'http://127.0.0.1:1';
  const served = await start({ IDENTITY_URL: url, WEBHOOKS_URL: url });
  t.after(() => served.close());
  assert.equal((await fetch(served.url + path)).status, 401);
});
