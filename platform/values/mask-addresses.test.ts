import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskAddresses } from './mask-addresses.ts';

for (const [text, masked] of [
  ['anna@example.com', 'a***@example.com'],
  ['a@example.com', 'a***@example.com'],
  ['', ''],
  ['450 4.2.0 mailbox busy', '450 4.2.0 mailbox busy'],
  ['550 5.1.1 <anna.o+b@e.test>: unknown', '550 5.1.1 <a***@e.test>: unknown'],
  ['to=<anna@a.test>,boris@b.test;x', 'to=<a***@a.test>,b***@b.test;x'],
  ['mailto:anna@example.com', 'mailto:a***@example.com'],
  ["{o'brien/x}@example.com", '{***@example.com'],
  ['анна@почта.рф', 'а***@почта.рф'],
  ['anna@[127.0.0.1]', 'a***@[127.0.0.1]'],
  // A route within an address must not save the one behind it.
  ['anna@a.test@b.test', 'a***@a***@b.test'],
  ['two @ three', 'two @ three'],
  ['@media (x) {', '@media (x) {'],
] as const) {
  test(`"${text}" is masked as "${masked}", and stays so`, () => {
    assert.equal(maskAddresses(text), masked);
    assert.equal(maskAddresses(masked), masked);
  });
}

test('a long text without an address takes no time to speak of', () => {
  // Quadratic search would take minutes, and the runner's limit would end it.
  const text = 'a'.repeat(2_000_000);
  assert.equal(maskAddresses(text), text);
});
