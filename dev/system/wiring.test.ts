import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import type { ServiceDefinition } from '#platform/service/definition.ts';
import { createSecrets } from './secrets.ts';
import { loadServices } from './services.ts';
import { createWiring } from './wiring.ts';

const options = {
  databaseUrl: (name: string) => `postgres://localhost/${name}`,
  secrets: createSecrets(),
  smtpUrl: 'smtp://localhost:25',
};

/** A service of which only the names of its settings matter. */
function service(name: string, ...settings: string[]): ServiceDefinition {
  return {
    name,
    settings: Type.Object(Object.fromEntries(settings.map((setting) => [setting, Type.String()]))),
    start: () => assert.fail('nothing is started'),
  };
}

test('services start after those that they call', async () => {
  const { stages } = await createWiring(await loadServices(), options);
  assert.deepEqual(
    stages.map((stage) => stage.map(({ name }) => name)),
    [['orders', 'billing', 'profiles', 'identity', 'webhooks'], ['notifications'], ['gateway']],
  );
});

test('services that call each other are refused by name', async () => {
  const circle = [service('a', 'B_URL'), service('b', 'A_URL'), service('c')];
  await assert.rejects(createWiring(circle, options), /^Error: services call each other: a, b$/);
});

test('a service gets the settings that its schema names, and no other', async () => {
  const { settingsOf } = await createWiring(await loadServices(), options);
  const names = ['PROFILES_DATABASE_URL', 'ORDERS_URL', 'SMTP_URL', 'OTHER'];
  assert.deepEqual(settingsOf(service('profiles', ...names), { orders: 'http://o:1,http://o:2' }), {
    PROFILES_DATABASE_URL: 'postgres://localhost/profiles',
    ORDERS_URL: 'http://o:1,http://o:2',
    SMTP_URL: 'smtp://localhost:25',
    OTHER: undefined,
  });
});

test('a caller without a stored key gets one, and the others its public half', async () => {
  const caller = service('ratings', 'RATINGS_PRIVATE_KEY', 'SERVICE_PUBLIC_KEYS');
  const gateway = service('gateway', 'GATEWAY_PRIVATE_KEY');
  const { settingsOf } = await createWiring([caller, gateway], options);
  const settings = settingsOf(caller, {});
  assert.match(settings.RATINGS_PRIVATE_KEY ?? '', /^-----BEGIN PRIVATE KEY-----/);
  const { keys } = JSON.parse(settings.SERVICE_PUBLIC_KEYS ?? '');
  assert.deepEqual(
    keys.map(({ kid }: { kid: string }) => kid),
    ['ratings', 'gateway'],
  );
  assert.equal(settingsOf(gateway, {}).GATEWAY_PRIVATE_KEY, options.secrets.gatewayKey);
});
