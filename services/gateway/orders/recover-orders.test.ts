import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PaymentDecision } from '#contracts/billing.ts';
import type { Order, PaymentRecord } from '#contracts/orders.ts';
import { type RecoverOrdersDeps, recoverOrders } from './recover-orders.ts';

const OPERATION = '00000000-0000-7000-8000-00000000000b';

const pending = (id: string): Order => ({
  id,
  customerId: 'anna',
  status: 'Pending',
  statusReason: null,
  items: [],
  total: { amount: 100, currency: 'RUB' },
  payment: null,
  version: 1,
  createdAt: '2026-03-05T09:07:00Z',
  updatedAt: '2026-03-05T09:07:00Z',
});

/** A round over these orders, with the decision that billing holds for each. */
function roundOver(decisions: Record<string, PaymentDecision['decision'] | Error>) {
  const records: [string, PaymentRecord][] = [];
  const failures: [string, unknown][] = [];
  const recovered: string[] = [];
  const deps: RecoverOrdersDeps = {
    claimPending: async () => Object.keys(decisions).map(pending),
    async voidPayment({ id }) {
      const decision = decisions[id] as PaymentDecision['decision'] | Error;
      if (decision instanceof Error) throw decision;
      return { orderId: id, decision, operationId: decision === 'captured' ? OPERATION : null };
    },
    async recordPayment(order, record) {
      records.push([order.id, record]);
      return order;
    },
    mayGoOn: () => true,
    onRecovered: (decision) => void recovered.push(decision),
    async onFailure({ id }, error) {
      failures.push([id, error]);
    },
  };
  return { deps, records, failures, recovered };
}

test('each order ends as billing has decided, voided where nothing was decided', async () => {
  const { deps, records, recovered } = roundOver({ a: 'captured', b: 'declined', c: 'voided' });
  assert.equal((await recoverOrders(deps)).recovered, 3);
  assert.deepEqual(records, [
    ['a', { decision: 'captured', operationId: OPERATION }],
    ['b', { decision: 'declined' }],
    ['c', { decision: 'voided' }],
  ]);
  assert.deepEqual(recovered, ['captured', 'declined', 'voided']);
});

test('a failure is reported, and the orders after it are recovered all the same', async () => {
  const away = new Error('billing is away');
  const { deps, records, failures } = roundOver({ a: away, b: 'voided' });
  assert.equal((await recoverOrders(deps)).recovered, 1);
  assert.deepEqual(records, [['b', { decision: 'voided' }]]);
  assert.deepEqual(failures, [['a', away]]);
});

test('without a decision nothing is recorded; a record that fails counts as a failure', async () => {
  const away = new Error('orders is away');
  const { deps, failures } = roundOver({ a: 'captured' });
  const round = recoverOrders({ ...deps, recordPayment: () => Promise.reject(away) });
  assert.deepEqual(await round, { claimed: 1, recovered: 0 });
  assert.deepEqual(failures, [['a', away]]);
});

test('a claim that fails ends the round', async () => {
  const away = new Error('orders is away');
  const { deps } = roundOver({});
  assert.equal((await recoverOrders(deps)).recovered, 0);
  const round = recoverOrders({ ...deps, claimPending: () => Promise.reject(away) });
  await assert.rejects(round, away);
});

test('a gateway that stops leaves the rest of its round to others', async () => {
  const many = Array.from({ length: 100 }, (_, number) => [`order-${number}`, 'voided'] as const);
  const { deps, records } = roundOver(Object.fromEntries(many));
  const round = recoverOrders({ ...deps, mayGoOn: () => records.length < 10 });
  const { claimed, recovered } = await round;
  assert.equal(claimed, 100);
  assert.equal(recovered, records.length);
  // Orders in progress at the stop are finished, no other one is begun.
  assert.ok(recovered >= 10 && recovered < 20, `recovered ${recovered}`);
});

test('each of many orders is recovered once', async () => {
  const many = Array.from({ length: 100 }, (_, number) => [`order-${number}`, 'voided'] as const);
  const { deps, records } = roundOver(Object.fromEntries(many));
  assert.deepEqual(await recoverOrders(deps), { claimed: 100, recovered: 100 });
  assert.deepEqual(records.map(([id]) => id).sort(), many.map(([id]) => id).sort());
});
