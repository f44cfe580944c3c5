import type {
  CancelReason,
  Order,
  OrderItem,
  OrderStatus,
  PaymentRecord,
} from '#contracts/orders.ts';
import type { Queryable } from '#platform/database.ts';

/** A row of `ORDER_COLUMNS`. */
export interface OrderRow {
  id: string;
  customer_id: string;
  status: OrderStatus;
  status_reason: CancelReason | null;
  items: OrderItem[];
  total_amount: string;
  currency: string;
  payment_operation_id: string | null;
  version: number;
  created_at: Date;
  updated_at: Date;
}

export const ORDER_COLUMNS = `id, customer_id, status, status_reason, items, total_amount, currency,
  payment_operation_id, version, created_at, updated_at`;

/** An order about to be stored. */
export interface OrderDraft {
  id: string;
  /** The moment inside the id, so that lists by id are lists by time. */
  createdAt: Date;
  customerId: string;
  idempotencyKey: string;
  /** Hash of what was asked for: the same key with another hash is another request. */
  requestHash: Buffer;
  items: OrderItem[];
  total: { amount: number; currency: string };
}

/** Stores a Pending order. @returns null when the customer used the key before */
export async function insertOrder(db: Queryable, draft: OrderDraft): Promise<Order | null> {
  const { rows } = await db.query<OrderRow>({
    name: 'insert-order',
    text: `insert into orders
        (id, customer_id, idempotency_key, request_hash, status, items, total_amount, currency,
          created_at, updated_at)
      values ($1, $2, $3, $4, 'Pending', $5, $6, $7, $8, $8)
      on conflict (customer_id, idempotency_key) do nothing
      returning ${ORDER_COLUMNS}`,
    values: [
      draft.id,
      draft.customerId,
      draft.idempotencyKey,
      draft.requestHash,
      JSON.stringify(draft.items),
      draft.total.amount,
      draft.total.currency,
      draft.createdAt,
    ],
  });
  return rows[0] === undefined ? null : orderOf(rows[0]);
}

/** The order that a customer's key names, with the hash of its request. */
export async function findOrderByKey(
  db: Queryable,
  customerId: string,
  idempotencyKey: string,
): Promise<{ order: Order; requestHash: Buffer } | null> {
  const { rows } = await db.query<OrderRow & { request_hash: Buffer }>({
    name: 'find-order-by-key',
    text: `select ${ORDER_COLUMNS}, request_hash from orders
      where customer_id = $1 and idempotency_key = $2`,
    values: [customerId, idempotencyKey],
  });
  const row = rows[0];
  return row === undefined ? null : { order: orderOf(row), requestHash: row.request_hash };
}

export async function findOrder(db: Queryable, id: string): Promise<Order | null> {
  const { rows } = await db.query<OrderRow>({
    name: 'find-order',
    text: `select ${ORDER_COLUMNS} from orders where id = $1`,
    values: [id],
  });
  return rows[0] === undefined ? null : orderOf(rows[0]);
}

/** What the status change's event carries besides the order. */
export interface EventDraft {
  id: string;
  type: string;
  traceparent: string;
}

/**
 * Ends a Pending order and puts its event into the outbox, in one statement: neither exists
 * without the other. Invariants I2 (one way, guarded by the status) and I5.
 * @returns null when the order is not Pending or does not exist
 */
export async function settleOrder(
  db: Queryable,
  id: string,
  record: PaymentRecord,
  event: EventDraft,
): Promise<Order | null> {
  const captured = record.decision === 'captured';
  const reason = record.decision === 'declined' ? 'insufficient-funds' : 'voided';
  const { rows } = await db.query<OrderRow>({
    name: 'settle-order',
    text: `with settled as (
        update orders
        set status = $2, status_reason = $3, payment_operation_id = $4, event_id = $5::uuid,
          version = version + 1, updated_at = now()
        where id = $1 and status = 'Pending'
        returning ${ORDER_COLUMNS}
      ), event as (
        insert into outbox (id, aggregatetype, aggregateid, type, traceparent, payload)
        select $5::uuid, 'order', id, $6, $7, json_build_object(
          'orderId', id,
          'customerId', customer_id,
          'version', version,
          'previousStatus', 'Pending',
          'status', status,
          'total', json_build_object('amount', total_amount, 'currency', currency),
          'paymentOperationId', payment_operation_id,
          'reason', status_reason,
          'occurredAt', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
        from settled
      )
      select * from settled`,
    values: [
      id,
      captured ? 'Paid' : 'Cancelled',
      captured ? null : reason,
      captured ? record.operationId : null,
      event.id,
      event.type,
      event.traceparent,
    ],
  });
  return rows[0] === undefined ? null : orderOf(rows[0]);
}

/** A customer's orders, newest first, one more than `limit` where there are more. */
export async function listOrders(
  db: Queryable,
  query: { customerId: string; status: OrderStatus | null; before: string | null; limit: number },
): Promise<Order[]> {
  const values: unknown[] = [query.customerId, query.limit + 1];
  const conditions = ['customer_id = $1'];
  if (query.status !== null) conditions.push(`status = $${values.push(query.status)}`);
  if (query.before !== null) conditions.push(`id < $${values.push(query.before)}`);
  const { rows } = await db.query<OrderRow>(
    `select ${ORDER_COLUMNS} from orders where ${conditions.join(' and ')}
      order by id desc limit $2`,
    values,
  );
  return rows.map(orderOf);
}

/** @returns the order that a row of `ORDER_COLUMNS` is */
export function orderOf(row: OrderRow): Order {
  return {
    id: row.id,
    customerId: row.customer_id,
    status: row.status,
    statusReason: row.status_reason,
    items: row.items,
    // Exact: the table's CHECK keeps it below 2^53.
    total: { amount: Number(row.total_amount), currency: row.currency },
    payment: row.payment_operation_id === null ? null : { operationId: row.payment_operation_id },
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
