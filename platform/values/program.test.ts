import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as program from './program.ts';

// The other form is tested where it is: dev/package/package.slow.test.ts.

test('in a checkout commands are npm scripts, and files are named from its root', () => {
  assert.equal(program.PROGRAM, 'npm run orderbell --');
  assert.equal(program.commandFor('start'), 'npm start');
  assert.equal(program.commandFor('kafka'), 'npm run kafka');
  assert.equal(program.commandFor('demo', '--orders 5'), 'npm run demo -- --orders 5');
  assert.equal(
    program.nodeCommandFor('services/orders/migrate.ts'),
    'node services/orders/migrate.ts',
  );
  assert.equal(program.pageAt('docs/README.md'), 'docs/README.md');
  assert.equal(program.installCommand('--include=optional'), 'npm install --include=optional');
});

test('the data are in the checkout, or where ORDERBELL_HOME says', () => {
  assert.ok(existsSync(join(program.PROGRAM_FOLDER, 'package.json')));
  assert.equal(program.dataFolder({}), join(program.PROGRAM_FOLDER, '.orderbell'));
  assert.equal(program.dataFolder({ ORDERBELL_HOME: ' /srv/shop ' }), '/srv/shop');
  assert.equal(
    program.dataFolder({ ORDERBELL_HOME: ' ' }),
    join(program.PROGRAM_FOLDER, '.orderbell'),
  );
});
