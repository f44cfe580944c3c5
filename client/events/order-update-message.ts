// The event of an ended order, for programs without our sources. `order-update-message.test.ts`
// compares it with the contract, and with order-update-message.schema.json.

/** The `ce_type` of the events that this version reads. */
export const ORDER_UPDATE_TYPE = 'orderbell.OrderUpdateMessage.v1';

/** The topic, before which a cluster may put a prefix (`KAFKA_PREFIX`). */
export const ORDERS_TOPIC = 'orders';

/** The largest total, in minor units. */
const AMOUNT_MAX = 10 ** 15;

/** An order has ended. Changes within v1 only add members: ignore those that you do not know. */
export interface OrderUpdateMessage {
  /** UUID, also the key of the message. */
  orderId: string;
  /** Opaque: the `sub` of the customer's token. */
  customerId: string;
  /** Of the order; it grows with each change. */
  version: number;
  previousStatus: 'Pending';
  status: 'Paid' | 'Cancelled';
  total: {
    /** Minor units: kopecks for RUB. */
    amount: number;
    /** ISO 4217. */
    currency: string;
  };
  /** The wallet operation that paid the order; null where it is cancelled. */
  paymentOperationId: string | null;
  /** Why it was cancelled; null where it is paid. */
  reason: 'insufficient-funds' | 'voided' | null;
  /** RFC 3339, UTC. */
  occurredAt: string;
}

const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;
const CUSTOMER_ID = /^[\x21-\x7e]{1,255}$/;
const CURRENCY = /^[A-Z]{3}$/;

type Demand = [member: string, says: string, isMet: (value: unknown) => boolean];

const isUuid = (value: unknown) => typeof value === 'string' && UUID.test(value);
const matches = (form: RegExp) => (value: unknown) => typeof value === 'string' && form.test(value);
const oneOf =
  (...values: unknown[]) =>
  (value: unknown) =>
    values.includes(value);
const wholeFrom1To = (maximum: number) => (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maximum;

const DEMANDS: Demand[] = [
  ['orderId', 'a UUID', isUuid],
  ['customerId', '1 to 255 visible ASCII characters', matches(CUSTOMER_ID)],
  ['version', 'a whole number from 1 on', wholeFrom1To(Number.POSITIVE_INFINITY)],
  ['previousStatus', '"Pending"', oneOf('Pending')],
  ['status', '"Paid" or "Cancelled"', oneOf('Paid', 'Cancelled')],
  ['total', 'an object', isObject],
  ['paymentOperationId', 'a UUID or null', (value) => value === null || isUuid(value)],
  ['reason', '"insufficient-funds", "voided" or null', oneOf('insufficient-funds', 'voided', null)],
  ['occurredAt', 'a text', (value) => typeof value === 'string'],
];

const TOTAL_DEMANDS: Demand[] = [
  ['amount', `a whole number from 1 to ${AMOUNT_MAX}`, wholeFrom1To(AMOUNT_MAX)],
  ['currency', 'three capital letters', matches(CURRENCY)],
];

/** @returns what keeps a value from being an `OrderUpdateMessage`, or null */
export function orderUpdateFault(value: unknown): string | null {
  if (!isObject(value)) return 'the value must be a JSON object';
  return faultOf(value, '', DEMANDS) ?? faultOf(value.total as object, 'total.', TOTAL_DEMANDS);
}

function faultOf(value: object, prefix: string, demands: Demand[]): string | null {
  for (const [member, says, isMet] of demands) {
    const given = (value as Record<string, unknown>)[member];
    if (!isMet(given)) return `${prefix}${member} must be ${says}, not ${shortTextOf(given)}`;
  }
  return null;
}

const SHOWN_MAX = 60;

function shortTextOf(value: unknown): string {
  if (value === undefined) return 'absent';
  const text = JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
