import { createHash } from 'node:crypto';
import { Compile } from 'typebox/compile';
import { Uuid } from '#contracts/common.ts';
import { ORDER_UPDATE_TYPE, OrderUpdateMessage } from '#contracts/order-update-message.ts';
import type { IncomingMessage } from '#platform/broker/port/broker.ts';
import { describeError } from '#platform/errors.ts';
import { isContentRefusal } from '#platform/postgres/database.ts';
import { newUuidAt } from '#platform/values/uuid.ts';
import type { NewLetterRow } from '../delivery/letter-store.ts';
import { TEMPLATE_VERSION } from '../letter/template.ts';
import type { DeadLetterRow } from './dead-letter-store.ts';

export interface OnOrderUpdateDeps {
  /** Stores both kinds in one transaction; rows that exist already are left as they are. */
  storeAll: (letters: NewLetterRow[], deadLetters: DeadLetterRow[]) => Promise<void>;
  /** Called after letters were stored. */
  onLetters: () => void;
  /** Counts messages of a type that is not ours. */
  onUnknownType: (type: string) => void;
  /** By the clock of the database: dead letters are listed by it. */
  now: () => Date;
}

/**
 * Takes messages of topic `orders` into the inbox (docs/reference/events.md). When it resolves,
 * each has become a letter, a dead letter or nothing, durably, so that its offset may be
 * committed; when it rejects, all of them come again. Invariant I6.
 */
export async function onOrderUpdates(
  deps: OnOrderUpdateDeps,
  messages: IncomingMessage[],
): Promise<void> {
  const letters: { message: IncomingMessage; row: NewLetterRow }[] = [];
  const deadLetters: DeadLetterRow[] = [];
  const unknownTypes: string[] = [];
  for (const message of messages) {
    const reading = readMessage(message);
    if (reading.kind === 'letter') letters.push({ message, row: reading.row });
    else if (reading.kind === 'poison')
      deadLetters.push(deadLetterOf(deps, message, reading.error));
    else unknownTypes.push(reading.type);
  }
  try {
    await deps.storeAll(
      letters.map(({ row }) => row),
      deadLetters,
    );
  } catch (error) {
    if (!isContentRefusal(error)) throw error;
    // The database refuses some row for its content: find out which, row by row.
    await storeOneByOne(deps, letters, deadLetters);
  }
  if (letters.length > 0) deps.onLetters();
  // Only now: a batch that is rejected comes again, and would be counted again.
  for (const type of unknownTypes) deps.onUnknownType(type);
}

async function storeOneByOne(
  deps: OnOrderUpdateDeps,
  letters: { message: IncomingMessage; row: NewLetterRow }[],
  deadLetters: DeadLetterRow[],
): Promise<void> {
  await deps.storeAll([], deadLetters);
  for (const { message, row } of letters) {
    try {
      await deps.storeAll([row], []);
    } catch (error) {
      if (!isContentRefusal(error)) throw error;
      await deps.storeAll([], [deadLetterOf(deps, message, describeError(error))]);
    }
  }
}

export type Reading =
  | { kind: 'letter'; row: NewLetterRow }
  | { kind: 'poison'; error: string }
  | { kind: 'unknown-type'; type: string };

const messageSchema = Compile(OrderUpdateMessage);
const uuidSchema = Compile(Uuid);
// PostgreSQL also takes `infinity`, `now` and times without a zone; none of them can be told in a
// letter. Whether the moment exists is left to it.
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;
const TRACEPARENT = /^[\x21-\x7e]{1,255}$/;

/** What a message says; the same for one that comes from the topic and one that is redriven. */
export function readMessage(message: IncomingMessage): Reading {
  const type = message.headers.ce_type?.toString();
  if (type === undefined) return { kind: 'poison', error: 'header ce_type is missing' };
  if (type !== ORDER_UPDATE_TYPE) return { kind: 'unknown-type', type };
  const id = message.headers.ce_id?.toString();
  if (!uuidSchema.Check(id)) return { kind: 'poison', error: 'header ce_id is not a UUID' };
  if (message.value === null) return { kind: 'poison', error: 'the message has no value' };
  let value: unknown;
  try {
    value = JSON.parse(message.value.toString());
  } catch (error) {
    return { kind: 'poison', error: `the value is not JSON: ${describeError(error)}` };
  }
  if (!messageSchema.Check(value)) {
    const [first] = messageSchema.Errors(value);
    return { kind: 'poison', error: `schema: ${first?.instancePath} ${first?.message}` };
  }
  if (!MOMENT.test(value.occurredAt)) {
    return { kind: 'poison', error: 'schema: /occurredAt must be an RFC 3339 moment' };
  }
  return { kind: 'letter', row: letterOf(id as string, value, message) };
}

function letterOf(id: string, event: OrderUpdateMessage, message: IncomingMessage): NewLetterRow {
  const traceparent = message.headers.traceparent?.toString() ?? '';
  return {
    id,
    orderId: event.orderId,
    customerId: event.customerId,
    kind: event.status === 'Paid' ? 'happiness' : 'grief',
    totalAmount: event.total.amount,
    currency: event.total.currency,
    reason: event.reason,
    occurredAt: event.occurredAt,
    templateVersion: TEMPLATE_VERSION,
    partition: message.partition,
    offset: message.offset,
    // One that is malformed is ignored (W3C Trace Context): no reason to lose a letter.
    traceparent: TRACEPARENT.test(traceparent) ? traceparent : null,
  };
}

function deadLetterOf(
  { now }: Pick<OnOrderUpdateDeps, 'now'>,
  message: IncomingMessage,
  error: string,
): DeadLetterRow {
  const headers = Object.entries(message.headers).map(([name, value]) => [
    name,
    value.toString('base64'),
  ]);
  const digest = createHash('sha256')
    .update(JSON.stringify(headers))
    .update(message.value ?? '')
    .digest();
  return {
    id: newUuidAt(now()),
    topic: message.topic,
    partition: message.partition,
    offset: message.offset,
    key: message.key,
    value: message.value,
    headers: JSON.stringify(headers),
    digest,
    error: deadErrorOf(error),
  };
}

const DEAD_ERROR_MAX = 1_000;

/** Why a message is dead, as it can be stored: a library may quote the value, NUL included. */
export function deadErrorOf(error: string): string {
  return error.replaceAll('\u0000', '\\u0000').slice(0, DEAD_ERROR_MAX).toWellFormed();
}
