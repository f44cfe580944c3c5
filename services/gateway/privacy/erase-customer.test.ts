import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Trace } from '#contracts/erasure.ts';
import { type EraseCustomerDeps, type ErasedPart, eraseCustomer } from './erase-customer.ts';

const ADDRESS: Trace = { kind: 'address', text: 'anna@example.com' };
const NAME: Trace = { kind: 'name', text: 'Anna' };

/** The steps of an erasure, and what they were asked. */
function stepsOf(
  changes: Partial<EraseCustomerDeps> = {},
  pages: Record<string, ErasedPart[]> = {},
) {
  const log: string[] = [];
  const deps: EraseCustomerDeps = {
    async *listTraces() {
      yield [ADDRESS, NAME];
      yield [ADDRESS];
    },
    keep: async ({ traces = [] }) => void log.push(`keep ${traces.map(({ text }) => text)}`),
    async erase(service, traces, cursor) {
      log.push(`${service} ${traces.length} ${cursor}`);
      return pages[service]?.shift() ?? { next: null, waits: false };
    },
    eraseMails: async () => void log.push('mails'),
    finish: async () => void log.push('finish'),
    mayGoOn: () => true,
    ...changes,
  };
  return { deps, log };
}

test('addresses are kept before the first step, profiles is last, pages are read to the end', async () => {
  const orders = [{ next: 'orders:1', waits: false }];
  const { deps, log } = stepsOf({}, { orders });
  assert.equal(await eraseCustomer(deps, []), null);
  assert.deepEqual(log, [
    ...['keep anna@example.com,Anna', 'keep ', 'identity 2 null', 'orders 2 null', 'keep '],
    ...[
      'orders 2 orders:1',
      'billing 2 null',
      'notifications 2 null',
      'webhooks 2 null',
      'mails',
      'finish',
    ],
  ]);
});

test('what is at work is waited for, and nothing after it is erased', async () => {
  for (const [service, waitsFor] of [
    ['orders', 'orders'],
    ['notifications', 'letters'],
  ] as const) {
    const { deps, log } = stepsOf({}, { [service]: [{ next: null, waits: true }] });
    assert.equal(await eraseCustomer(deps, [ADDRESS]), waitsFor);
    assert.deepEqual([log.at(-1), log.includes('finish')], [`${service} 2 null`, false]);
  }
});

test('a gateway that stops leaves the rest to another, a fault is passed on', async () => {
  const { deps, log } = stepsOf({ mayGoOn: () => false });
  assert.equal(await eraseCustomer(deps, []), 'services');
  assert.deepEqual(log, ['keep anna@example.com,Anna']);
  const failing = stepsOf({
    erase: async () => {
      throw new Error('away');
    },
  });
  await assert.rejects(eraseCustomer(failing.deps, []), /away/);
  assert.equal(failing.log.includes('finish'), false);
});
