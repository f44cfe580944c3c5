import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TObject, Type } from 'typebox';
import {
  ConfigError,
  type Environment,
  loadConfig,
  mergeSettings,
  settingsSchema,
} from './load-config.ts';

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

test('all problems are reported at once', () => {
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

const Formatted = Type.Object({
  PLACE: Type.String({ format: 'http-url', description: 'Where it is.' }),
  PLACES: Type.Array(Type.String({ format: 'http-url' }), { description: 'Where they are.' }),
});

test('a format is kept by a text and by each entry of a list', () => {
  const sound = { PLACE: 'http://a', PLACES: 'http://a, http://b:1' };
  assert.deepEqual(problemsOf(sound, Formatted), []);
  const fault = 'must be an http:// or https:// URL';
  assert.deepEqual(problemsOf({ PLACE: 'a', PLACES: 'http://a, b' }, Formatted), [
    `PLACE ${fault}`,
    `PLACES ${fault} (entry 2)`,
  ]);
  assert.deepEqual(problemsOf({ ...sound, PLACES: 'b' }, Formatted), [`PLACES ${fault}`]);
});

test('an unknown format is a defect', () => {
  const schema = Type.Object({ A: Type.String({ format: 'no-such', description: 'A thing.' }) });
  assert.throws(() => loadConfig('service', schema, { A: 'a' }), /no format no-such/);
});

const optional = (description: string) => Type.Optional(Type.String({ description }));
const Ruled = settingsSchema(
  {
    ONE: optional('One way.'),
    OTHER: Type.Optional(Type.Integer({ description: 'Another way.' })),
    LEAST: Type.Integer({ default: 1, description: 'The least.' }),
    MOST: Type.Integer({ description: 'The most.' }),
  },
  (_config, isSet) => (isSet('ONE') || isSet('OTHER') ? [] : ['ONE is not set: nor is OTHER']),
  ({ LEAST, MOST }) =>
    LEAST === undefined || MOST === undefined || LEAST <= MOST ? [] : ['MOST must not be less'],
);

test('rules between settings see the valid ones, and add to the other problems', () => {
  assert.deepEqual(problemsOf({ ONE: 'x', MOST: '1' }, Ruled), []);
  assert.deepEqual(problemsOf({ MOST: '0', LIMIT: '1' }, Ruled), [
    'ONE is not set: nor is OTHER',
    'MOST must not be less',
  ]);
  assert.deepEqual(problemsOf({ LEAST: 'few' }, Ruled), [
    'LEAST must be a whole number',
    'MOST is not set: The most.',
    'ONE is not set: nor is OTHER',
  ]);
});

test('a rule sees that an invalid setting is set', () => {
  assert.deepEqual(problemsOf({ OTHER: 'x', MOST: '1' }, Ruled), ['OTHER must be a whole number']);
  assert.deepEqual(problemsOf({ ONE: ' ', MOST: '1' }, Ruled), ['ONE is not set: nor is OTHER']);
});

test('a merged schema has the settings and the rules of both', () => {
  const rule = () => ['both are ruled'];
  const more = settingsSchema({ MORE: Type.String({ description: 'More.' }) }, rule);
  for (const merged of [mergeSettings(Ruled, more), mergeSettings(more, Ruled)]) {
    assert.deepEqual(problemsOf({ ONE: 'x' }, merged).sort(), [
      'MORE is not set: More.',
      'MOST is not set: The most.',
      'both are ruled',
    ]);
    assert.deepEqual(problemsOf({ ONE: 'x', LEAST: '2', MOST: '1', MORE: 'y' }, merged).sort(), [
      'MOST must not be less',
      'both are ruled',
    ]);
  }
});
