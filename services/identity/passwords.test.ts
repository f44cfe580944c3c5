import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '#platform/errors.ts';
import { createPasswords } from './passwords.ts';

test('a password fits its own hash only, and nothing fits a missing account', async () => {
  const passwords = createPasswords();
  const hash = await passwords.hash('päßwörd one');
  assert.notEqual(await passwords.hash('päßwörd one'), hash);
  assert.equal(await passwords.verify(hash, 'päßwörd one'), true);
  assert.equal(await passwords.verify(hash, 'päßwörd one'.normalize('NFD')), true);
  assert.equal(await passwords.verify(hash, 'päßwörd two'), false);
  assert.equal(await passwords.verify(null, 'päßwörd one'), false);
});

test('a hash made with other settings still verifies', async () => {
  // RFC 7914 section 12: N=1024, r=8, p=16; the first 32 bytes of the key.
  const salt = Buffer.from('NaCl').toString('base64').replaceAll('=', '');
  const key = Buffer.from(
    'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162',
    'hex',
  );
  const hash = `$scrypt$ln=10,r=8,p=16$${salt}$${key.toString('base64').replaceAll('=', '')}`;
  assert.equal(await createPasswords().verify(hash, 'password'), true);
});

test('more than can be checked in time is refused as a fault that passes', async () => {
  const passwords = createPasswords();
  const results = await Promise.allSettled(
    Array.from({ length: 300 }, () => passwords.verify(null, 'password')),
  );
  const refused = results.filter(({ status }) => status === 'rejected');
  assert.ok(refused.length > 0 && refused.length < results.length);
  for (const { reason } of refused as PromiseRejectedResult[]) {
    assert.ok(reason instanceof AppError && reason.problem.code === 'unavailable');
  }
  assert.equal(await passwords.verify(null, 'password'), false);
});
