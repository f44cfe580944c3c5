import { hash } from 'node:crypto';
import {
  blankTextsOf,
  type Order,
  type OrderContent,
  orderProblems,
  totalOf,
} from '#contracts/orders.ts';
import { bareKeyOf } from '#contracts/patterns.ts';
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

export interface OrderRequest extends OrderContent {
  customerId: string;
  /** As the header had it: bare or in quotes. */
  idempotencyKey: string;
}

/**
 * Step 2 of the protocol: stores a Pending order, or answers the one that this customer's key
 * already names.
 * @throws AppError `invalid-request` for a total or currency outside the limits or a blank text,
 *   `idempotency-key-reused` when the key was used with other content
 */
export async function createOrder(
  deps: CreateOrderDeps,
  request: OrderRequest,
): Promise<{ order: Order; created: boolean }> {
  const { customerId, idempotencyKey: sentKey, ...content } = request;
  const { items } = content;
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
  const idempotencyKey = await storedKeyOf(deps, customerId, sentKey);
  const blank = blankTextsOf(items);
  // A former version stored such orders, whose repetitions get their answer.
  if (blank.length > 0 && (await deps.findOrderByKey(customerId, idempotencyKey)) === null) {
    throw new AppError(commonProblems.invalidRequest, 'a text has no visible character', {
      violations: blank,
    });
  }
  const requestHash = hashOf(content);
  const id = newUuidAt(deps.now());
  const order = await deps.insertOrder({
    id,
    createdAt: timeOfUuid(id) as Date,
    customerId,
    idempotencyKey,
    requestHash,
    content,
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

/** Former versions stored the quotes of a key too: a repetition of such an order must find it. */
async function storedKeyOf(
  { findOrderByKey }: CreateOrderDeps,
  customerId: string,
  sentKey: string,
): Promise<string> {
  const key = bareKeyOf(sentKey);
  if (key === sentKey || (await findOrderByKey(customerId, sentKey)) === null) return key;
  return sentKey;
}

/**
 * The hash of everything that was ordered, so that a repeated key with any other content is another
 * request. The order of members in the JSON does not matter. Items of the first version's fields
 * give the bytes of the first version: stored hashes and replicas of older versions agree.
 */
export function hashOf({ items, ...rest }: OrderContent): Buffer {
  const content = items.map(({ name, sku, quantity, unitPrice, ...more }) => [
    name,
    sku ?? null,
    quantity,
    unitPrice.amount,
    unitPrice.currency,
    ...membersOf(more),
  ]);
  return hash('sha256', JSON.stringify([...content, ...membersOf(rest)]), 'buffer');
}

/** The members that are set, by name. */
function membersOf(value: object): unknown[] {
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => ({ [name]: canonical(member) }));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  return typeof value === 'object' && value !== null ? membersOf(value) : value;
}
