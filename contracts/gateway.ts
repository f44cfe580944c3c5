import { type Static, Type } from 'typebox';
import { billingProblems, getWallet, listOperations, WalletOperation } from './billing.ts';
import {
  AMOUNT_MAX,
  CustomerId,
  EmailAddress,
  moneyBetween,
  NoQuery,
  pageOf,
  strictObject,
} from './common.ts';
import { erasureProblems } from './erasure.ts';
import { journeyMembers } from './journey.ts';
import { getLetter, listLetters } from './notifications.ts';
import { operation, ownTwin, problem } from './operation.ts';
import { getOrderHistory } from './order-operations.ts';
import {
  getOrder,
  listOrders,
  newOrderContent,
  Order,
  orderContent,
  orderProblems,
} from './orders.ts';
import { IDEMPOTENCY_KEY_HEADER } from './patterns.ts';
import {
  ConfirmationToken,
  IfMatchHeader,
  NewProfileData,
  Profile,
  profileProblems,
} from './profiles.ts';

export * from './account-operations.ts';

export { eraseAccount, exportAccount } from './privacy.ts';

/** An order as customers send it. */
export const NewOrder = strictObject({ customerId: Type.Optional(CustomerId), ...newOrderContent });
export type NewOrder = Static<typeof NewOrder>;

/** The same with texts that former versions took: only a repetition may have them. */
export const RepeatedOrder = strictObject({
  customerId: Type.Optional(CustomerId),
  ...orderContent,
});

/** An order with its status in the reader's language. */
export const PublicOrder = strictObject({ ...Order.properties, statusLabel: Type.String() });
export type PublicOrder = Static<typeof PublicOrder>;

export const statusLabels = {
  Pending: { ru: 'Ожидает оплаты', en: 'Awaiting payment' },
  Paid: { ru: 'Оплачен', en: 'Paid' },
  Cancelled: { ru: 'Отменен', en: 'Cancelled' },
} as const;

export const gatewayProblems = {
  foreignCustomer: problem('foreign-customer', 'forbidden', {
    ru: ['Чужое имя', 'Заказ можно создать только на своё имя.'],
    en: ['Not your name', 'An order can be placed only in your own name.'],
  }),
  selfTopUpOff: problem('self-top-up-off', 'forbidden', {
    ru: ['Пополнение закрыто', 'Кошелёк пополняет только оператор.'],
    en: ['Top-up closed', 'Only the operator tops wallets up.'],
  }),
  orderVoided: problem('order-cancelled', 'conflict', {
    ru: [
      'Заказ отменён',
      'Заказ не успел оплатиться и отменён, деньги не списаны. Закажите с новым Idempotency-Key.',
    ],
    en: [
      'Order cancelled',
      'The order was not paid in time and was cancelled; nothing was charged. Use a new Idempotency-Key.',
    ],
  }),
} as const;

/** Header of requests that may be repeated. */
const IdempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: IDEMPOTENCY_KEY_HEADER,
      description:
        'Names this request: repeating it with the same key never does it twice. 1 to 255 visible ' +
        'ASCII characters, bare or in quotes (RFC 8941): `abc` and `"abc"` are the same key.',
    }),
  ),
});

const account = { tags: ['account'] } as const;
const wallet = { tags: ['wallet'] } as const;
const orders = { tags: ['orders'] } as const;
const letters = { tags: ['letters'] } as const;

export const readProfile = operation('readProfile', 'GET /v1/profile', {
  ...account,
  summary: 'Own contact data, with an ETag',
  versioned: true,
  query: NoQuery,
  responses: { 200: Profile },
});

export const replaceProfile = operation('replaceProfile', 'PUT /v1/profile', {
  ...account,
  summary: 'Change where letters go; the sign-in address stays',
  query: NoQuery,
  headers: IfMatchHeader,
  body: NewProfileData,
  responses: { 200: Profile },
  problems: [profileProblems.stale, erasureProblems.customerErased],
});

export const requestConfirmation = operation(
  'requestConfirmation',
  'POST /v1/profile/confirmation',
  {
    ...account,
    summary: 'Send the letter with the confirmation link again, at most three an hour',
    query: NoQuery,
    rateLimited: true,
    responses: { 202: strictObject({ email: EmailAddress }) },
    problems: [profileProblems.confirmationNotNeeded],
  },
);

export const confirmByLink = operation('confirmByLink', 'POST /v1/confirmations', {
  ...account,
  summary: 'Confirm the address of the letter that the token came by',
  query: NoQuery,
  body: strictObject({ token: ConfirmationToken }),
  responses: { 200: strictObject({ email: EmailAddress, emailConfirmed: Type.Literal(true) }) },
  problems: [profileProblems.linkInvalid],
  public: true,
});

export const readWallet = ownTwin(getWallet, {
  ...wallet,
  operationId: 'readWallet',
  path: '/v1/wallet',
  summary: 'Own balance',
});

export const readOperations = ownTwin(listOperations, {
  ...wallet,
  operationId: 'readOperations',
  path: '/v1/wallet/operations',
  summary: 'Own wallet operations, newest first',
  responses: { 200: pageOf(WalletOperation) },
});

const TopUp = strictObject({ amount: moneyBetween(1, AMOUNT_MAX) });
export const topUpAnswers = {
  headers: IdempotencyHeader,
  body: TopUp,
  responses: { 201: WalletOperation },
} as const;

export const topUp = operation('topUp', 'POST /v1/wallet/top-ups', {
  ...wallet,
  ...topUpAnswers,
  summary: 'Add money to the own wallet, where the set-up allows it',
  query: NoQuery,
  problems: [billingProblems.balanceLimit, orderProblems.keyReused, gatewayProblems.selfTopUpOff],
});

export const placeOrder = operation('placeOrder', 'POST /v1/orders', {
  ...orders,
  summary: 'Order and pay from the wallet; the answer tells the outcome',
  query: NoQuery,
  headers: IdempotencyHeader,
  location: true,
  rateLimited: true,
  body: NewOrder,
  responses: { 201: PublicOrder, 202: PublicOrder },
  problems: [
    gatewayProblems.foreignCustomer,
    billingProblems.insufficientFunds,
    gatewayProblems.orderVoided,
    orderProblems.keyReused,
  ],
});

export const readOrders = ownTwin(listOrders, {
  ...orders,
  operationId: 'readOrders',
  path: '/v1/orders',
  summary: 'Own orders, newest first',
  responses: { 200: pageOf(PublicOrder) },
});

export const readOrder = ownTwin(getOrder, {
  ...orders,
  operationId: 'readOrder',
  path: '/v1/orders/:orderId',
  summary: 'One own order',
  conditional: true,
  responses: { 200: PublicOrder },
});

/** One order's journey through the services; `order` as `readOrder` answers it. */
export const Journey = strictObject({ order: PublicOrder, ...journeyMembers });
export type Journey = Static<typeof Journey>;

export const readJourney = ownTwin(getOrderHistory, {
  ...orders,
  operationId: 'readJourney',
  path: '/v1/orders/:orderId/journey',
  summary: 'What each service recorded of an order, as one timeline',
  conditional: true,
  responses: { 200: Journey },
});

export const readLetters = ownTwin(listLetters, {
  ...letters,
  operationId: 'readLetters',
  path: '/v1/letters',
  summary: 'Own letters, newest first',
});

export const readLetter = ownTwin(getLetter, {
  ...letters,
  operationId: 'readLetter',
  path: '/v1/letters/:letterId',
  summary: 'One own letter',
});
