import { type Static, Type } from 'typebox';
import { billingProblems, OperatorOperation, reversalAnswers } from './billing.ts';
import {
  CustomerId,
  choice,
  EmailAddress,
  Locale,
  listQuery,
  Money,
  NoQuery,
  nullable,
  OperatorReason,
  PersonName,
  pageOf,
  strict,
  Timestamp,
  Uuid,
} from './common.ts';
import { Journey, topUpAnswers } from './gateway.ts';
import {
  DeadLetter,
  DeadLetterParams,
  deadLetterFilters,
  LetterParams,
  LetterPreview,
  LettersToResend,
  letterFilters,
  NotificationsOverview,
  notificationProblems,
  OperatorLetter,
  RedriveResult,
  ResendResult,
} from './notifications.ts';
import { OrdersOverview, orderProblems, PendingOrder, pendingFilters } from './orders.ts';
import { Remedy, Repair, RepairRefusal, RepairState } from './repairs.ts';

/** What the operator may do through the gateway (scope `operator`, docs/reference/api.md). */

export const operatorProblems = {
  customerNotFound: {
    code: 'customer-not-found',
    kind: 'not-found',
    ru: {
      title: 'Покупатель не найден',
      detail: 'Покупателя с таким идентификатором нет. Ничего не зачислено.',
    },
    en: {
      title: 'Customer not found',
      detail: 'There is no customer with this id. Nothing was added.',
    },
  },
} as const;

const operator = { tags: ['operator'], query: NoQuery } as const;

export const operatorTopUp = {
  ...operator,
  ...topUpAnswers,
  operationId: 'operatorTopUp',
  method: 'POST',
  path: '/v1/operator/wallets/:customerId/top-ups',
  summary: "Add money to a customer's wallet",
  params: Type.Object({ customerId: CustomerId }, strict),
  problems: [
    billingProblems.balanceLimit,
    orderProblems.keyReused,
    operatorProblems.customerNotFound,
  ],
} as const;

/** A customer as the operator sees one before giving money; the address is masked. */
export const OperatorCustomer = Type.Object(
  {
    customerId: CustomerId,
    name: PersonName,
    email: Type.String(),
    locale: Locale,
    balance: Type.Union([Money, Type.Null()], {
      description: 'Null while billing does not answer.',
    }),
  },
  strict,
);
export type OperatorCustomer = Static<typeof OperatorCustomer>;

export const findCustomers = {
  ...operator,
  operationId: 'findCustomers',
  method: 'GET',
  path: '/v1/operator/customers',
  summary: 'Customers of one id or of one address (in any case); exactly one of the two is given',
  query: Type.Object(
    { customerId: Type.Optional(CustomerId), email: Type.Optional(EmailAddress) },
    strict,
  ),
  responses: { 200: pageOf(OperatorCustomer) },
} as const;

export const readAnyOperations = {
  ...operator,
  operationId: 'readAnyOperations',
  method: 'GET',
  path: '/v1/operator/wallets/:customerId/operations',
  summary: "The operations of any customer's wallet, newest first",
  params: Type.Object({ customerId: CustomerId }, strict),
  query: listQuery({}),
  responses: { 200: pageOf(OperatorOperation) },
} as const;

export const reverseAnyTopUp = {
  ...operator,
  ...reversalAnswers,
  operationId: 'reverseAnyTopUp',
  method: 'POST',
  path: '/v1/operator/wallets/:customerId/operations/:operationId/reversal',
  summary: 'Undo a top-up by an operation of the opposite amount, once, with the reason',
  body: Type.Object({ reason: OperatorReason }, strict),
} as const;

/** A pending order with its status in words of the reader's language. */
export const PublicPendingOrder = Type.Object(
  { ...PendingOrder.properties, statusLabel: Type.String() },
  strict,
);

export const readPendingOrders = {
  ...operator,
  operationId: 'readPendingOrders',
  method: 'GET',
  path: '/v1/operator/pending-orders',
  summary: 'Orders that have not ended, newest first, with age and the last error of recovery',
  query: listQuery(pendingFilters),
  responses: { 200: pageOf(PublicPendingOrder) },
} as const;

export const readAnyJourney = {
  ...operator,
  operationId: 'readAnyJourney',
  method: 'GET',
  path: '/v1/operator/orders/:orderId/journey',
  summary: 'The journey of any order; addresses are masked',
  params: Type.Object({ orderId: Uuid }, strict),
  responses: { 200: Journey },
} as const;

/** How the system is doing; a part is null where its service does not answer. */
export const Overview = Type.Object(
  {
    at: Timestamp,
    orders: Type.Union([OrdersOverview, Type.Null()]),
    notifications: Type.Union([NotificationsOverview, Type.Null()]),
  },
  strict,
);
export type Overview = Static<typeof Overview>;

export const readOverview = {
  ...operator,
  operationId: 'readOverview',
  method: 'GET',
  path: '/v1/operator/overview',
  summary: 'Orders by status, pending by age, outbox backlog, consumer lag, letters, dead letters',
  responses: { 200: Overview },
} as const;

export const readAllLetters = {
  ...operator,
  operationId: 'readAllLetters',
  method: 'GET',
  path: '/v1/operator/letters',
  summary: 'Letters of all customers, newest first; addresses are masked',
  query: listQuery(letterFilters),
  responses: { 200: pageOf(OperatorLetter) },
} as const;

export const readAnyLetter = {
  ...operator,
  operationId: 'readAnyLetter',
  method: 'GET',
  path: '/v1/operator/letters/:letterId',
  summary: 'One letter of any customer',
  params: LetterParams,
  responses: { 200: OperatorLetter },
} as const;

export const previewAnyLetter = {
  ...operator,
  operationId: 'previewAnyLetter',
  method: 'GET',
  path: '/v1/operator/letters/:letterId/preview',
  summary: 'The letter as it would go out now',
  params: LetterParams,
  responses: { 200: LetterPreview },
  problems: [notificationProblems.noContact],
} as const;

export const resendAnyLetter = {
  ...operator,
  operationId: 'resendAnyLetter',
  method: 'POST',
  path: '/v1/operator/letters/:letterId/resend',
  summary: 'Try a failed or waiting letter now, with the contact data of today',
  params: LetterParams,
  responses: { 200: OperatorLetter },
  problems: [notificationProblems.letterSent],
} as const;

export const resendFailedLetters = {
  ...operator,
  operationId: 'resendFailedLetters',
  method: 'POST',
  path: '/v1/operator/letters/resend',
  summary: 'Try failed letters now by why and when they failed; with dryRun count them',
  body: LettersToResend,
  responses: { 200: ResendResult },
} as const;

export const readDeadLetters = {
  ...operator,
  operationId: 'readDeadLetters',
  method: 'GET',
  path: '/v1/operator/dead-letters',
  summary: 'Messages that could not become letters, newest first',
  query: listQuery(deadLetterFilters),
  responses: { 200: pageOf(DeadLetter) },
} as const;

export const readDeadLetter = {
  ...operator,
  operationId: 'readDeadLetter',
  method: 'GET',
  path: '/v1/operator/dead-letters/:deadLetterId',
  summary: 'One message that could not become a letter',
  params: DeadLetterParams,
  responses: { 200: DeadLetter },
} as const;

export const redriveOne = {
  ...operator,
  operationId: 'redriveOne',
  method: 'POST',
  path: '/v1/operator/dead-letters/:deadLetterId/redrive',
  summary: 'Read the message again; the answer says whether it became a letter',
  params: DeadLetterParams,
  responses: { 200: DeadLetter },
} as const;

export const redriveMany = {
  ...operator,
  operationId: 'redriveMany',
  method: 'POST',
  path: '/v1/operator/dead-letters/redrive',
  summary: 'The same for up to 100 of them, least recently tried first',
  responses: { 200: RedriveResult },
} as const;

/** Two records that contradict each other. */
export const LedgerDifference = Type.Object(
  {
    relation: choice(
      'balance-operations',
      'operation-decision',
      'decision-order',
      'order-event',
      'event-letter',
    ),
    id: Type.String({
      description:
        'The order; for balance-operations the customer; the event where it belongs to no order.',
    }),
    detail: Type.String(),
    remedy: Remedy,
    remedyText: Type.String({ description: "What the remedy does, in the reader's language." }),
  },
  strict,
);
export type LedgerDifference = Static<typeof LedgerDifference>;

const Count = Type.Integer({ minimum: 0 });

/** What the check of the books found. `waiting` is on its way and no difference. */
export const LedgerReport = Type.Object(
  {
    ok: Type.Boolean({ description: 'No difference in what was checked.' }),
    complete: Type.Boolean({ description: 'All of it was checked; else go on with nextCursor.' }),
    nextCursor: nullable(Type.String()),
    checked: Type.Object({ orders: Count, letters: Count, wallets: Count, events: Count }, strict),
    waiting: Type.Object(
      { pendingOrders: Count, unpublishedEvents: Count, unreadEvents: Count, unsentLetters: Count },
      strict,
    ),
    failedLetters: Count,
    acknowledged: Type.Integer({
      minimum: 0,
      description: 'Differences that an operator recorded as known; they do not count as such.',
    }),
    differences: Type.Array(LedgerDifference),
  },
  strict,
);
export type LedgerReport = Static<typeof LedgerReport>;

export const verifyLedger = {
  ...operator,
  operationId: 'verifyLedger',
  method: 'GET',
  path: '/v1/operator/ledger/verify',
  summary: 'Compare balances, operations, decisions, orders, events and letters; name what differs',
  query: Type.Object(
    { cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })) },
    strict,
  ),
  responses: { 200: LedgerReport },
} as const;

const RepairRequest = Type.Object(
  {
    apply: Type.Boolean({ description: 'False: only say what would be done.' }),
    reason: Type.Optional(OperatorReason),
    writeOff: Type.Optional(
      Type.Array(Uuid, {
        maxItems: 100,
        description: 'Paid orders to write off, whose payment is lost for good.',
      }),
    ),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  },
  strict,
);

/** A difference, and what a repair makes of it. */
export const RepairedDifference = Type.Object(
  {
    ...LedgerDifference.properties,
    state: RepairState,
    stateText: Type.String({ description: "The state or the refusal, in the reader's language." }),
    refusal: nullable(RepairRefusal),
    customerId: nullable(CustomerId),
    /** What the customer's wallet gets, negative for what it pays; null where no money moves. */
    money: Type.Union([Money, Type.Null()]),
    /** What the wallet holds, where that is too little. */
    balance: Type.Union([Money, Type.Null()]),
    letter: Type.Boolean({ description: 'The customer may get a letter a second time.' }),
  },
  strict,
);
export type RepairedDifference = Static<typeof RepairedDifference>;

export const RepairReport = Type.Object(
  {
    complete: Type.Boolean({ description: 'All books were compared; else go on with nextCursor.' }),
    nextCursor: nullable(Type.String()),
    steps: Type.Array(RepairedDifference),
  },
  strict,
);
export type RepairReport = Static<typeof RepairReport>;

export const repairBooks = {
  ...operator,
  operationId: 'repairBooks',
  method: 'POST',
  path: '/v1/operator/repairs',
  summary: 'Repair the differences that a restore left: say what would be done, or do it',
  body: RepairRequest,
  responses: { 200: RepairReport },
} as const;

export const readRepairs = {
  ...operator,
  operationId: 'readRepairs',
  method: 'GET',
  path: '/v1/operator/repairs',
  summary: 'Steps of repairs that were done, newest first, with who did them and why',
  query: listQuery({}),
  responses: { 200: pageOf(Repair) },
} as const;
