import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Order } from '#contracts/orders.ts';
import { service } from '#services/orders/service.ts';
import { startTestService } from './internal-service.ts';
import { rub } from './system.ts';

/** The default item of the tests' orders: 500 kopecks in total. */
export const ITEM = { name: 'Книга', sku: 'b-1', quantity: 2, unitPrice: rub(250) };

export type OrdersService = Awaited<ReturnType<typeof startOrdersService>>;

/** Starts orders alone, with its broker on a database of its own. */
export async function startOrdersService(
  t: TestContext,
  settings: {
    OUTBOX_RELAY?: 'on' | 'off';
    EVENT_SOURCE?: string;
    EVENT_TYPE_ALIAS?: string;
    ORDERS_DATABASE_URL?: string;
    BROKER_DATABASE_URL?: string;
  } = {},
) {
  const orders = await startTestService(t, service, settings);
  /** Creates an order of `anna` with a random key. */
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
    pending: async (changes?: object): Promise<Order> => (await create(changes)).body,
    pay: (id: string, operationId: string = randomUUID()) =>
      record(id, { decision: 'captured', operationId }),
    cancel: (id: string, decision: 'declined' | 'voided') => record(id, { decision }),
    /** Claims Pending orders, all of them unless `claim` says otherwise, and returns their ids. */
    async claim(claim: object = {}): Promise<string[]> {
      const body = { olderThanMs: 0, leaseMs: 60_000, limit: 100, ...claim };
      const answer = await orders.call('POST', '/pending-orders/claims', body);
      assert.equal(answer.status, 200);
      return answer.body.data.map((order: Order) => order.id);
    },
    /** Number of the order's outbox rows. */
    async events(orderId: string): Promise<number> {
      const sql = 'select from outbox where aggregateid = $1';
      return (await orders.database.query(sql, [orderId])).rows.length;
    },
  };
}
