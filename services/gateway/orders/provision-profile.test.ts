import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Profile } from '#contracts/profiles.ts';
import type { Customer } from '../auth/access-token.ts';
import { createProfileProvisioner } from './provision-profile.ts';

const customer = (claims: object, customerId = 'anna'): Customer => ({
  customerId,
  operator: false,
  claims: { sub: customerId, ...claims },
});
const ANNA = { email: 'anna@example.com', name: 'Анна', locale: 'en-US' };

/** A provisioner whose profiles service answers as the test sets; `settled` waits for its answers. */
function memory(answer: () => Promise<void> = async () => {}) {
  const stored: Profile[] = [];
  const failures: string[] = [];
  const unusable: string[] = [];
  const remember = createProfileProvisioner({
    createProfile(profile) {
      stored.push(profile);
      return answer();
    },
    onUnusable: (customerId, { claim, fault }) => unusable.push(`${customerId}: ${claim} ${fault}`),
    onFailure: (message) => failures.push(message),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { remember, stored, failures, unusable, settled };
}

test('the contact of the claims is stored once per customer', () => {
  const { remember, stored } = memory();
  void remember(customer(ANNA));
  void remember(customer({ ...ANNA, name: 'changed' }));
  void remember(customer(ANNA, 'boris'));
  const emailConfirmed = false;
  const expected = { email: 'anna@example.com', name: 'Анна', locale: 'en', emailConfirmed };
  assert.deepEqual(stored, [
    { customerId: 'anna', ...expected },
    { customerId: 'boris', ...expected },
  ]);
});

test('an address that the issuer has verified is confirmed, also when it says so later', () => {
  const { remember, stored } = memory();
  for (const verified of [undefined, 'true', false, true, true, false]) {
    void remember(customer({ ...ANNA, email_verified: verified }));
  }
  assert.deepEqual(
    stored.map(({ emailConfirmed }) => emailConfirmed),
    [false, true],
  );
});

test('the language is Russian unless the claims say English', () => {
  const { remember, stored } = memory();
  [undefined, 'ru', 'de', 'en', 'en-GB', 5, null].forEach((locale, index) => {
    void remember(customer({ ...ANNA, locale }, `c${index}`));
  });
  assert.deepEqual(
    stored.map(({ locale }) => locale),
    ['ru', 'ru', 'ru', 'en', 'en', 'ru', 'ru'],
  );
});

test('without a name the address is the name', () => {
  const { remember, stored } = memory();
  void remember(customer({ email: 'anna@example.com' }));
  assert.equal(stored[0]?.name, 'anna@example.com');
});

test('claims that are no contact are named and left alone, until a token brings better ones', () => {
  const { remember, stored, unusable } = memory();
  for (const [claims, expected] of [
    [{}, ['email missing']],
    [{ name: 'Анна' }, ['email missing']],
    [{ ...ANNA, email: '' }, ['email missing']],
    [{ email: 5 }, ['email type']],
    [{ ...ANNA, email: ['anna@example.com'] }, ['email type']],
    [{ email: 'a@example.com, e@example.org' }, ['email form']],
    [{ ...ANNA, email: 'a@example.com\r\nBcc: e@example.org' }, ['email form']],
    [{ ...ANNA, email: 'анна@example.com' }, ['email form']],
    [{ ...ANNA, email: `${'a'.repeat(250)}@example.com` }, ['email length']],
    [{ ...ANNA, name: 'a\nb' }, ['name form']],
    [{ ...ANNA, name: '' }, ['name missing']],
    [{ ...ANNA, name: ['Анна'] }, ['name type']],
    [{ ...ANNA, name: 'a'.repeat(201) }, ['name length']],
    [{ email: 5, name: 5 }, ['email type', 'name type']],
  ] as [object, string[]][]) {
    unusable.length = 0;
    void remember(customer(claims));
    assert.deepEqual(
      unusable,
      expected.map((fault) => `anna: ${fault}`),
      JSON.stringify(claims),
    );
  }
  assert.deepEqual(stored, []);
  unusable.length = 0;
  // Whether an address is verified decides the issuer, and an unknown language is no fault.
  void remember(customer({ ...ANNA, email_verified: false, locale: 5 }));
  assert.deepEqual([stored.length, unusable], [1, []]);
});

test('a failure is logged and the next request tries again', async () => {
  let answer: () => Promise<void> = () => Promise.reject(new Error('profiles is away'));
  const { remember, stored, failures, settled } = memory(() => answer());
  void remember(customer(ANNA));
  // While the first try runs there is no second one.
  void remember(customer(ANNA));
  assert.equal(stored.length, 1);
  await settled();
  assert.deepEqual(failures, ['contact of anna not stored: profiles is away']);
  answer = async () => {};
  void remember(customer(ANNA));
  await settled();
  void remember(customer(ANNA));
  assert.equal(stored.length, 2);
  assert.equal(failures.length, 1);
});
