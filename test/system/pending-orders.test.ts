import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '#dev/files/free-port.ts';
import { eventually } from '#harness/eventually.ts';
import { answeredWith } from '#harness/requests.ts';
import { orderOf, rub, startTestSystem } from '#harness/system/system.ts';

// Invariant I3 as the operator sees it: what has not ended, how old it is and what keeps it.

test('an order that recovery cannot end is shown with its age and the reason', async (t) => {
  // No process listens at this address: for the gateway, billing stays down.
  const system = await startTestSystem(t, {
    BILLING_URL: `http://127.0.0.1:${await freePort()}`,
    ORDER_DEADLINE_MS: '300',
    RECOVERY_AGE_MS: '0',
    RECOVERY_INTERVAL_MS: '50',
  });
  const [anna, operator] = [await system.customer(), await system.operator()];
  const key = { 'idempotency-key': 'one-order' };
  const placed = await answeredWith(202, () => anna.call('POST', '/v1/orders', orderOf(100), key));

  const pending = await eventually('the reason', async () => {
    const { body } = await operator.call('GET', '/v1/operator/pending-orders');
    return body.data[0]?.recovery.error !== null && body.data[0];
  });
  const { ageMs, recovery, ...order } = pending;
  assert.deepEqual(order, placed.body);
  assert.deepEqual([order.total, order.statusLabel], [rub(100), 'Ожидает оплаты']);
  assert.ok(Number.isInteger(ageMs) && ageMs > 0);
  assert.ok(recovery.attempts >= 1);
  assert.match(recovery.error, /billing voidPayment gave no answer/);

  const english = await operator.call('GET', '/v1/operator/pending-orders?minAgeMs=1', undefined, {
    'accept-language': 'en',
  });
  assert.equal(english.body.data[0].statusLabel, 'Awaiting payment');
  const later = await operator.call('GET', '/v1/operator/pending-orders?minAgeMs=86400000');
  assert.deepEqual(later.body, { data: [], nextCursor: null });
});
