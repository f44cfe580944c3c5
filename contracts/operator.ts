import { type Static, Type } from 'typebox';
import { billingProblems, listOperations, reverseTopUp } from './billing.ts';
import {
  CustomerId,
  choice,
  EmailAddress,
  Locale,
  Money,
  OperatorReason,
  OrderParams,
  PersonName,
  pageOf,
  strictObject,
  Timestamp,
} from './common.ts';
import { Journey, topUpAnswers } from './gateway.ts';
import {
  getAnyLetter,
  getDeadLetter,
  listAllLetters,
  listDeadLetters,
  NotificationsOverview,
  previewLetter,
  redriveDeadLetter,
  redriveDeadLetters,
  resendLetter,
  resendLetters,
} from './notifications.ts';
import { operation, operator, operatorTwin, problem } from './operation.ts';
import { listPendingOrders, OrdersOverview, PendingOrder } from './order-operations.ts';
import { orderProblems } from './orders.ts';

export { readAuditTrail } from './audit.ts';
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
  summary: 'Customers of one id or of one address (in any case); exactly one of the two is given',
  query: strictObject({
    customerId: Type.Optional(CustomerId),
    email: Type.Optional(EmailAddress),
  }),
  responses: { 200: pageOf(OperatorCustomer) },
});

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

export const readDeadLetters = operatorTwin(listDeadLetters, { operationId: 'readDeadLetters' });

export const readDeadLetter = operatorTwin(getDeadLetter, { operationId: 'readDeadLetter' });

export const redriveOne = operatorTwin(redriveDeadLetter, { operationId: 'redriveOne' });

export const redriveMany = operatorTwin(redriveDeadLetters, { operationId: 'redriveMany' });
