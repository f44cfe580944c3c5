import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

// The published documents keep the rules of the tools that their readers use, without exceptions:
// Redocly's recommended rules, and Spectral's rules for OpenAPI and AsyncAPI.

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, 'contracts', 'published');
const names = readdirSync(FOLDER).sort();
const openApis = names.filter((name) => name.endsWith('.openapi.json'));

test('every published document is linted', () => {
  assert.ok(openApis.length >= 6, 'the documents were not found');
  const others = names.filter((name) => !openApis.includes(name));
  assert.deepEqual(
    others.filter((name) => !name.endsWith('.asyncapi.json')),
    [],
  );
});

test('Redocly finds nothing, not even to warn of', () => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [
      join(ROOT, 'node_modules', '@redocly', 'cli', 'bin', 'cli.js'),
      ...['lint', '--extends', 'recommended', '--format', 'json'],
      ...openApis.map((name) => join('contracts', 'published', name)),
    ],
    {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    },
  );
  assert.equal(status, 0, stderr);
  // One JSON document for each file, one after the other.
  assert.deepEqual(stdout.match(/"(ruleId|message)": .*/g) ?? [], []);
  assert.equal(stdout.match(/"problems": \[\]/g)?.length, openApis.length);
});

interface Finding {
  code: string | number;
  message: string;
  path: (string | number)[];
}
interface SpectralModules {
  Spectral: new () => {
    setRuleset(ruleset: object): void;
    run(document: object): Promise<Finding[]>;
  };
}

// CommonJS modules, whose types know only older module systems.
const require = createRequire(import.meta.url);
const { Spectral } = require('@stoplight/spectral-core') as SpectralModules;
const { oas, asyncapi } = require('@stoplight/spectral-rulesets') as Record<string, object>;

for (const name of names) {
  test(`Spectral finds nothing in ${name}`, async () => {
    const spectral = new Spectral();
    spectral.setRuleset({ extends: [openApis.includes(name) ? oas : asyncapi] });
    const found = await spectral.run(JSON.parse(readFileSync(join(FOLDER, name), 'utf8')));
    assert.deepEqual(
      found.map(({ code, message, path }) => `${code}: ${message} (${path.join('/')})`),
      [],
    );
  });
}
