import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Order } from '#contracts/orders.ts';
import { OrdersConfig, startOrders } from '#services/orders/service.ts';
import { startTestService, type TestService } from './internal-service.ts';
import { rub } from './system.ts';

/** What the test's orders hold, where nothing else is said: 500 kopecks. */
export const ITEM = { name: 'Книга', sku: 'b-1', quantity: 2, unitPrice: rub(250) };

/** The orders service and what tests ask of it. */
export interface OrdersService extends TestService {
  /** Asks for an order of `anna` with a key of its own. */
  create(changes?: object): ReturnType<TestService['call']>;
  pending(changes?: object): Promise<Order>;
  pay(id: string, operationId?: string): ReturnType<TestService['call']>;
  cancel(id: string, decision: 'declined' | 'voided'): ReturnType<TestService['call']>;
  /** Ids that a claim of all Pending orders, or of those that it names, got. */
  claim(claim?: object): Promise<string[]>;
  /** Number of the order's outbox rows. */
  events(orderId: string): Promise<number>;
}

/**
 * Starts orders alone, with its broker on a database of its own.
 * @param settings without a relay there is no broker either
 */
export async function startOrdersService(
  t: TestContext,
  settings: { OUTBOX_RELAY?: 'on' | 'off' } = {},
): Promise<OrdersService> {
  const databases = ['ORDERS_DATABASE_URL'];
  if (settings.OUTBOX_RELAY !== 'off') databases.push('BROKER_DATABASE_URL');
  const more = { settings };
  const orders = await startTestService(t, 'orders', OrdersConfig, startOrders, databases, more);
  const create = (changes: object = {}) =>
    orders.call('POST', '/orders', {
      customerId: 'anna',
      idempotencyKey: randomUUID(),
      items: [ITEM],
      ...changes,
    });
  const record = (id: string, body: object) => orders.call('PUT', `/orders/${id}/payment`, body);
  return {
    ...orders,
    create,
    pending: async (changes) => (await create(changes)).body,
    pay: (id, operationId = randomUUID()) => record(id, { decision: 'captured', operationId }),
    cancel: (id, decision) => record(id, { decision }),
    async claim(claim = {}) {
      const body = { olderThanMs: 0, leaseMs: 60_000, limit: 100, ...claim };
      const answer = await orders.call('POST', '/pending-orders/claims', body);
      assert.equal(answer.status, 200);
      return answer.body.data.map((order: Order) => order.id);
    },
    async events(orderId) {
      const { rows } = await orders.database.query('select from outbox where aggregateid = $1', [
        orderId,
      ]);
      return rows.length;
    },
  };
}
