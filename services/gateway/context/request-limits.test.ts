import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import pino from 'pino';
import { watchRoutes } from '#harness/registered-routes.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { GatewayConfig, startGateway } from '../service.ts';
import { classOf } from './request-limits.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const NOWHERE = 'http://127.0.0.1:1';
const ENV = {
  PORT: '0',
  GATEWAY_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  ...Object.fromEntries(
    ['ORDERS', 'BILLING', 'PROFILES', 'NOTIFICATIONS', 'IDENTITY', 'MAILBOX'].map((name) => [
      `${name}_URL`,
      NOWHERE,
    ]),
  ),
  METRICS: 'true',
};

/** The routes of a gateway that serves all it can, as they are registered. */
async function registeredRoutes(): Promise<string[]> {
  const log = pino({ level: 'silent' });
  const { started: gateway, routes } = await watchRoutes(() =>
    startGateway(loadConfig('gateway', GatewayConfig, ENV), log),
  );
  await gateway.close();
  return routes.map(({ method, url }) => `${method} ${url}`);
}

test('every route has an admission class; only health is never refused', async () => {
  const byClass = new Map<string | null, string[]>();
  for (const route of await registeredRoutes()) {
    const [method, url] = route.split(' ') as [string, string];
    const name = classOf(method, url);
    byClass.set(name, [...(byClass.get(name) ?? []), route]);
  }
  const routesOf = (name: string | null) => byClass.get(name)?.sort();
  assert.deepEqual(routesOf(null), ['GET /livez', 'GET /readyz', 'HEAD /livez', 'HEAD /readyz']);
  assert.deepEqual(routesOf('orders'), ['POST /v1/orders']);
  assert.ok(routesOf('sign-ins')?.includes('POST /v1/sessions'));
  assert.deepEqual(routesOf('metrics'), ['GET /metrics', 'HEAD /metrics']);
  assert.ok(routesOf('mailbox')?.includes('GET /mailbox/messages'));
  for (const path of [
    '/',
    '/docs',
    '/docs/assets/*',
    '/assets/*',
    '/openapi.json',
    '/orders/:id',
  ]) {
    assert.ok(routesOf('pages')?.includes(`GET ${path}`), path);
  }
  for (const [name, start] of [
    ['operator', '/v1/operator/'],
    ['requests', '/v1/'],
    ['pages', '/'],
  ] as const) {
    assert.ok(
      routesOf(name)?.every((route) => route.split(' ')[1]?.startsWith(start)),
      name,
    );
  }
  assert.ok(routesOf('pages')?.every((route) => !/ \/(?:v1|mailbox\/m)/.test(route)));
  // No route at all.
  assert.equal(classOf('GET', undefined), 'pages');
});
