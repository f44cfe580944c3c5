import type {
  CancelReason,
  Order,
  OrderContent,
  OrderItem,
  OrderStatus,
  PaymentRecord,
} from '#contracts/orders.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { isFew } from '#platform/postgres/plan-once.ts';

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

export const ORDER_COLUMNS = `id, customer_id, status, status_reason, total_amount, currency,
  payment_operation_id, version, created_at, updated_at, items`;

/** An order about to be stored. */
export interface OrderDraft {
  id: string;
  /** The moment inside the id, so that lists by id are lists by time. */
  createdAt: Date;
  customerId: string;
  idempotencyKey: string;
  /** Hash of what was asked for: the same key with another hash is another request. */
  requestHash: Buffer;
  content: OrderContent;
  /** The items as they are stored. */
  itemsJson: string;
  total: { amount: number; currency: string };
}

/**
 * Stores Pending orders, in one statement.
 * @returns one order per draft, in the same sequence; null where the customer used the key before,
 *   including for an earlier draft of this call
 */
export async function insertOrders(db: Queryable, drafts: OrderDraft[]): Promise<(Order | null)[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'insert-orders',
    // Sorted, so that two batches with the same keys cannot deadlock.
    text: `insert into orders
        (id, customer_id, idempotency_key, request_hash, status, items, total_amount, currency,
          created_at, updated_at)
      select id, customer_id, idempotency_key, decode(request_hash, 'hex'), 'Pending', items,
        total_amount, currency, created_at, created_at
      from json_to_recordset($1)
        as draft (id uuid, customer_id text, idempotency_key text, request_hash text, items jsonb,
          total_amount bigint, currency text, created_at timestamptz)
      order by customer_id collate "C", idempotency_key collate "C"
      on conflict (customer_id, idempotency_key) do nothing
      returning id`,
    values: [`[${drafts.map(rowJsonOf).join()}]`],
  });
  const inserted = new Set(rows.map((row) => row.id));
  return drafts.map((draft) => (inserted.has(draft.id) ? pendingOrderOf(draft) : null));
}

function rowJsonOf({ id, customerId, idempotencyKey, ...draft }: OrderDraft): string {
  const row = JSON.stringify({
    id,
    customer_id: customerId,
    idempotency_key: idempotencyKey,
    request_hash: draft.requestHash.toString('hex'),
    total_amount: draft.total.amount,
    currency: draft.total.currency,
    created_at: draft.createdAt,
  });
  // The items are JSON already.
  return `${row.slice(0, -1)},"items":${draft.itemsJson}}`;
}

/** The stored order of a draft, made without reading the row: the draft determines all of it. */
function pendingOrderOf({ id, customerId, content, total, createdAt }: OrderDraft): Order {
  const moment = createdAt.toISOString();
  return {
    id,
    customerId,
    status: 'Pending',
    statusReason: null,
    ...content,
    total,
    payment: null,
    version: 1,
    createdAt: moment,
    updatedAt: moment,
  };
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

/** SQL of the event of an ended order, a row of `orders`: the content of OrderUpdateMessage. */
export function eventPayload(row: string): string {
  return `json_build_object(
    'orderId', ${row}.id,
    'customerId', ${row}.customer_id,
    'version', ${row}.version,
    'previousStatus', 'Pending',
    'status', ${row}.status,
    'total', json_build_object('amount', ${row}.total_amount, 'currency', ${row}.currency),
    'paymentOperationId', ${row}.payment_operation_id,
    'reason', ${row}.status_reason,
    'occurredAt', to_char(${row}.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`;
}

/** CloudEvents attributes that settings give to new events. */
export interface EventOrigin {
  source: string;
  /** A second name of the type, for the header `ce_typealias`; null for none. */
  typeAlias: string | null;
}

/** An order's end, about to be stored. */
export interface Settlement {
  orderId: string;
  record: PaymentRecord;
  /** The members of the event that do not come from the order. */
  event: { id: string; type: string; traceparent: string } & EventOrigin;
}

/**
 * Ends Pending orders and puts their events into the outbox, in one statement: neither exists
 * without the other. Invariants I2 (an order ends once, guarded by its status) and I5.
 * @returns one order per settlement, in the same sequence; null where the order is not Pending, does
 *   not exist, or an earlier settlement of this call ended it
 */
export async function settleOrders(
  db: Queryable,
  settlements: Settlement[],
): Promise<(Order | null)[]> {
  // Keeps only the first settlement per order: the statement must update each row once.
  const first = new Map<string, Settlement>();
  for (const each of settlements) {
    if (!first.has(each.orderId)) first.set(each.orderId, each);
  }
  const given = [...first.values()];
  const { rows } = await db.query<OrderRow>({
    name: 'settle-orders',
    text: `with given as (
        select * from json_to_recordset($1) as t (order_id uuid, new_status text, new_reason text,
          operation_id uuid, new_event_id uuid, type text, traceparent text, source text,
          type_alias text)
        where ${isFew('order_id')}
      ), settled as (
        update orders
        set status = new_status, status_reason = new_reason, payment_operation_id = operation_id,
          event_id = new_event_id, version = version + 1, updated_at = now()
        from given
        where id = order_id and (status = 'Pending') is true
        returning orders.*, type, traceparent, source, type_alias
      ), event as (
        insert into outbox (id, aggregatetype, aggregateid, type, traceparent, event_source,
          type_alias, payload)
        select event_id, 'order', id, type, traceparent, source, type_alias,
          ${eventPayload('settled')}
        from settled
      )
      select ${ORDER_COLUMNS} from settled`,
    values: [
      JSON.stringify(
        given.map(({ orderId, record, event }) => ({
          order_id: orderId,
          new_status: record.decision === 'captured' ? 'Paid' : 'Cancelled',
          new_reason: reasonOf(record),
          operation_id: record.decision === 'captured' ? record.operationId : null,
          new_event_id: event.id,
          type: event.type,
          traceparent: event.traceparent,
          source: event.source,
          type_alias: event.typeAlias,
        })),
      ),
    ],
  });
  const settled = new Map(rows.map((row) => [row.id, orderOf(row)]));
  return settlements.map((each) =>
    first.get(each.orderId) === each ? (settled.get(each.orderId) ?? null) : null,
  );
}

function reasonOf({ decision }: PaymentRecord): CancelReason | null {
  if (decision === 'captured') return null;
  return decision === 'declined' ? 'insufficient-funds' : 'voided';
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
