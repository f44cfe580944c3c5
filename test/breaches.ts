import type { History } from './history.ts';

/** A row as the database has it. */
export type Row = Record<string, unknown>;

/** A mail as its server accepted it. */
export interface Mail {
  /** With or without its angle brackets. */
  messageId: string;
  to: string;
  /** Every byte, as latin1, or a digest of them: equal for equal mails. */
  raw: string;
}

/** All that a system keeps about money and letters. */
export interface Books {
  orders: Row[];
  outbox: Row[];
  payments: Row[];
  operations: Row[];
  wallets: Row[];
  /** Rows of the query in ledger.ts. */
  ledgerFaults: Row[];
  messages: { id: string; content: string; partition: unknown; offset: unknown }[];
  letters: Row[];
  deadLetters: Row[];
  mails: Mail[];
}

/** Every contradiction in the books of a system at rest, one line each, with ids. */
export function breachesIn(books: Books, history: History): string[] {
  return [
    ...decisionBreaches(books),
    ...ledgerBreaches(books),
    ...eventBreaches(books),
    ...letterBreaches(books),
    ...mailBreaches(books),
    ...orderAnswerBreaches(books, history),
    ...topUpBreaches(books, history),
  ];
}

function by<T>(rows: T[], keyOf: (row: T) => unknown): Map<string, T[]> {
  return Map.groupBy(rows, (row) => String(keyOf(row)));
}

/** I1, I2, I3: an order ended as its one decision says. */
function decisionBreaches({ orders, payments }: Books): string[] {
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
      return [
        ...(order.status === 'Pending' ? [`order ${order.id} is still Pending`] : []),
        ...(ended === decided ? [] : [`order ${order.id} is ${ended}, decided ${decided}`]),
        ...((order.payment_operation_id ?? null) === (payment?.operation_id ?? null)
          ? []
          : [
              `order ${order.id} names operation ${order.payment_operation_id}, not the decision's`,
            ]),
        ...(payment === undefined || facts(order) === facts(payment)
          ? []
          : [`order ${order.id} (${facts(order)}) was decided as ${facts(payment)}`]),
      ];
    }),
  ];
}

/** I4: every unit that came in is in a wallet or was captured. */
function ledgerBreaches(books: Books): string[] {
  const sum = (rows: Row[], column: string) =>
    rows.reduce((total, row) => total + BigInt(row[column] as string), 0n);
  const cameIn = sum(
    books.operations.filter(({ type }) => type !== 'charge'),
    'amount',
  );
  const captured = sum(
    books.payments.filter(({ decision }) => decision === 'captured'),
    'amount',
  );
  const held = sum(books.wallets, 'balance');
  return [
    ...books.ledgerFaults.map(({ fault, place }) => `ledger: ${fault} ${place}`),
    ...books.wallets
      .filter(({ balance }) => BigInt(balance as string) < 0n)
      .map(({ customer_id, balance }) => `wallet ${customer_id} holds ${balance}`),
    ...(cameIn - captured === held
      ? []
      : [`topped up ${cameIn}, captured ${captured}, but the wallets hold ${held}`]),
  ];
}

/** I5: one event per ended order, on the topic at least once, always the same, and nothing else. */
function eventBreaches({ orders, outbox, messages }: Books): string[] {
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
    ...outbox.flatMap(({ id, partition, offset }) => {
      const found = copies.get(String(id)) ?? [];
      const places = found.map((copy) => `${copy.partition}/${copy.offset}`);
      const alike = new Set(found.map(({ content }) => content)).size <= 1;
      return [
        ...(alike ? [] : [`copies of event ${id} on the topic differ`]),
        ...(places.includes(`${partition}/${offset}`)
          ? []
          : [`event ${id} was acknowledged at ${partition}/${offset}, but is at [${places}]`]),
      ];
    }),
    ...[...copies.keys()]
      .filter((id) => !known.has(id))
      .map((id) => `event ${id} on the topic is not in the outbox`),
  ];
}

function factsOf({ payload }: Row): string {
  const { status, reason, paymentOperationId, customerId, total } = payload as Row;
  return [status, reason, paymentOperationId, customerId, (total as Row).amount].join(' ');
}

function endOf(order: Row): string {
  const { status, status_reason, payment_operation_id, customer_id, total_amount } = order;
  return [status, status_reason, payment_operation_id, customer_id, total_amount].join(' ');
}

/** I6: one letter per event, and it was sent. */
function letterBreaches({ outbox, orders, letters, deadLetters }: Books): string[] {
  const found = by(letters, ({ id }) => id);
  const ended = by(orders, ({ id }) => id);
  const known = by(outbox, ({ id }) => id);
  return [
    ...outbox
      .filter(({ id }) => !found.has(String(id)))
      .map(({ id }) => `event ${id} has no letter`),
    ...letters
      .filter(({ id }) => !known.has(String(id)))
      .map(({ id }) => `letter ${id} is about no event`),
    ...letters.flatMap((letter) => {
      const order = ended.get(String(letter.order_id))?.[0];
      const kind = order?.status === 'Paid' ? 'happiness' : 'grief';
      return [
        // Every customer of these tests has an address that accepts.
        ...(letter.state === 'sent' ? [] : [`letter ${letter.id} is ${letter.state}`]),
        ...(letter.kind === kind && letter.total_amount === order?.total_amount
          ? []
          : [`letter ${letter.id} (${letter.kind}) does not tell of order ${letter.order_id}`]),
      ];
    }),
    ...deadLetters.map(({ id, error }) => `dead letter ${id}: ${error}`),
  ];
}

/** I6: what is `sent` arrived; more copies only where they were counted, and all the same. */
function mailBreaches({ letters, mails }: Books): string[] {
  const received = by(mails, ({ messageId }) => messageId.replace(/^<|@.*$/g, ''));
  const known = by(letters, ({ id }) => id);
  return [
    ...[...received.keys()]
      .filter((id) => !known.has(id))
      .map((id) => `mail ${id} is not of a letter`),
    ...letters.flatMap(({ id, recipient, unknown_outcomes }) => {
      const copies = received.get(String(id)) ?? [];
      const extra = copies.length - 1;
      return [
        ...(copies.length > 0 ? [] : [`letter ${id} was not received`]),
        ...(extra <= Number(unknown_outcomes)
          ? []
          : [`letter ${id} came ${copies.length} times, unknown outcomes ${unknown_outcomes}`]),
        ...(new Set(copies.map(({ raw }) => raw)).size <= 1 ? [] : [`copies of ${id} differ`]),
        ...(copies.every(({ to }) => to === recipient) ? [] : [`letter ${id} went elsewhere`]),
      ];
    }),
  ];
}

const DOCUMENTED = [0, 201, 202, 406, 409, 422, 503];

/** No answer is contradicted by how the order ended, and so none by another answer. */
function orderAnswerBreaches({ orders, payments }: Books, history: History): string[] {
  const byKey = by(
    orders,
    ({ customer_id, idempotency_key }) => `${customer_id} ${idempotency_key}`,
  );
  const decisions = by(payments, (payment) => payment.order_id);
  return history.orders.flatMap((answer) => {
    const { customerId, key, status, orderId, orderStatus, amount } = answer;
    const order = byKey.get(`${customerId} ${key}`)?.[0];
    const end = {
      201: 'Paid null',
      406: 'Cancelled insufficient-funds',
      409: 'Cancelled voided',
    }[status];
    const seen = decisions.get(String(order?.id))?.[0]?.balance_seen;
    const faults = [
      !DOCUMENTED.includes(status) && 'not documented',
      end !== undefined && end !== `${order?.status} ${order?.status_reason}` && 'contradicted',
      end !== undefined && orderStatus !== order?.status && 'not the order that ended',
      status === 202 && orderStatus !== 'Pending' && '202 for an order that is not Pending',
      (orderId !== undefined || end !== undefined || status === 202) &&
        orderId !== order?.id &&
        'another order',
      status === 422
        ? (order === undefined || String(order.total_amount) === String(amount)) &&
          '422 without another body under this key'
        : order !== undefined &&
          (end !== undefined || status === 202) &&
          String(order.total_amount) !== String(amount) &&
          'the order has another total',
      status === 406 && String(seen) !== String(answer.balance) && `decided on ${seen}`,
    ].filter((fault) => fault !== false);
    if (faults.length === 0) return [];
    const ended = `order ${order?.id} ended ${order?.status} ${order?.status_reason}`;
    return [`answer ${JSON.stringify(answer)}, ${ended}: ${faults.join(', ')}`];
  });
}

/** A top-up that was confirmed is there once, one that was not at most once. */
function topUpBreaches({ operations }: Books, history: History): string[] {
  const byKey = by(operations, (row) => `${row.customer_id} ${row.idempotency_key}`);
  return history.topUps.flatMap((answer) => {
    const found = byKey.get(`${answer.customerId} self/${answer.key}`) ?? [];
    const faults = [
      ![0, 201, 503].includes(answer.status) && 'not documented',
      answer.status === 201 && found.length !== 1 && `found ${found.length} times`,
      found.some(({ amount }) => String(amount) !== String(answer.amount)) && 'another amount',
    ].filter((fault) => fault !== false);
    return faults.length === 0 ? [] : [`top-up ${JSON.stringify(answer)}: ${faults.join(', ')}`];
  });
}
