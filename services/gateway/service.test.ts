import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import pino from 'pino';
import { loadConfig } from '#platform/config.ts';
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
const start = (env: Record<string, string>) =>
  startGateway(loadConfig('gateway', GatewayConfig, { ...ENV, ...env }), pino({ level: 'silent' }));

test('without an issuer, or with one whose keys anybody could exchange, it does not start', async () => {
  await assert.rejects(start({}), /neither OIDC_ISSUER nor IDENTITY_URL/);
  await assert.rejects(start({ OIDC_ISSUER: 'http://issuer.example.com' }), /only https/);
  await assert.rejects(start({ IDENTITY_URL: 'nowhere' }), /Invalid URL/);
});

test('it starts and answers while no other service does', async (t) => {
  const gateway = await start({ IDENTITY_URL: 'http://127.0.0.1:1' });
  t.after(() => gateway.close());
  for (const path of ['/livez', '/readyz', '/openapi.json', '/asyncapi.json', '/docs']) {
    assert.equal((await fetch(gateway.url + path)).status, 200, path);
  }
});
