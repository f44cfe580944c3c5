/** A typical mistake of such systems, as a text replacement in the product's source. */
export interface Defect {
  name: string;
  /** Whose processes run with it; absent: the service whose file it is. */
  service?: string;
  file: string;
  /** Text that the file has exactly once. */
  from: string;
  to: string;
  /** Crash points that meet it, by a part of their names; a short calm load when absent. */
  points?: string[];
  /** Violations that `prove` must find, all of them. */
  found: RegExp[];
}

/** Defects of single protocol steps. */
const protocolDefects: Defect[] = [
  {
    name: 'a decline is not kept',
    file: 'services/billing/ledger/decide-payment.ts',
    from: 'await store.recordDecisions(outcome);',
    to: `await store.recordDecisions({
      ...outcome, payments: outcome.payments.filter(({ decision }) => decision !== 'declined') });`,
    points: ['declined payment is delivered again'],
    found: [/is Cancelled insufficient-funds, decided Paid null/],
  },
  {
    name: 'void-or-get only gets',
    file: 'services/billing/ledger/decide-payment.ts',
    from: 'await store.recordDecisions(outcome);',
    to: `await store.recordDecisions({
      ...outcome, payments: outcome.payments.filter(({ decision }) => decision !== 'voided') });`,
    points: ['its request goes on'],
    found: [/is Cancelled voided, decided Paid null/],
  },
  {
    name: 'recovery cancels by age',
    file: 'services/gateway/orders/recover-orders.ts',
    from: 'const { decision, operationId } = await deps.voidPayment(pending);',
    to: `const { decision, operationId } = { decision: 'voided', operationId: null } as const as {
    decision: 'captured' | 'voided'; operationId: string | null };`,
    points: ['gateway dies after "decide the payment"'],
    found: [/is Cancelled voided, decided Paid null/],
  },
  {
    name: 'the event is not written with the status',
    file: 'services/orders/lifecycle/store.ts',
    from: 'from settled\n      )',
    to: 'from settled where false\n      )',
    points: ['orders dies after "settle the order"'],
    found: [/has no event/],
  },
  {
    name: 'the offset is committed before the letter',
    service: 'notifications',
    file: 'platform/messaging/consumer/consumer.ts',
    from: 'broker.subscribe(topic, group, handle)',
    to: `broker.subscribe(topic, group, async (messages) => {
    setTimeout(() => handle(messages).catch(() => {}), 100);
  })`,
    points: ['notifications dies before "insert letters"'],
    found: [/has no letter/],
  },
  {
    name: 'the status is written without its guard',
    file: 'services/orders/lifecycle/store.ts',
    from: "where id = order_id and (status = 'Pending') is true",
    to: 'where id = order_id',
    points: ['orders dies after "settle the order"'],
    found: [/has 2 events/],
  },
  {
    name: 'a top-up without its key',
    file: 'services/billing/ledger/top-up.ts',
    from: 'const idempotencyKey = bareOwnedKeyOf(sentKey);',
    to: 'const idempotencyKey = sentKey.concat(randomUUIDv7());',
    points: ['answer is lost after "top up"'],
    found: [/top-up .* found 0 times/],
  },
  {
    name: 'a relay with a cursor',
    service: 'orders',
    file: 'platform/messaging/outbox-relay.ts',
    from: 'and sequence = any (array(',
    to: `and sequence > (select coalesce(max(sequence), 0) from outbox where published_at is not null)
          and sequence = any (array(`,
    points: ['commits late'],
    found: [/is not published/],
  },
];

/** Results for the wrong caller, unrequested money and letters, answers without a key. */
const mixUps: Defect[] = [
  {
    name: 'decisions of a batch are mixed up',
    // Where nearly all payments pass: the transaction behind it seldom has two at once.
    file: 'services/billing/ledger/decider.ts',
    from: 'decided.get(command.orderId)',
    to: 'decided.get(commands.at(commands.indexOf(command) - 1)!.orderId)',
    found: [/alarms, phase calm, .*billing.*a batch is mixed up/],
  },
  {
    name: 'settled orders of a batch are mixed up',
    file: 'services/orders/lifecycle/order-routes.ts',
    from: '=> store.settleOrders(database, settlements),',
    to: `=> store.settleOrders(database, settlements).then(([first, ...rest]) => [...rest, first!]),`,
    found: [/alarms, phase calm, .*orders.*a batch is mixed up/],
  },
  {
    name: 'answers of a request batch are mixed up',
    service: 'billing',
    file: 'platform/http/request-batch.ts',
    from: 'send({ answers })',
    to: 'send({ answers: [...answers.slice(1), ...answers.slice(0, 1)] })',
    found: [/alarms, phase calm, .*gateway.*answers to several calls are mixed up/],
  },
  {
    name: 'a key is looked up without its customer',
    file: 'services/orders/lifecycle/store.ts',
    from: 'where customer_id = $1 and idempotency_key = $2`',
    to: 'where customer_id <> $1 and idempotency_key = $2 limit 1`',
    found: [/in calm/],
  },
  {
    name: 'contacts of a batch are mixed up',
    file: 'services/notifications/service-clients.ts',
    from: 'answer.body.data.map((profile) => [profile.customerId, profile])',
    to: 'answer.body.data.map(({ customerId }, at, all) => [customerId, all.at(at - 1)!])',
    found: [/alarms, phase calm, .*notifications.*letters are mixed up/],
  },
  {
    name: 'addresses of a batch are mixed up',
    file: 'services/profiles/store.ts',
    from: `values: [customerIds],
  });
  return rows.map((row) => profileOf(row).profile);`,
    to: `values: [customerIds],
  });
  return rows.map((row, at) => profileOf({ ...row, email: rows.at(at - 1)!.email }).profile);`,
    found: [/letter .* of .* went to /],
  },
  {
    name: 'letters of a batch are stored with customers of other letters',
    file: 'services/notifications/inbox/inbox-store.ts',
    from: 'jsonbOf(letter.data)',
    to: `jsonbOf({
        ...letter.data,
        customerId: letters.at(letters.indexOf(letter) - 1)!.data.customerId,
      })`,
    found: [/letter .* does not tell of order/, /letter .* went to/, /the reconciliation found/],
  },
  {
    name: 'letters of a batch are stored with positions of other letters',
    file: 'services/notifications/inbox/inbox-store.ts',
    from: 'letters.map((letter) => letter.offset),',
    to: 'letters.map((_, at) => letters.at(at - 1)!.offset),',
    found: [/letter .* names .*, not its event/],
  },
  {
    name: 'a letter tells of the first order of its process',
    file: 'services/notifications/letter/letter-event.ts',
    from: '    orderId: row.order_id,',
    to: '    orderId: ((globalThis as { first?: string }).first ??= row.order_id),',
    found: [/the text of letter .* names orders/],
  },
  {
    name: 'events carry the values of other events',
    service: 'orders',
    file: 'platform/messaging/outbox-relay.ts',
    from: 'rows.map((row) => messageOf(row)),',
    to: 'rows.map((row, at) => messageOf({ ...row, payload: rows.at(at - 1)!.payload })),',
    found: [/event .* on the topic is .*, in the outbox/, /letter .* does not tell of order/],
  },
  {
    name: 'acknowledged offsets are kept with other events',
    service: 'orders',
    file: 'platform/messaging/outbox-relay.ts',
    from: 'offset: String(offset),',
    to: 'offset: String(acknowledgements.at(at - 1)!.offset),',
    found: [/was acknowledged at/],
  },
  {
    name: 'events of a batch all name one customer',
    file: 'services/orders/lifecycle/store.ts',
    from: `'customerId', \${row}.customer_id,`,
    to: "'customerId', (select max(customer_id) from settled),",
    found: [/event .* tells .*, order .* is/, /the reconciliation found/],
  },
  {
    name: 'orders of a batch are stored with items of other orders',
    file: 'services/orders/lifecycle/store.ts',
    from: 'drafts.map(rowJsonOf)',
    to: 'drafts.map((draft, at) => rowJsonOf({ ...draft, itemsJson: drafts.at(at - 1)!.itemsJson }))',
    found: [/the order has another total or other items/],
  },
  {
    name: 'the hash of an order ignores quantities',
    file: 'services/orders/lifecycle/create-order.ts',
    from: '    quantity,\n    unitPrice.amount,',
    to: '    unitPrice.amount,',
    found: [/in calm .* for another body/, /the order has another total or other items/],
  },
  {
    name: 'the hash of an order ignores the order of items',
    file: 'services/orders/lifecycle/create-order.ts',
    from: 'JSON.stringify([...content, ...membersOf(rest)])',
    to: 'JSON.stringify(content.map(String).sort())',
    found: [/in calm .* for another body/],
  },
  {
    name: 'one of twenty paid orders is answered 503, without its key',
    file: 'services/gateway/orders/order-routes.ts',
    from: "    case 'Paid':\n",
    to: `    case 'Paid':
      if (Math.random() < 0.05) {
        const headers = { 'idempotency-key': '' };
        throw new AppError(commonProblems.unavailable, 'lost', { headers });
      }
`,
    found: [/in calm .* answers 503/, /it names the key/, /alarms, phase calm/],
  },
  {
    name: 'answers name no key',
    file: 'services/gateway/web/response-headers.ts',
    from: '{ [HEADER]: key }',
    to: '{}',
    found: [/it names the key null/],
  },
  {
    name: 'a top-up is stored a second time, under another key',
    file: 'services/billing/ledger/top-up.ts',
    from: '    await store.updateWallet({ ...wallet, balance, operationCount: number });',
    to: `    const twice = { ...wallet, balance: balance + amount.amount, operationCount: number + 1 };
    await store.insertOperation({
      id: randomUUIDv7(), customerId, number: number + 1, type: 'top_up', orderId: null,
      amount: amount.amount, currency: amount.currency, balanceAfter: twice.balance,
      idempotencyKey: idempotencyKey + '-again',
    });
    await store.updateWallet(twice);`,
    found: [/top-ups of .* that nobody asked for/, /wallet .* got .*, its customer asked for/],
  },
];

/** Each must be found, or a green run proves nothing (docs/reference/proof.md). */
export const defects: Defect[] = [...protocolDefects, ...mixUps];
