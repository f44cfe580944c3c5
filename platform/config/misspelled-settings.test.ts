import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { misspelledSettings } from './misspelled-settings.ts';

const schema = Type.Object({
  PORT: Type.Integer({ default: 1 }),
  KAFKA_BROKERS: Type.Optional(Type.String()),
});
const found = (env: Record<string, string>) => misspelledSettings('orders', schema, env);

test('a name that is one letter away from an unset setting is named with it', () => {
  for (const [variable, meant] of [
    ['KAFKA_BROKER', 'KAFKA_BROKERS'],
    ['KAFKA_BROKERSS', 'KAFKA_BROKERS'],
    ['KAFKA_BROCERS', 'KAFKA_BROKERS'],
    ['ORDERS_PROT', 'ORDERS_PORT'],
    ['KAFKA_BROKERS_FIEL', 'KAFKA_BROKERS_FILE'],
  ] as const) {
    const lines = found({ [variable]: 'hunter2' });
    assert.deepEqual(lines, [`${variable} is not a setting: is ${meant} meant?`]);
  }
});

test('settings, names of other programs, and names next to a setting that is set are left alone', () => {
  assert.deepEqual(found({ KAFKA_BROKERS: 'a', ORDERS_PORT: '1', PATH: '/bin', POST: '1' }), []);
  assert.deepEqual(found({ KAFKA_BROKERS: 'a', KAFKA_BROKER: 'b' }), []);
  assert.deepEqual(found({ ORDERS_URL: 'http://x', KAFKA_HOME: '/opt/kafka' }), []);
});
