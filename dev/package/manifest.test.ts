import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageManifest, type RootManifest } from './manifest.ts';

const file = join(import.meta.dirname, '..', '..', 'package.json');
const root = JSON.parse(readFileSync(file, 'utf8')) as RootManifest;

// biome-ignore lint/suspicious/noExplicitAny: the test looks into the file as npm would
const manifestOf = (given: RootManifest, kit = false): any => packageManifest(given, kit);

test('the package starts Node with the options of npm start, without its compile cache', () => {
  const { nodeOptions, env } = manifestOf(root).orderbell.start;
  assert.deepEqual(env, { MALLOC_ARENA_MAX: '1' });
  assert.ok(nodeOptions.includes('--max-semi-space-size=8'));
  assert.ok(root.scripts.start.includes(`exec node ${nodeOptions.join(' ')} dev/run.cjs`));
});

test('a script of the start that the package cannot repeat is refused', () => {
  const scripts = { start: 'node dev/start.ts' };
  assert.throws(() => manifestOf({ ...root, scripts }), /has another form: node dev\/start\.ts/);
});

test('the package may be published, and needs what the product needs', () => {
  const manifest = manifestOf(root);
  assert.equal(manifest.private, undefined);
  assert.equal(manifest.scripts, undefined);
  assert.equal(manifest.devDependencies, undefined);
  assert.deepEqual(manifest.dependencies, root.dependencies);
  assert.deepEqual(manifest.optionalDependencies, root.optionalDependencies);
  assert.deepEqual(Object.keys(manifest.exports), ['./package.json']);
  assert.deepEqual(Object.keys(manifestOf(root, true).exports), ['./testing', './package.json']);
});
