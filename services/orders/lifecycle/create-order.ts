import { hash } from 'node:crypto';
import { type Order, type OrderItem, orderProblems, totalOf } from '#contracts/orders.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { newUuidAt, timeOfUuid } from '#platform/values/uuid.ts';
import type { OrderDraft } from './store.ts';

export interface CreateOrderDeps {
  currency: string;
  /** By the clock of the database, which the ages of orders are counted by. */
  now: () => Date;
  insertOrder: (draft: OrderDraft) => Promise<Order | null>;
  findOrderByKey: (
    customerId: string,
    key: string,
  ) => Promise<{ order: Order; requestHash: Buffer } | null>;
}

export interface OrderRequest {
  customerId: string;
  idempotencyKey: string;
  items: OrderItem[];
}

/**
 * Step 2 of the protocol: stores a Pending order, or answers the one that this customer's key
 * already names.
 * @throws AppError `invalid-request` for a total or currency outside the limits,
 *   `idempotency-key-reused` when the key was used with other content
 */
export async function createOrder(
  deps: CreateOrderDeps,
  request: OrderRequest,
): Promise<{ order: Order; created: boolean }> {
  const { customerId, idempotencyKey, items } = request;
  const amount = totalOf(items);
  const foreign = items.findIndex((item) => item.unitPrice.currency !== deps.currency);
  if (foreign !== -1) {
    const pointer = `/items/${foreign}/unitPrice/currency`;
    throw new AppError(commonProblems.invalidRequest, `a price is not in ${deps.currency}`, {
      violations: [{ pointer, rule: 'const', expected: deps.currency }],
    });
  }
  if (amount === null) {
    throw new AppError(commonProblems.invalidRequest, 'total outside the limits', {
      violations: [{ pointer: '/items', rule: 'total', expected: '1…10^15' }],
    });
  }
  const requestHash = hashOf(items);
  const id = newUuidAt(deps.now());
  const order = await deps.insertOrder({
    id,
    createdAt: timeOfUuid(id) as Date,
    customerId,
    idempotencyKey,
    requestHash,
    items,
    itemsJson: JSON.stringify(items),
    total: { amount, currency: deps.currency },
  });
  if (order !== null) return { order, created: true };

  // A second statement, so that it sees the row of a twin that committed meanwhile.
  const existing = await deps.findOrderByKey(customerId, idempotencyKey);
  if (existing === null) {
    throw new AppError(commonProblems.unavailable, 'order neither inserted nor found');
  }
  if (!existing.requestHash.equals(requestHash)) {
    throw new AppError(orderProblems.keyReused, `key of order ${existing.order.id} reused`);
  }
  return { order: existing.order, created: false };
}

/** Of the content, not of its spelling: the order of members in the JSON does not matter. */
function hashOf(items: OrderItem[]): Buffer {
  const canonical = items.map(({ name, sku, quantity, unitPrice }) => [
    name,
    sku ?? null,
    quantity,
    unitPrice.amount,
    unitPrice.currency,
  ]);
  return hash('sha256', JSON.stringify(canonical), 'buffer');
}
