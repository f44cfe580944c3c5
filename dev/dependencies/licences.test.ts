import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLicences } from './licences.ts';

const refusedOf = (license: string | undefined, dev = false) =>
  checkLicences([{ path: 'node_modules/x', license, dev }]).refused.length === 1;

test('a licence is allowed by name, by one of several, and in tools only where it says so', () => {
  for (const license of ['MIT', '(MIT OR EUPL-1.1+)', 'GPL-3.0-only OR ISC', 'MIT AND ISC']) {
    assert.equal(refusedOf(license), false, license);
  }
  const groups = [
    'GPL-3.0-only AND (EUPL-1.1+ OR MIT OR ISC)',
    '(EUPL-1.1+ OR MIT) AND GPL-3.0-only',
  ];
  const single = [undefined, '', 'GPL-3.0-only', 'MIT AND GPL-2.0-only', 'MPL-2.0'];
  for (const license of [...single, ...groups]) {
    assert.equal(refusedOf(license), true, String(license));
  }
  assert.equal(refusedOf('MPL-2.0', true), false);
  assert.equal(refusedOf('SEE LICENSE IN LICENSE', true), true);
});
