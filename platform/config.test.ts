import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TObject, Type } from 'typebox';
import { ConfigError, type Environment, loadConfig } from './config.ts';

const Config = Type.Object({
  URL: Type.String({ pattern: '^https?://', description: 'Where it is.' }),
  SECRET: Type.String({ pattern: '^.{32,}$', description: 'A secret.' }),
  LIMIT: Type.Integer({ default: 7, minimum: 1, maximum: 10, description: 'How many.' }),
  OPEN: Type.Boolean({ default: false, description: 'Whether it is open.' }),
  NAMES: Type.Array(Type.String(), { description: 'Their names.' }),
  NOTE: Type.Optional(Type.String({ description: 'A note.' })),
});

const fine: Environment = { URL: 'http://x', SECRET: 's'.repeat(32), NAMES: 'a' };

function problemsOf(env: Environment, schema: TObject = Config): string[] {
  try {
    loadConfig('service', schema, env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    for (const problem of error.problems) assert.ok(error.message.includes(problem));
    return error.problems;
  }
}

test('each type is read, spaces around are ignored, defaults fill in', () => {
  assert.deepEqual(loadConfig('service', Config, fine), {
    URL: 'http://x',
    SECRET: 's'.repeat(32),
    LIMIT: 7,
    OPEN: false,
    NAMES: ['a'],
  });
  const given = { ...fine, LIMIT: ' 10 ', OPEN: 'true', NAMES: ' a, b ,,c,', NOTE: ' hello ' };
  const config = loadConfig('service', Config, given);
  assert.deepEqual(
    [config.LIMIT, config.OPEN, config.NAMES, config.NOTE],
    [10, true, ['a', 'b', 'c'], 'hello'],
  );
});

test('an empty variable counts as absent', () => {
  const config = loadConfig('service', Config, { ...fine, LIMIT: '', OPEN: ' ', NOTE: '' });
  assert.deepEqual([config.LIMIT, config.OPEN, 'NOTE' in config], [7, false, false]);
  assert.deepEqual(problemsOf({ ...fine, URL: ' ' }), ['URL is not set: Where it is.']);
});

test('every problem is told at once', () => {
  assert.deepEqual(problemsOf({ URL: 'ftp://x', LIMIT: '11', OPEN: 'yes', NAMES: ' , ' }), [
    'URL must match ^https?://',
    'SECRET is not set: A secret.',
    'LIMIT must be at most 10',
    'OPEN must be true or false',
    'NAMES must name at least one',
  ]);
});

for (const text of ['1.5', '1e1', '0x5', 'five', '9007199254740993', '--1', '1 0']) {
  test(`${text} is no whole number`, () => {
    assert.deepEqual(problemsOf({ ...fine, LIMIT: text }), ['LIMIT must be a whole number']);
  });
}

test('a limit counts at its very value', () => {
  assert.deepEqual(problemsOf({ ...fine, LIMIT: '0' }), ['LIMIT must be at least 1']);
  assert.deepEqual(problemsOf({ ...fine, LIMIT: '-3' }), ['LIMIT must be at least 1']);
  assert.deepEqual(problemsOf({ ...fine, LIMIT: '1' }), []);
});

test('no message shows a value, since it may be a secret', () => {
  const value = 'hunter2-hunter2';
  const env = { URL: value, SECRET: value, LIMIT: value, OPEN: value, NAMES: 'a' };
  assert.equal(problemsOf(env).length, 4);
  assert.throws(
    () => loadConfig('service', Config, env),
    (error: Error) => !`${error.message}${error.stack}`.includes('hunter2'),
  );
});

test('the message names the service that cannot start', () => {
  assert.throws(
    () => loadConfig('orders', Config, {}),
    /^ConfigError: orders cannot start:\n {2}URL/,
  );
});
