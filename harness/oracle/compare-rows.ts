import { orderNumberOf } from '#contracts/order-number.ts';
import { topicContent } from '../broker/broker.ts';
import { historyViolations } from './compare-history.ts';
import type { History } from './history.ts';
import { by, found, type Row, type StoredState } from './stored-state.ts';

/** Every contradiction in the stored state of a system at rest, one line each, with ids. */
export function violationsIn(state: StoredState, history: History): string[] {
  return [
    ...decisionViolations(state),
    ...ledgerViolations(state),
    ...eventViolations(state),
    ...letterViolations(state),
    ...mailViolations(state),
    ...historyViolations(state, history),
  ];
}

/** I1, I2, I3: the final status of an order agrees with its one decision. */
function decisionViolations({ orders, payments }: StoredState): string[] {
  const decisions = by(payments, (payment) => payment.order_id);
  const known = by(orders, ({ id }) => id);
  const strangers = payments.filter(({ order_id }) => !known.has(String(order_id)));
  return [
    ...strangers.map(({ order_id }) => `payment of ${order_id}: there is no such order`),
    ...orders.flatMap((order) => {
      const payment = decisions.get(String(order.id))?.[0];
      const decided = {
        captured: 'Paid null',
        declined: 'Cancelled insufficient-funds',
        voided: 'Cancelled voided',
      }[String(payment?.decision)];
      const ended = `${order.status} ${order.status_reason}`;
      const facts = (row: Row | undefined) =>
        [row?.customer_id, row?.currency].concat(row?.amount ?? row?.total_amount).join(' ');
      const { id, payment_operation_id: operation = null } = order;
      return found([
        order.status === 'Pending' && `order ${id} is still Pending`,
        ended !== decided && `order ${id} is ${ended}, decided ${decided}`,
        operation !== (payment?.operation_id ?? null) &&
          `order ${id} names operation ${operation}, not the decision's`,
        payment !== undefined &&
          facts(order) !== facts(payment) &&
          `order ${id} (${facts(order)}) was decided as ${facts(payment)}`,
      ]);
    }),
  ];
}

/** I4: every unit that came in is in a wallet or was captured. */
function ledgerViolations(state: StoredState): string[] {
  const sum = (rows: Row[], column: string) =>
    rows.reduce((total, row) => total + BigInt(row[column] as string), 0n);
  const cameIn = sum(
    state.operations.filter(({ type }) => type !== 'charge'),
    'amount',
  );
  const captured = sum(
    state.payments.filter(({ decision }) => decision === 'captured'),
    'amount',
  );
  const held = sum(state.wallets, 'balance');
  return [
    ...state.ledgerViolations.map(({ fault, place }) => `ledger: ${fault} ${place}`),
    ...state.wallets
      .filter(({ balance }) => BigInt(balance as string) < 0n)
      .map(({ customer_id, balance }) => `wallet ${customer_id} holds ${balance}`),
    ...found([
      cameIn - captured !== held &&
        `topped up ${cameIn}, captured ${captured}, but the wallets hold ${held}`,
    ]),
  ];
}

/** I5: one event per ended order, on the topic at least once, always the same, and nothing else. */
function eventViolations({ orders, outbox, messages }: StoredState): string[] {
  const events = by(outbox, (event) => event.aggregateid);
  const copies = by(messages, ({ id }) => id);
  const known = by(outbox, ({ id }) => id);
  return [
    ...orders.flatMap((order) => {
      const [event, ...more] = events.get(String(order.id)) ?? [];
      if (event === undefined) return [`order ${order.id} has no event`];
      if (more.length > 0) return [`order ${order.id} has ${more.length + 1} events`];
      if (order.event_id !== event.id) {
        return [`order ${order.id} names event ${order.event_id}, but has ${event.id}`];
      }
      if (factsOf(event) === endOf(order)) return [];
      return [`event ${event.id} tells ${factsOf(event)}, order ${order.id} is ${endOf(order)}`];
    }),
    ...outbox.flatMap((row) => {
      const { id, partition, offset } = row;
      const all = copies.get(String(id)) ?? [];
      const places = all.map((copy) => `${copy.partition}/${copy.offset}`);
      const [content, ...more] = new Set(all.map((copy) => copy.content));
      const expected = contentOf(row);
      return found([
        more.length > 0 && `copies of event ${id} on the topic differ`,
        content !== undefined &&
          content !== expected &&
          `event ${id} on the topic is ${content}, in the outbox ${expected}`,
        !places.includes(`${partition}/${offset}`) &&
          `event ${id} was acknowledged at ${partition}/${offset}, but is at [${places}]`,
      ]);
    }),
    ...[...copies.keys()]
      .filter((id) => !known.has(id))
      .map((id) => `event ${id} on the topic is not in the outbox`),
  ];
}

/** Key, value and headers by which an outbox row goes out, as `TopicMessage.content` has them. */
function contentOf(row: Row): string {
  return topicContent(String(row.aggregateid), String(row.payload_text), {
    ce_specversion: '1.0',
    ce_id: String(row.id),
    ce_type: String(row.type),
    ce_source: String(row.event_source),
    ce_subject: String(row.aggregateid),
    ce_time: String(row.event_time),
    'content-type': 'application/json',
    ...(row.type_alias !== null && { ce_typealias: String(row.type_alias) }),
    ...(row.traceparent !== null && { traceparent: String(row.traceparent) }),
  });
}

function factsOf({ payload }: Row): string {
  const { orderId, version, previousStatus, status, reason, paymentOperationId, customerId } =
    payload as Row;
  const { amount, currency } = (payload as { total: Row }).total;
  return [
    ...[orderId, customerId, `${previousStatus} to ${status}`, reason, paymentOperationId],
    ...[amount, currency, version],
  ].join(' ');
}

function endOf(order: Row): string {
  const { id, status, status_reason, payment_operation_id, customer_id, total_amount } = order;
  return [
    ...[id, customer_id, `Pending to ${status}`, status_reason, payment_operation_id],
    ...[total_amount, order.currency, order.version],
  ].join(' ');
}

/** I6: one letter per event, it was sent, and it is about its event's order. */
function letterViolations(state: StoredState): string[] {
  const { outbox, orders, letters, deadLetters } = state;
  const written = by(letters, ({ id }) => id);
  const ended = by(orders, ({ id }) => id);
  const known = by(outbox, ({ id }) => id);
  return [
    ...outbox
      .filter(({ id }) => !written.has(String(id)))
      .map(({ id }) => `event ${id} has no letter`),
    ...letters.flatMap((letter) => {
      const event = known.get(String(letter.id))?.[0];
      if (event === undefined) return [`letter ${letter.id} is about no event`];
      const order = ended.get(String(event.aggregateid))?.[0];
      return [
        ...endViolations(letter),
        ...(toldBy(letter) === toTell(order)
          ? []
          : [`letter ${letter.id} does not tell of order ${order?.id}: ${toldBy(letter)}`]),
      ];
    }),
    ...positionViolations(state),
    ...deadLetters.map(({ id, error }) => `dead letter ${id}: ${error}`),
  ];
}

/** Every customer of these tests has an address that accepts, until the customer is erased. */
function endViolations(letter: Row): string[] {
  const { id, state, recipient, recipient_name, erased_at } = letter;
  if (!isErased(letter)) return found([state !== 'sent' && `letter ${id} is ${state}`]);
  return found([
    state !== 'sent' && state !== 'failed' && `letter ${id} is erased and ${state}`,
    (recipient !== null || recipient_name !== null) &&
      `letter ${id} was erased at ${erased_at} and has a recipient`,
  ]);
}

/** Null in letters of versions that erase nothing, absent in tables of such a version. */
const isErased = ({ erased_at }: Row) => (erased_at ?? null) !== null;

const toldBy = ({ order_id, customer_id, kind, reason, total_amount, currency }: Row) =>
  [order_id, customer_id, kind, reason, total_amount, currency].join(' ');

const toTell = (order: Row | undefined) =>
  [
    ...[order?.id, order?.customer_id, order?.status === 'Paid' ? 'happiness' : 'grief'],
    ...[order?.status_reason, order?.total_amount, order?.currency],
  ].join(' ');

/** A letter names the position of its event on the topic. */
function positionViolations({ letters, messages, topicLostAt }: StoredState): string[] {
  const places = new Set(
    messages.map(({ id, partition, offset }) => `${id} ${partition}/${offset}`),
  );
  return letters
    .filter(({ created_at }) => topicLostAt === undefined || (created_at as Date) > topicLostAt)
    .filter(({ id, partition, offset }) => !places.has(`${id} ${partition}/${offset}`))
    .map(({ id, partition, offset }) => `letter ${id} names ${partition}/${offset}, not its event`);
}

/** I6: a `sent` letter arrived; extra copies are identical, and each was counted. */
function mailViolations({ letters, mails }: StoredState): string[] {
  const received = by(mails, ({ messageId }) => messageId.replace(/^<|@.*$/g, ''));
  const known = by(letters, ({ id }) => id);
  return [
    ...[...received.keys()]
      .filter((id) => !known.has(id))
      .map((id) => `mail ${id} is not of a letter`),
    ...letters.flatMap((letter) => {
      const { id, recipient, unknown_outcomes } = letter;
      const copies = received.get(String(id)) ?? [];
      // Its mail may be erased too, and what is left of it has nothing to be compared with.
      if (isErased(letter)) return [];
      const extra = copies.length - 1;
      return found([
        ...copies.flatMap(({ text }) => (text === undefined ? [] : textViolations(letter, text))),
        copies.length === 0 && `letter ${id} was not received`,
        extra > Number(unknown_outcomes) &&
          `letter ${id} came ${copies.length} times, unknown outcomes ${unknown_outcomes}`,
        new Set(copies.map(({ raw }) => raw)).size > 1 && `copies of ${id} differ`,
        copies.some(({ to }) => to !== recipient) && `letter ${id} went elsewhere`,
      ]);
    }),
  ];
}

// An order by its id or by its number, as the version of the letter's text names it.
const NAMES =
  /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<=(?:№|No\.)\s)[0-9A-Z]{5}-[0-9A-Z]{5}/g;
// The sum in words of either language. Whole roubles may come without kopecks.
const TOLD_SUM = /(?:Сумма|Итого|Total): \D*(\d[\d\s.,]*)/;
const KOPECKS = /[.,](\d\d)$/;
const TITLES = {
  happiness: /Письмо счастья|Letter of happiness/,
  grief: /Письмо горя|Letter of grief/,
};

/** The text names its own order and sum and no other order, in its subject and both its forms. */
function textViolations({ id, order_id, kind, total_amount }: Row, text: string): string[] {
  const names = new Set(text.match(NAMES));
  const own = [order_id, orderNumberOf(String(order_id))];
  const sum = sumIn(text);
  return found([
    (names.size === 0 || [...names].some((name) => !own.includes(name))) &&
      `the text of letter ${id} names orders [${[...names]}], not ${order_id}`,
    sum !== Number(total_amount) &&
      `the text of letter ${id} tells the sum ${sum}, not ${total_amount}`,
    !TITLES[kind as keyof typeof TITLES].test(text) && `the text of letter ${id} is not of ${kind}`,
  ]);
}

/** In kopecks; undefined where the text tells none. */
function sumIn(text: string): number | undefined {
  const told = TOLD_SUM.exec(text)?.[1]?.trim();
  if (told === undefined) return undefined;
  const kopecks = KOPECKS.exec(told)?.[1];
  const roubles = told.slice(0, kopecks === undefined ? told.length : -3).replace(/\D/g, '');
  return Number(`${roubles}${kopecks ?? '00'}`);
}
