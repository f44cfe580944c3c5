import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { Type } from 'typebox';
import {
  SERVICES_PAGE,
  SETTINGS_FILE,
  SETTINGS_PAGE,
  serviceRows,
  settingRows,
  settingSchemas,
  settingsExample,
  withTable,
} from '#dev/settings.ts';
import { SERVICES } from '#dev/system/services.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { formsOf } from '#platform/config/read-setting.ts';

const file = readFileSync(SETTINGS_FILE, 'utf8');

/** Names of the file's lines `NAME=…` and `#NAME=…`. */
function namesIn(text: string): Set<string> {
  return new Set([...text.matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map((match) => match[1] as string));
}

const known = new Set(
  Object.values(settingSchemas).flatMap((schema) => Object.keys(schema.properties)),
);

test('.env.example lists every setting of the schemas', () => {
  const listed = namesIn(file);
  const missing = [...known].filter((name) => !listed.has(name));
  assert.deepEqual(missing, [], 'run `npm run settings`');
});

test('.env.example lists no unknown setting', () => {
  const stray = [...namesIn(file)].filter((name) => !known.has(name));
  assert.deepEqual(stray, [], 'run `npm run settings`');
});

test('.env.example is what the schemas say', () => {
  assert.equal(file, settingsExample(), 'run `npm run settings`');
});

test('docs/reference/settings.md lists every setting as the schemas say', () => {
  const page = readFileSync(SETTINGS_PAGE, 'utf8');
  assert.equal(page, withTable(page, 'settings', settingRows()), 'run `npm run settings`');
  for (const name of known) assert.ok(page.includes(`\`${name}\``), name);
});

test('the table of services says what each needs and calls', () => {
  const page = readFileSync(SERVICES_PAGE, 'utf8');
  assert.equal(page, withTable(page, 'services', serviceRows()), 'run `npm run settings`');
  assert.ok(
    page.includes('| notifications | its database, the broker, a mail server | orders, profiles |'),
  );
  assert.throws(() => withTable(page, 'nothing', [['a']]), /has no table "nothing"/);
});

test('.env.example sets nothing: it has no secret and no second default', () => {
  assert.deepEqual(
    Object.entries(parseEnv(file)).filter(([, value]) => value !== ''),
    [],
  );
});

test('the defaults of .env.example, taken off their #, are those of the schemas', () => {
  const shared = parseEnv(file.replace(/^#(?=[A-Z0-9_]+=.)/gm, ''));
  // The gateway's PORT comes after the other services' one and has the same name.
  for (const [reader, schema] of Object.entries(settingSchemas)) {
    const defaults = Object.entries(schema.properties).filter(
      ([name, property]) => name !== 'PORT' && 'default' in property,
    );
    const chosen = Type.Object(Object.fromEntries(defaults));
    assert.deepEqual(loadConfig(reader, chosen, shared), loadConfig(reader, chosen, {}), reader);
  }
});

test('every setting is described by a sentence', () => {
  for (const [reader, schema] of Object.entries(settingSchemas)) {
    for (const [name, property] of Object.entries(schema.properties)) {
      const { description = '' } = property as { description?: string };
      assert.match(description, /^\S.{5,}\.$/, `${reader}: ${name}`);
    }
  }
});

test('no code reads an environment variable that no schema names', () => {
  const root = resolve(import.meta.dirname, '..');
  const paths = globSync('{platform,services,dev}/**/*.ts', { cwd: root });
  const sources = paths.filter((path) => !path.endsWith('.test.ts'));
  const read = sources.flatMap((path) =>
    [...readFileSync(resolve(root, path), 'utf8').matchAll(/\benv\.([A-Z][A-Z0-9_]*)/g)].map(
      (match) => match[1] as string,
    ),
  );
  assert.ok(read.includes('ORDERBELL_HOME'));
  // These are the system's and OpenTelemetry's, not ours.
  const others = /^(PATH|TMPDIR|XDG_CACHE_HOME|OTEL_\w+)$/;
  assert.deepEqual(
    read.filter((name) => !known.has(name) && !others.test(name)),
    [],
  );
});

test('a setting that several services share is listed once', () => {
  const both = Type.String({ description: 'For both.' });
  const text = settingsExample({
    a: Type.Object({ BOTH: both, ONLY_A: Type.Integer({ default: 7, description: 'For a.' }) }),
    b: Type.Object({ BOTH: both, MAY: Type.Optional(Type.String({ description: 'For b.' })) }),
  });
  assert.deepEqual(
    text.split('\n').filter((line) => line !== ''),
    [
      '# Settings of Orderbell, read from environment variables. Written by `npm run settings`.',
      '# `npm start` needs none of them; a service run alone needs those that stand open and empty.',
      '# One file serves all services: ORDERS_PORT is the PORT of orders, and X_FILE names a file with X.',
      '# ==== several services ====',
      '# For both.',
      '# Read by a, b.',
      'BOTH=',
      '# ==== a ====',
      '# For a.',
      '#ONLY_A=7',
      '# ==== b ====',
      '# For b.',
      '#MAY=',
    ],
  );
});

test('no variable can mean two settings: by value, by file, for all services or for one', () => {
  const meanings = new Map<string, Set<string>>();
  for (const [reader, schema] of Object.entries(settingSchemas)) {
    for (const name of Object.keys(schema.properties)) {
      // Settings of every process have a form for each service too.
      for (const service of SERVICES.includes(reader) ? [reader] : [...SERVICES, reader]) {
        for (const variable of formsOf(service, name)) {
          meanings.set(variable, (meanings.get(variable) ?? new Set()).add(name));
        }
      }
    }
  }
  assert.deepEqual([...(meanings.get('ORDERS_PORT_FILE') ?? [])], ['PORT']);
  const ambiguous = [...meanings].filter(([, names]) => names.size > 1);
  assert.deepEqual(
    ambiguous.map(([variable, names]) => `${variable}: ${[...names].join(', ')}`),
    [],
  );
});

test('a setting that one of its readers may lack names those that require it', () => {
  const url = Type.String({ description: 'where' });
  const rows = settingRows({
    a: Type.Object({ URL: url, BOTH: url }),
    b: Type.Object({ URL: Type.Optional(url), BOTH: url }),
  });
  assert.deepEqual(rows.slice(1), [
    ['`URL`', 'required by a', 'a, b', 'where'],
    ['`BOTH`', 'required', 'a, b', 'where'],
  ]);
});
