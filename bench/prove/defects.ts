/** A mistake that such systems are made with, as a change of the product's text. */
export interface Defect {
  name: string;
  file: string;
  /** Stands in the file exactly once. */
  from: string;
  to: string;
  /** Crash points that meet it, by a part of their names. */
  points: string[];
  /** A violation that `prove` must find. */
  found: RegExp;
}

/** Each must be found, or a green run proves nothing (docs/reliability.md). */
export const defects: Defect[] = [
  {
    name: 'a decline is not kept',
    file: 'services/billing/decide-payment.ts',
    from: 'store.insertPayments(outcome.payments),',
    to: `store.insertPayments(outcome.payments.filter(({ decision }) => decision !== 'declined')),`,
    points: ['declined payment is delivered again'],
    found: /is Cancelled insufficient-funds, decided Paid null/,
  },
  {
    name: 'void-or-get only gets',
    file: 'services/billing/decide-payment.ts',
    from: 'store.insertPayments(outcome.payments),',
    to: `store.insertPayments(outcome.payments.filter(({ decision }) => decision !== 'voided')),`,
    points: ['its request goes on'],
    found: /is Cancelled voided, decided Paid null/,
  },
  {
    name: 'recovery cancels by age',
    file: 'services/gateway/recover-orders.ts',
    from: 'const { decision, operationId } = await deps.voidPayment(order);',
    to: `const { decision, operationId } = { decision: 'voided', operationId: null } as const as {
    decision: 'captured' | 'voided'; operationId: string | null };`,
    points: ['gateway dies after "decide the payment"'],
    found: /is Cancelled voided, decided Paid null/,
  },
  {
    name: 'the event is written beside the status, not with it',
    file: 'services/orders/store.ts',
    from: 'from settled\n      )',
    to: 'from settled where false\n      )',
    points: ['orders dies after "settle the order"'],
    found: /has no event/,
  },
  {
    name: 'the offset is committed before the letter',
    file: 'services/notifications/service.ts',
    from: 'const subscription = await broker.subscribe(ORDERS_TOPIC, GROUP, (messages) =>\n    onOrderUpdates(',
    to: `const later: typeof onOrderUpdates = async (deps, messages) => {
    setTimeout(() => onOrderUpdates(deps, messages).catch(() => {}), 100);
  };
  const subscription = await broker.subscribe(ORDERS_TOPIC, GROUP, (messages) =>
    later(`,
    points: ['notifications dies before "commit letters"'],
    found: /has no letter/,
  },
  {
    name: 'the status is written without its guard',
    file: 'services/orders/store.ts',
    from: "where id = order_id and (status = 'Pending') is true",
    to: 'where id = order_id',
    points: ['orders dies after "settle the order"'],
    found: /has 2 events/,
  },
  {
    name: 'a top-up without its key',
    file: 'services/billing/top-up.ts',
    from: 'const { customerId, amount, idempotencyKey } = request;',
    to: `const { customerId, amount } = request;
  const idempotencyKey = \`\${request.idempotencyKey}/\${randomUUIDv7()}\`;`,
    points: ['answer is lost after "top up"'],
    found: /top-up .* found 0 times/,
  },
  {
    name: 'a relay with a cursor',
    file: 'platform/outbox.ts',
    from: 'and sequence = any (array(',
    to: `and sequence > (select coalesce(max(sequence), 0) from outbox where published_at is not null)
          and sequence = any (array(`,
    points: ['commits late'],
    found: /is not published/,
  },
];
