import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');
const UNITS = ['orderbell@.service', 'orderbell-migrate@.service'];
const fileOf = (unit: string) => join(ROOT, 'deploy', 'systemd', unit);
const analyze = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });

/** Values by directive; one that is repeated has its values in one text. */
function directivesOf(unit: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of readFileSync(fileOf(unit), 'utf8').split('\n')) {
    const [, name, value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) found.set(name, [found.get(name), value].filter(Boolean).join(' '));
  }
  return found;
}

const confinementOf = (unit: string) =>
  [...directivesOf(unit)].filter(([name]) =>
    /^(Protect|Private|Restrict|NoNew|SystemCall|Capability|Dynamic|Lock)/.test(name),
  );

for (const unit of UNITS) {
  test(`${unit} runs a command of the tree with limits, as a user without rights`, () => {
    const directives = directivesOf(unit);
    const [program, ...words] = (directives.get('ExecStart') as string).split(' ');
    assert.equal(program, '/usr/bin/node');
    const script = (words.at(-1) as string).replace('%i', 'orders');
    assert.match(script, /^services\/orders\/(main|migrate)\.ts$/);
    if (script.includes('main')) assert.ok(existsSync(join(ROOT, script)), script);
    assert.equal(directives.get('DynamicUser'), 'yes');
    assert.equal(directives.get('CapabilityBoundingSet'), '');
    // Node compiles to machine code.
    assert.equal(directives.has('MemoryDenyWriteExecute'), false);
    assert.ok(directives.has('MemoryMax') && directives.has('TasksMax'));
  });
}

test('the migrations are confined as the services are', () => {
  const [service = '', migration = ''] = UNITS;
  assert.deepEqual(confinementOf(migration), confinementOf(service));
});

test('a stop has more time than a service takes', () => {
  // platform/service/run.ts; STOP_DELAY_MS comes before it.
  assert.ok(Number(directivesOf('orderbell@.service').get('TimeoutStopSec')) >= 10 + 10);
});

const missing = analyze('--version').error === undefined ? false : 'there is no systemd-analyze';

test('systemd finds no fault in the units', { skip: missing }, () => {
  const { status, stdout, stderr } = analyze('verify', '--man=no', ...UNITS.map(fileOf));
  // A machine without Node there, and without the other units, is no fault of ours.
  const faults = (stdout + stderr)
    .split('\n')
    .filter((line) => line !== '' && !/\/usr\/bin\/node is not executable/.test(line));
  assert.deepEqual(faults, []);
  assert.ok(status === 0 || stderr.includes('/usr/bin/node'), String(status));
});

test('systemd rates their exposure as low', { skip: missing }, () => {
  for (const unit of UNITS) {
    const { status, stdout } = analyze(
      'security',
      '--offline=true',
      '--threshold=20',
      fileOf(unit),
    );
    assert.equal(status, 0, stdout.slice(-200));
  }
});
