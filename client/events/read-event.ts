import {
  ORDER_UPDATE_TYPE,
  type OrderUpdateMessage,
  orderUpdateFault,
} from './order-update-message.ts';

/** A text or its UTF-8 bytes, as clients of Kafka give keys, values and headers. */
export type Bytes = string | Uint8Array;

/** A message as any client of Kafka gives it. */
export interface EventMessage {
  /** By name, as a map or as an object. */
  headers: ReadonlyMap<Bytes, Bytes> | Readonly<Record<string, Bytes | undefined>>;
  value: Bytes | null | undefined;
}

/** An event of an ended order. */
export interface OrderUpdateEvent {
  kind: 'event';
  /** CloudEvents id: every repetition of the event has the same one. */
  id: string;
  type: typeof ORDER_UPDATE_TYPE;
  /** The header `ce_typealias`; null without one. */
  typeAlias: string | null;
  /** Who publishes: `/orders`, or what the setting EVENT_SOURCE says. */
  source: string;
  /** The order id. */
  subject: string | null;
  /** When the order ended, RFC 3339; null where the publisher does not say it. */
  time: string | null;
  /** W3C Trace Context of the request that ended the order; null without a valid one. */
  traceparent: string | null;
  data: OrderUpdateMessage;
}

/** An event of a type that this version does not know. Pass over it: that is no fault. */
export interface SkippedEvent {
  kind: 'skipped';
  /** Its `ce_type`. */
  type: string;
  /** Its `ce_id`; null without one. */
  id: string | null;
}

/** A message is no event as Orderbell publishes it; the text says what is wrong. */
export class EventFormatError extends Error {
  override readonly name = 'EventFormatError';
}

const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}/;

const decoder = new TextDecoder('utf-8', { fatal: true });
const anyBytes = new TextDecoder('latin1');

/**
 * Reads a message of the topic `orders`: CloudEvents 1.0 in Kafka's binary mode, with JSON.
 * @throws EventFormatError
 */
export function readEvent(message: EventMessage): OrderUpdateEvent | SkippedEvent {
  const headers = textsOf(message.headers);
  const type = demand(headers, 'ce_type');
  const id = headers.get('ce_id') ?? null;
  if (type !== ORDER_UPDATE_TYPE) return { kind: 'skipped', type, id };
  const version = demand(headers, 'ce_specversion');
  if (!version.startsWith('1.')) fail(`ce_specversion is ${version}, and must be 1.0`);
  if (id === null || !UUID.test(id)) fail(`header ce_id is ${id ?? 'missing'}, and must be a UUID`);
  const contentType = headers.get('content-type') ?? 'application/json';
  if (!JSON_TYPE.test(contentType)) {
    fail(`header content-type is ${contentType}, and must be application/json`);
  }
  const traceparent = headers.get('traceparent') ?? '';
  return {
    kind: 'event',
    id,
    type,
    typeAlias: headers.get('ce_typealias') || null,
    source: demand(headers, 'ce_source'),
    subject: headers.get('ce_subject') ?? null,
    time: headers.get('ce_time') ?? null,
    traceparent: TRACEPARENT.test(traceparent) ? traceparent : null,
    data: dataOf(message.value),
  };
}

function demand(headers: Map<string, string>, name: string): string {
  return headers.get(name) || fail(`header ${name} is missing`);
}

function dataOf(value: EventMessage['value']): OrderUpdateMessage {
  if (value === null || value === undefined) fail('the message has no value');
  const text = textOf(value, 'the value');
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    fail(`the value is not JSON: ${(error as Error).message}`);
  }
  const fault = orderUpdateFault(data);
  if (fault !== null) fail(fault);
  return data as OrderUpdateMessage;
}

/** Foreign headers may hold any bytes: only those that an event has are decoded. */
const KNOWN =
  /^(?:ce_(?:specversion|id|type|typealias|source|subject|time)|content-type|traceparent)$/;

function textsOf(headers: EventMessage['headers']): Map<string, string> {
  const entries = headers instanceof Map ? [...headers] : Object.entries(headers);
  const texts = new Map<string, string>();
  for (const [name, value] of entries as [Bytes, Bytes | null | undefined][]) {
    const known = typeof name === 'string' ? name : anyBytes.decode(name);
    if (!KNOWN.test(known) || value === null || value === undefined) continue;
    texts.set(known, textOf(value, `header ${known}`));
  }
  return texts;
}

function textOf(bytes: Bytes, what: string): string {
  if (typeof bytes === 'string') return bytes;
  try {
    return decoder.decode(bytes);
  } catch {
    return fail(`${what} is not UTF-8`);
  }
}

function fail(text: string): never {
  throw new EventFormatError(text);
}
