import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type EventMessage, readEvent } from './read-event.ts';

const CORPUS = new URL('../../contracts/corpus/', import.meta.url);

/** A stored message, with changed headers; null removes one. */
function stored(name: string, changes: Record<string, string | null> = {}) {
  const { headers, value } = JSON.parse(readFileSync(new URL(name, CORPUS), 'utf8'));
  const all = Object.entries<string | null>({ ...headers, ...changes });
  return {
    headers: Object.fromEntries(
      all.filter((entry): entry is [string, string] => entry[1] !== null),
    ),
    value: typeof value === 'string' ? value : JSON.stringify(value),
  };
}

const PAID = 'v1-paid.json';

test('every stored message is read, in every form that clients of Kafka give', () => {
  for (const name of readdirSync(CORPUS)) {
    const { headers, value } = stored(name);
    const bytes = Object.entries(headers).map(([key, text]): [Buffer, Buffer] => [
      Buffer.from(key),
      Buffer.from(text),
    ]);
    const forms: EventMessage[] = [
      { headers, value },
      { headers: new Map(bytes), value: Buffer.from(value) },
      { headers: Object.fromEntries(bytes), value: new TextEncoder().encode(value) },
    ];
    for (const form of forms) {
      const event = readEvent(form);
      assert.ok(event.kind === 'event');
      assert.deepEqual(
        [event.id, event.type, event.source, event.subject, event.time],
        ['ce_id', 'ce_type', 'ce_source', 'ce_subject', 'ce_time'].map(
          (key) => headers[key] ?? null,
        ),
      );
      assert.deepEqual(event.data, JSON.parse(value));
    }
  }
});

test('a source of its own and a second name of the type are given', () => {
  const changes = {
    ce_source: 'https://shop.example/orders',
    ce_typealias: 'com.example.order.v1',
  };
  const event = readEvent(stored(PAID, changes));
  assert.ok(event.kind === 'event');
  assert.deepEqual([event.source, event.typeAlias], Object.values(changes));
  // Debezium sends an empty header where there is none.
  const empty = readEvent(stored(PAID, { ce_typealias: '' }));
  assert.ok(empty.kind === 'event' && empty.typeAlias === null);
});

test('an event of another type is passed over, whatever else it holds', () => {
  const id = '0198c0de-0000-7000-8000-000000000009';
  const other = { headers: { ce_type: 'orderbell.OrderUpdateMessage.v2', ce_id: id }, value: '?' };
  assert.deepEqual(readEvent(other), {
    kind: 'skipped',
    type: 'orderbell.OrderUpdateMessage.v2',
    id,
  });
});

test('headers of others may hold any bytes, and a malformed trace is none', () => {
  const { headers, value } = stored(PAID, { traceparent: 'no trace' });
  const event = readEvent({ headers: { ...headers, foreign: Buffer.from([0xff]) }, value });
  assert.ok(event.kind === 'event' && event.traceparent === null);
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const traced = readEvent(stored(PAID, { traceparent }));
  assert.ok(traced.kind === 'event' && traced.traceparent === traceparent);
});

const FAULTS: [what: string, message: EventMessage, fault: RegExp][] = [
  ['no type', stored(PAID, { ce_type: null }), /^header ce_type is missing$/],
  ['no id', stored(PAID, { ce_id: null }), /^header ce_id is missing, and must be a UUID$/],
  ['another id', stored(PAID, { ce_id: '7' }), /^header ce_id is 7, and must be a UUID$/],
  ['no source', stored(PAID, { ce_source: null }), /^header ce_source is missing$/],
  ['no version', stored(PAID, { ce_specversion: null }), /^header ce_specversion is missing$/],
  ['CloudEvents 2', stored(PAID, { ce_specversion: '2.0' }), /^ce_specversion is 2.0, and must/],
  ['XML', stored(PAID, { 'content-type': 'text/xml' }), /^header content-type is text\/xml/],
  ['no value', { ...stored(PAID), value: null }, /^the message has no value$/],
  ['no JSON', { ...stored(PAID), value: '{' }, /^the value is not JSON: /],
  [
    'no UTF-8',
    { ...stored(PAID), value: Buffer.from([0x22, 0xff, 0x22]) },
    /^the value is not UTF-8$/,
  ],
  ['against the schema', { ...stored(PAID), value: '{}' }, /^orderId must be a UUID, not absent$/],
];

for (const [what, message, fault] of FAULTS) {
  test(`refused with the reason: ${what}`, () => {
    assert.throws(() => readEvent(message), { name: 'EventFormatError', message: fault });
  });
}
