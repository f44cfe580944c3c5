import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { DEMO_PASSWORD } from '#dev/demo/shop.ts';
import { createSecrets } from '#dev/system/secrets.ts';
import { findPasswordFault } from './password-rules.ts';

const EMAIL = 'anna.petrova@example.com';

for (const [password, why] of [
  ['password123', 'common'],
  ['PassWord123', 'common'],
  ['ｐａｓｓｗｏｒｄ１２３', 'common'],
  [' password123 ', 'common'],
  ['password123!', 'common'],
  ['Password2026', 'common'],
  ['!!!qwerty!!!', 'common'],
  ['1234567890', 'common'],
  ['qwertyuiop', 'common'],
  ['1q2w3e4r5t', 'common'],
  ['aaaaaaaaaa', 'common'],
  ['Orderbell1', 'common'],
  ['йцукенгшщз', 'common'],
  ['Пароль123456', 'common'],
  ['anna.petrova@example.com', 'address'],
  ['ANNA.PETROVA@EXAMPLE.COM', 'address'],
  ['anna.petrova', 'address'],
  ['AnnaPetrova', 'address'],
  ['anna-petrova-1990', 'address'],
  ['1990annapetrova!', 'address'],
  ['annapetrovaannapetrova', 'address'],
  ['my anna.petrova@example.com', 'address'],
] as const) {
  test(`refused as ${why}: ${JSON.stringify(password)}`, () => {
    assert.equal(findPasswordFault(password, EMAIL), why);
  });
}

test('the local part counts also where it is digits, and not where it is short', () => {
  assert.equal(findPasswordFault('+7 912 345-67-89', '79123456789@example.com'), 'address');
  assert.equal(findPasswordFault('ab12345678cd', 'a@example.com'), null);
});

for (const password of [
  ...['correct horse', 'correct horse battery', 'long enough', 'wrong horse battery'],
  ...['anna likes tea', 'petrova 1990 tea', '🔑x'.repeat(64), 'три слова подряд', DEMO_PASSWORD],
  createSecrets().operatorPassword,
]) {
  test(`allowed: ${JSON.stringify(password)}`, () => {
    assert.equal(findPasswordFault(password, EMAIL), null);
  });
}

test('the passwords of the tutorials and how-tos are allowed', async () => {
  const folder = new URL('../../docs/', import.meta.url);
  let found = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.md')) continue;
    const text = await readFile(new URL(name, folder), 'utf8');
    for (const [, password = ''] of text.matchAll(/"password":"([^"<$]+)"/g)) {
      found++;
      assert.equal(findPasswordFault(password, 'ivan@example.com'), null, `${name}: ${password}`);
    }
  }
  assert.ok(found > 0);
});
