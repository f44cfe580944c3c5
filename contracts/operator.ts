import { type Static, Type } from 'typebox';
import { billingProblems, listOperations, reverseTopUp } from './billing.ts';
import {
  CustomerId,
  choice,
  EmailAddress,
  Locale,
  lineOfText,
  listQuery,
  Money,
  nullable,
  OperatorReason,
  OrderParams,
  PersonName,
  pageOf,
  strictObject,
  Timestamp,
  Uuid,
} from './common.ts';
import { Journey, PublicOrder, topUpAnswers } from './gateway.ts';
import {
  acknowledgeFailedLetters,
  discardDeadLetters,
  getAnyLetter,
  getDeadLetter,
  listAllLetters,
  listDeadLetters,
  listLetterTemplates,
  NotificationsOverview,
  NotificationsSample,
  previewLetter,
  redriveDeadLetter,
  redriveDeadLetters,
  resendLetter,
  resendLetters,
} from './notifications.ts';
import { operation, operator, operatorTwin, problem } from './operation.ts';
import {
  listAllOrders,
  listPendingOrders,
  OrdersOverview,
  OrdersSample,
  PendingOrder,
} from './order-operations.ts';
import { orderProblems } from './orders.ts';
import { getAnyOperation, listAllOperations } from './wallet-lists.ts';

export { readAuditTrail } from './audit.ts';
export * from './operator-webhooks.ts';
export { exportCustomer, readCustomerErasure, requestCustomerErasure } from './privacy.ts';
export * from './reconciliation.ts';

// The operations that the gateway offers to operators (docs/reference/api.md).

export const operatorProblems = {
  customerNotFound: problem('customer-not-found', 'not-found', {
    ru: ['Покупатель не найден', 'Покупателя с таким идентификатором нет. Ничего не зачислено.'],
    en: ['Customer not found', 'There is no customer with this id. Nothing was added.'],
  }),
} as const;

export const operatorTopUp = operation(
  'operatorTopUp',
  'POST /v1/operator/wallets/:customerId/top-ups',
  {
    ...operator,
    ...topUpAnswers,
    summary: "Add money to a customer's wallet",
    params: strictObject({ customerId: CustomerId }),
    problems: [
      billingProblems.balanceLimit,
      orderProblems.keyReused,
      operatorProblems.customerNotFound,
    ],
  },
);

/** A customer as operators see one before a top-up; the address is masked. */
export const OperatorCustomer = strictObject({
  customerId: CustomerId,
  name: PersonName,
  email: Type.String(),
  locale: Locale,
  balance: Type.Union([Money, Type.Null()], {
    description: 'Null while billing does not answer.',
  }),
});
export type OperatorCustomer = Static<typeof OperatorCustomer>;

export const findCustomers = operation('findCustomers', 'GET /v1/operator/customers', {
  ...operator,
  summary: 'Customers: all, or those of one id or of one address (in any case)',
  query: listQuery({
    customerId: Type.Optional(CustomerId),
    email: Type.Optional(EmailAddress),
    locale: Type.Optional(Locale),
    confirmed: Type.Optional(Type.Boolean()),
  }),
  responses: { 200: pageOf(OperatorCustomer) },
});

/** What a search found; pages of the console show it by `kind` and `id`. */
export const SearchHit = strictObject({
  kind: choice('order', 'customer', 'letter', 'operation'),
  id: Type.String({ description: 'Of the thing itself.' }),
  matched: {
    ...choice(
      'order-id',
      'order-number',
      'customer-id',
      'email',
      'operation-id',
      'letter-id',
      'message-id',
      'trace-id',
    ),
    description: 'As what the text was read.',
  },
  orderId: nullable(Uuid),
  customerId: nullable(Type.String()),
  at: nullable(Timestamp),
  state: nullable(
    Type.String({ description: 'Status of an order, state of a letter, type of an operation.' }),
  ),
  amount: Type.Union([Money, Type.Null()]),
});
export type SearchHit = Static<typeof SearchHit>;

export const search = operation('search', 'GET /v1/operator/search', {
  ...operator,
  summary: 'Finds orders, customers, letters and wallet operations by any of their ids',
  description:
    'Takes the id of an order (whole, its first 8 or more digits, or a link that contains it), its ' +
    'short number, a customer id, an e-mail address, the id of a wallet operation or a letter, a ' +
    'Message-ID, or a trace id. Traces are looked for among the latest orders and letters.',
  query: strictObject({ q: lineOfText(500) }),
  responses: {
    200: strictObject({
      data: Type.Array(SearchHit),
      unavailable: Type.Array(choice('orders', 'billing', 'profiles', 'notifications'), {
        description: 'Services that did not answer; what they know is missing.',
      }),
    }),
  },
});

export const readAllOrders = operatorTwin(listAllOrders, {
  operationId: 'readAllOrders',
  responses: { 200: pageOf(PublicOrder) },
});

export const settleOrder = operation(
  'settleOrder',
  'POST /v1/operator/orders/:orderId/settlement',
  {
    ...operator,
    summary: 'End a pending order now, as recovery does; an ended order stays as it is',
    description:
      'A captured payment makes it Paid. Without a decision it is voided for ever and becomes Cancelled.',
    params: OrderParams,
    body: strictObject({ reason: OperatorReason }),
    responses: { 200: PublicOrder },
  },
);

export const readAllOperations = operatorTwin(listAllOperations, {
  operationId: 'readAllOperations',
});

export const readAnyOperation = operatorTwin(getAnyOperation, { operationId: 'readAnyOperation' });

export const readAnyOperations = operatorTwin(listOperations, {
  operationId: 'readAnyOperations',
  path: '/v1/operator/wallets/:customerId/operations',
  summary: "The operations of any customer's wallet, newest first",
});

export const reverseAnyTopUp = operatorTwin(reverseTopUp, {
  operationId: 'reverseAnyTopUp',
  path: '/v1/operator/wallets/:customerId/operations/:operationId/reversal',
  summary: 'Undo a top-up by an operation of the opposite amount, once, with the reason',
  body: strictObject({ reason: OperatorReason }),
});

/** A pending order with its status in the reader's language. */
export const PublicPendingOrder = strictObject({
  ...PendingOrder.properties,
  statusLabel: Type.String(),
});

export const readPendingOrders = operatorTwin(listPendingOrders, {
  operationId: 'readPendingOrders',
  path: '/v1/operator/pending-orders',
  summary: 'Orders that have not ended, newest first, with age and the last error of recovery',
  responses: { 200: pageOf(PublicPendingOrder) },
});

export const readAnyJourney = operation(
  'readAnyJourney',
  'GET /v1/operator/orders/:orderId/journey',
  {
    ...operator,
    summary: 'The journey of any order; addresses are masked',
    params: OrderParams,
    conditional: true,
    responses: { 200: Journey },
  },
);

/** Customers whose contact is unknown, because a claim of their tokens cannot be used. */
export const ContactFault = strictObject({
  claim: choice('email', 'name'),
  fault: choice('missing', 'type', 'length', 'form'),
  customers: Type.Integer({ minimum: 1 }),
  latestAt: Timestamp,
});
export type ContactFault = Static<typeof ContactFault>;

/** The part of the gateway process that answers; another one has counts of its own. */
export const GatewayOverview = strictObject({
  /** The start of the process: what it counts since. */
  since: Timestamp,
  contactFaults: Type.Array(ContactFault),
});
export type GatewayOverview = Static<typeof GatewayOverview>;

/** The state of the system; a part is null where its service does not answer. */
export const Overview = strictObject({
  at: Timestamp,
  orders: Type.Union([OrdersOverview, Type.Null()]),
  notifications: Type.Union([NotificationsOverview, Type.Null()]),
  /** Absent where customers register here: no claim becomes a contact. */
  gateway: Type.Optional(GatewayOverview),
});
export type Overview = Static<typeof Overview>;

export const readOverview = operation('readOverview', 'GET /v1/operator/overview', {
  ...operator,
  summary: 'Orders by status, pending by age, outbox backlog, consumer lag, letters, dead letters',
  responses: { 200: Overview },
});

/** The figures of the last hour, recorded by the services. A part is null where one is away. */
export const OverviewHistory = strictObject({
  at: Timestamp,
  stepMs: Type.Integer({ minimum: 1, description: 'Between two samples.' }),
  orders: Type.Union([Type.Array(OrdersSample), Type.Null()]),
  notifications: Type.Union([Type.Array(NotificationsSample), Type.Null()]),
});
export type OverviewHistory = Static<typeof OverviewHistory>;

export const readOverviewHistory = operation(
  'readOverviewHistory',
  'GET /v1/operator/overview/history',
  {
    ...operator,
    summary: 'The figures of the last hour, oldest first, for charts',
    responses: { 200: OverviewHistory },
  },
);

export const readAllLetters = operatorTwin(listAllLetters, {
  operationId: 'readAllLetters',
  summary: 'Letters of all customers, newest first; addresses are masked',
});

export const readAnyLetter = operatorTwin(getAnyLetter, { operationId: 'readAnyLetter' });

export const previewAnyLetter = operatorTwin(previewLetter, { operationId: 'previewAnyLetter' });

export const resendAnyLetter = operatorTwin(resendLetter, { operationId: 'resendAnyLetter' });

export const resendFailedLetters = operatorTwin(resendLetters, {
  operationId: 'resendFailedLetters',
  summary: 'Try failed letters now by why and when they failed; with dryRun count them',
});

export const acknowledgeLetters = operatorTwin(acknowledgeFailedLetters, {
  operationId: 'acknowledgeLetters',
});

export const readLetterTemplates = operatorTwin(listLetterTemplates, {
  operationId: 'readLetterTemplates',
});

export const readDeadLetters = operatorTwin(listDeadLetters, { operationId: 'readDeadLetters' });

export const readDeadLetter = operatorTwin(getDeadLetter, { operationId: 'readDeadLetter' });

export const redriveOne = operatorTwin(redriveDeadLetter, { operationId: 'redriveOne' });

export const redriveMany = operatorTwin(redriveDeadLetters, { operationId: 'redriveMany' });

export const discardMany = operatorTwin(discardDeadLetters, { operationId: 'discardMany' });
