import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import type { TObject, TSchema } from 'typebox';
import { settingSchemas } from '#dev/settings.ts';
import { SERVICES } from '#dev/system/services.ts';
import { processSettings, startServiceProcess } from '#harness/system/processes.ts';
import { mergeSettings } from '#platform/config/load-config.ts';
import { RunSettings } from '#platform/service/run.ts';

// The settings of each service: one start reports every mistake.

/** Settings that take any text: names in tokens and passwords that other parties choose. */
const FREE_TEXTS = [
  ...['OIDC_AUDIENCE', 'TOKEN_ISSUER', 'TOKEN_AUDIENCE', 'OPERATOR_CLAIM', 'OPERATOR_CLAIM_VALUE'],
  ...['KAFKA_SASL_PASSWORD', 'KAFKA_OAUTH_CLIENT_SECRET'],
];

function isFreeText(schema: TSchema): boolean {
  const { type } = schema as { type?: string };
  return type === 'string' && !['format', 'pattern', 'check'].some((rule) => rule in schema);
}

function schemaOf(name: string): TObject {
  return mergeSettings(settingSchemas[name] as TObject, RunSettings);
}

/** A text that no setting of this type takes: none but lists may hold a comma and a space. */
function wrongValueOf(schema: TSchema & { items?: { format?: string } }): string {
  const list = 'items' in schema;
  return list && schema.items?.format === undefined ? ' , ,' : 'hunter 2,';
}

/** The settings that the lines of the complaint are about, in their order. */
function namesIn(complaint: string): string[] {
  return [...complaint.matchAll(/^ {2}([A-Z][A-Z0-9_]*) \S/gm)].map((match) => match[1] as string);
}

test('a port that is in use is named with its setting', async (t) => {
  const settings = await processSettings(t);
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const PORT = String((server.address() as AddressInfo).port);
  for (const name of ['gateway', 'billing']) {
    const service = startServiceProcess(t, name, settings.of(name, { PORT }));
    assert.equal(await service.exited, 1);
    assert.match(
      service.complained(),
      new RegExp(`port ${PORT} on 127\\.0\\.0\\.1 is already in use; PORT sets another`),
    );
  }
});

test('few settings take any text', () => {
  for (const name of SERVICES) {
    const properties = Object.entries(schemaOf(name).properties) as [string, TSchema][];
    const free = properties.filter(([, schema]) => isFreeText(schema)).map(([setting]) => setting);
    const stray = free.filter((setting) => !FREE_TEXTS.includes(setting));
    assert.deepEqual(stray, [], `${name}: give them a format or a pattern`);
  }
});

for (const name of SERVICES) {
  test(`${name} names every setting that has a wrong value, and no value`, async (t) => {
    const properties = Object.entries(schemaOf(name).properties) as [string, TSchema][];
    const chosen = properties.filter(([, schema]) => !isFreeText(schema));
    const env = Object.fromEntries(
      properties.map(([setting, schema]) => [
        setting,
        isFreeText(schema) ? 'any text' : wrongValueOf(schema),
      ]),
    );
    const service = startServiceProcess(t, name, env);
    assert.equal(await service.exited, 1);
    assert.match(service.complained(), new RegExp(`^${name} cannot start:\\n`));
    assert.deepEqual(
      namesIn(service.complained()),
      chosen.map(([setting]) => setting),
    );
    assert.doesNotMatch(service.complained(), /hunter|\n\s+at /);
    assert.equal(service.printed().trim().split('\n').length, 1);
  });

  test(`${name} without settings names every one that it needs`, async (t) => {
    const { required = [] } = schemaOf(name) as { required?: string[] };
    const { properties } = schemaOf(name);
    const needed = required.filter((setting) => !('default' in (properties[setting] as TSchema)));
    // Required without an external issuer.
    if (name === 'gateway') needed.push('IDENTITY_URL');
    // Required without a Kafka.
    if ('BROKER_DATABASE_URL' in properties) needed.push('BROKER_DATABASE_URL');
    const service = startServiceProcess(t, name, {});
    assert.equal(await service.exited, 1);
    assert.deepEqual(namesIn(service.complained()), needed);
  });
}

test('rules over several settings are reported in one list with the others', async (t) => {
  const gateway = startServiceProcess(t, 'gateway', {
    ORDERS_URL: 'http://orders',
    BILLING_URL: 'http://billing',
    PROFILES_URL: 'http://p',
    NOTIFICATIONS_URL: 'ftp://n',
    GATEWAY_PRIVATE_KEY: 'x',
  });
  const identity = startServiceProcess(t, 'identity', { OPERATOR_EMAIL: 'a@b.example' });
  const orders = startServiceProcess(t, 'orders', {
    KAFKA_BROKERS: 'kafka',
    KAFKA_SASL_USERNAME: 'anna',
    KAFKA_TLS_KEY: 'x',
  });
  assert.equal(await gateway.exited, 1);
  assert.deepEqual(namesIn(gateway.complained()), [
    ...['GATEWAY_PRIVATE_KEY', 'NOTIFICATIONS_URL', 'IDENTITY_URL'],
    // http beyond this machine.
    ...['ORDERS_URL', 'BILLING_URL', 'PROFILES_URL'],
  ]);
  assert.equal(await identity.exited, 1);
  assert.deepEqual(namesIn(identity.complained()), [
    ...['SERVICE_PUBLIC_KEYS', 'IDENTITY_DATABASE_URL', 'IDENTITY_SECRET', 'OPERATOR_PASSWORD'],
  ]);
  assert.equal(await orders.exited, 1);
  assert.deepEqual(namesIn(orders.complained()), [
    ...['SERVICE_PUBLIC_KEYS', 'KAFKA_BROKERS', 'KAFKA_TLS_KEY', 'ORDERS_DATABASE_URL'],
    ...['KAFKA_TLS_KEY', 'KAFKA_TLS_CERT', 'KAFKA_SASL_MECHANISM', 'KAFKA_SASL_PASSWORD'],
  ]);
});

test('a currency that ISO 4217 does not have is named by every service that knows amounts', async (t) => {
  for (const name of SERVICES) {
    if (!('CURRENCY' in schemaOf(name).properties)) continue;
    const service = startServiceProcess(t, name, { CURRENCY: 'XYZ' });
    assert.equal(await service.exited, 1);
    assert.match(service.complained(), /^ {2}CURRENCY must be the ISO 4217 code .*, not XYZ$/m);
  }
  const knowing = SERVICES.filter((name) => 'CURRENCY' in schemaOf(name).properties);
  assert.deepEqual(knowing, ['gateway', 'orders', 'billing']);
});
