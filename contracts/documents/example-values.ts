// Values of examples. Anna orders two books for 450 roubles each, and pays from her wallet.

const ORDER_ID = '0198c1f2-7d3a-7c52-9a41-3f6d0b5e8c11';
const OPERATION_ID = '0198c1f2-7d4f-7aa0-8b7e-5c2d1e0f9a22';
const TOP_UP_ID = '0198c1ee-2b10-7f3c-8e55-91a7c4d2b333';
const CUSTOMER_ID = '5f0c2a7e-3b1d-4e8f-9a6b-7c8d9e0f1a44';
const OPERATOR_ID = '8e1d4c2b-6a5f-4b3e-8d7c-0f9e8d7c6b55';
const EVENT_ID = '0198c1f2-7d55-7b21-9c3d-4e5f6a7b8c66';
const LETTER_ID = '0198c1f2-7f01-7d42-8a9b-1c2d3e4f5a77';
const DEAD_LETTER_ID = '0198c1f3-0a12-7e63-9b8c-2d3e4f5a6b88';
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PLACED = '2026-03-05T09:07:00.120Z';
const PAID = '2026-03-05T09:07:00.164Z';
const SENT = '2026-03-05T09:07:01.902Z';

/** Roubles in kopecks. */
export const kopecks = (amount: number) => ({ amount, currency: 'RUB' });

/** By the format of a text whose member has no value here. */
export const ofFormats: Record<string, string> = {
  uuid: ORDER_ID,
  email: 'anna@example.com',
  'date-time': PAID,
  uri: 'https://shop.example/orderbell',
};

/** Members that are null where they may be. */
export const absent = new Set([
  ...['error', 'triedAt', 'refusal', 'waitsFor', 'redrivenAt', 'reversalId', 'settled', 'attempt'],
  ...['fault', 'nextAttemptAt', 'nextCursor', 'next', 'deadLetter', 'afterLetter'],
]);

/** By the name of a member, wherever it is. */
export const values: Record<string, unknown> = {
  // Ids and places.
  id: ORDER_ID,
  orderId: ORDER_ID,
  operationId: OPERATION_ID,
  paymentOperationId: OPERATION_ID,
  reversesOperationId: TOP_UP_ID,
  customerId: CUSTOMER_ID,
  customerIds: [CUSTOMER_ID],
  letterId: LETTER_ID,
  deadLetterId: DEAD_LETTER_ID,
  eventId: EVENT_ID,
  sessionId: '3d6f0b5e-8c11-4a41-9c52-7d3a0198c1f2',
  session: '3d6f0b5e-8c11-4a41-9c52-7d3a0198c1f2',
  ended: ['3d6f0b5e-8c11-4a41-9c52-7d3a0198c1f2'],
  sessions: ['3d6f0b5e-8c11-4a41-9c52-7d3a0198c1f2'],
  after: ORDER_ID,
  last: ORDER_ID,
  writeOff: [ORDER_ID],
  actor: OPERATOR_ID,
  madeBy: OPERATOR_ID,
  requestedBy: CUSTOMER_ID,
  idempotencyKey: '6b1f0a52-order-1',
  traceId: TRACE_ID,
  traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01`,
  tracestate: 'vendor=1',
  topicId: 'kX2v7mQ1T0Ku3bVnq5wR8A',
  messageId: `<${LETTER_ID}@orderbell.example>`,
  deletedThrough: LETTER_ID,
  // People.
  name: 'Анна',
  email: 'anna@example.com',
  to: 'anna@example.com',
  locale: 'ru',
  password: 'три-синих-слона',
  currentPassword: 'три-синих-слона',
  newPassword: 'семь-тихих-рек',
  clientAddress: '192.0.2.17',
  emailConfirmed: true,
  confirm: 'erase my data',
  data: ['anna@example.com'],
  emails: ['anna@example.com'],
  traces: [{ kind: 'name', text: 'Анна' }],
  // Tokens and links.
  url: 'https://shop.example/orderbell',
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  description: 'Shop in Kazan',
  accessToken: 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiI1ZjBjMmE3ZSJ9.c2lnbmF0dXJl',
  refreshToken: 'r1.Zk3vXq0nW8bS5tYcJ7uLhA',
  token: 'q7Zk3vXq0nW8bS5tYcJ7uLhAe2Rf6Tg9Yp4Mw1Dx8Bs',
  expiresIn: 900,
  link: 'https://orderbell.example/confirm#q7Zk3vXq0nW8bS5tYcJ7uLhAe2Rf6Tg9Yp4Mw1Dx8Bs',
  keys: [
    { kty: 'OKP', crv: 'Ed25519', kid: '1', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
  ],
  // Money and goods.
  amount: 90_000,
  currency: 'RUB',
  total: kopecks(90_000),
  unitPrice: kopecks(45_000),
  balance: kopecks(160_000),
  balanceAfter: kopecks(160_000),
  balanceSeen: kopecks(250_000),
  sku: 'KN-1042',
  quantity: 2,
  version: 2,
  // Moments.
  at: PAID,
  createdAt: PLACED,
  updatedAt: PAID,
  decidedAt: PAID,
  publishedAt: PAID,
  occurredAt: PAID,
  startedAt: PAID,
  endsAt: '2026-04-04T09:00:00.000Z',
  changedAt: PLACED,
  exportedAt: SENT,
  sentAt: SENT,
  triedAt: PAID,
  requestedAt: PLACED,
  doneAt: SENT,
  latestAt: PAID,
  since: '2026-03-05T08:00:00.000Z',
  nextAttemptAt: '2026-03-05T09:08:00.000Z',
  failedSince: '2026-03-05T08:00:00Z',
  failedUntil: '2026-03-05T10:00:00Z',
  openedAt: PAID,
  // Texts.
  status: 'Paid',
  statusReason: null,
  statusLabel: 'Paid',
  reason: 'Duplicate top-up, ticket 4711',
  detail: 'The order is Paid and has no decision.',
  error: 'connect ECONNREFUSED 192.0.2.25:25',
  response: '250 2.0.0 Ok: queued as 4Xyz1a',
  remedyText: 'Record it as known: there is nothing to undo. Neither money nor letters change.',
  stateText: 'Will be done.',
  leftOut: ['Entries of the audit trail: they hold ids and no personal text.'],
  failure: '550 5.1.1',
  action: 'reverse-top-up',
  relation: 'decision-order',
  fault: 'missing',
  subject: 'Заказ оплачен',
  text: 'Анна, ваш заказ оплачен: Книга, 2 шт., 900,00 ₽.',
  html: '<p>Анна, ваш заказ оплачен: Книга, 2 шт., 900,00 ₽.</p>',
  // The topic.
  topic: 'orders',
  key: ORDER_ID,
  value: `{"orderId":"${ORDER_ID}","status":"Paid"}`,
  partition: 0,
  offset: 17,
  position: 18,
  end: 18,
  provider: 'smtp.example.com:587',
  // Paging.
  cursor: 'MDE5OGMxZjI',
  limit: 20,
  minAgeMs: 30_000,
  olderThanMs: 10_000,
  leaseMs: 15_000,
  durationMs: 412,
  contactMs: 9,
  // Counts.
  attempts: 0,
  counted: 1_000,
  max: 1_000,
  pending: 2,
  paid: 981,
  cancelled: 17,
  placed: 12,
  oldestMs: 1_200,
  toMs: 10_000,
  count: 2,
  unpublished: 3,
  queued: 4,
  sending: 2,
  sent: 994,
  sentPerSecond: 11.5,
  orders: 1_200,
  letters: 1_198,
  wallets: 310,
  events: 1_198,
  pendingOrders: 2,
  unsentLetters: 1,
  released: 1,
  checked: 310,
  eventAgeMs: 86_400_000,
  withinS: 900,
  ok: true,
  complete: true,
  refusals: [],
  contactFaults: [],
  unavailable: [],
  unanswered: [],
  differences: [],
  faults: [],
};

const letter = {
  id: LETTER_ID,
  kind: 'happiness',
  state: 'sent',
  reason: null,
  waitsFor: undefined,
  headers: [{ name: 'Subject', value: 'Заказ оплачен' }],
};
const event = { name: 'ce_id', value: EVENT_ID };
const items = [{ name: 'Книга', sku: 'KN-1042', quantity: 2, unitPrice: kopecks(45_000) }];
const order = {
  status: 'Paid',
  statusReason: null,
  statusLabel: 'Paid',
  items,
  payment: { operationId: OPERATION_ID },
};
export const pendingOrder = {
  ...order,
  status: 'Pending',
  statusLabel: 'Awaiting payment',
  payment: null,
  version: 1,
};
const cancelledOrder = {
  ...order,
  status: 'Cancelled',
  statusReason: 'insufficient-funds',
  statusLabel: 'Cancelled',
  payment: null,
};
const erasure = {
  requestedBy: OPERATOR_ID,
  reason: 'Asked for by letter, ticket 4712',
  waitsFor: 'letters',
  doneAt: null,
};
const none = { reversesOperationId: undefined, reason: undefined, madeBy: undefined };
const charge = {
  id: OPERATION_ID,
  type: 'charge',
  amount: kopecks(-90_000),
  ...none,
};
export const topUp = {
  id: TOP_UP_ID,
  type: 'top_up',
  amount: kopecks(250_000),
  balanceAfter: kopecks(250_000),
  orderId: null,
  ...none,
};
export const reversal = {
  ...topUp,
  id: '0198c1f9-4c21-7b84-8d6e-7f8091a2b399',
  type: 'reversal',
  amount: kopecks(-250_000),
  balanceAfter: kopecks(0),
  reversesOperationId: TOP_UP_ID,
  reason: 'Duplicate top-up, ticket 4711',
};

/** By the name of a schema or the code of a problem: members that belong together. */
export const named: Record<string, Record<string, unknown>> = {
  Money: kopecks(90_000),
  OrderItem: { ...items[0] },
  NewOrder: { customerId: undefined, items },
  Order: order,
  PendingOrder: {
    ...pendingOrder,
    ageMs: 42_000,
    recovery: { attempts: 2, triedAt: PAID, error: 'billing does not answer' },
  },
  OperatorCustomer: { email: 'a***@example.com' },
  SearchHit: { state: 'Paid' },
  Erasure: erasure,
  StoredErasure: erasure,
  JourneyStep: { kind: 'decide', from: 'gateway', to: 'billing', detail: 'captured' },
  RepairedDifference: {
    remedy: 'record-decision',
    remedyText: 'Record the decision that the order ended with. No money moves.',
    money: null,
    balance: null,
  },
  WalletOperation: charge,
  OperatorOperation: charge,
  Letter: letter,
  OperatorLetter: { ...letter, to: 'a***@example.com' },
  DeadLetter: { id: DEAD_LETTER_ID, state: 'dead', error: 'unknown version 9', headers: [event] },
  AuditEntry: {
    id: EVENT_ID,
    subject: { customerId: CUSTOMER_ID, operationId: TOP_UP_ID },
    before: { balance: kopecks(250_000) },
    after: { balance: kopecks(0) },
  },
  OrderEvent: { id: EVENT_ID, headers: [event] },
  Repair: { id: EVENT_ID, step: 'record-decision', letterId: undefined, amount: undefined },
  'insufficient-funds': {
    order: cancelledOrder,
    balance: kopecks(40_000),
    required: kopecks(90_000),
    shortfall: kopecks(50_000),
  },
  'order-cancelled': { order: { ...cancelledOrder, statusReason: 'voided' } },
  'reversal-exceeds-balance': { balance: kopecks(40_000), amount: kopecks(-250_000) },
};
