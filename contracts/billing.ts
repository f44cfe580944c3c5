import { type Static, type TSchema, Type } from 'typebox';
import {
  AMOUNT_MAX,
  auditOf,
  auditQuery,
  BALANCE_MAX,
  CustomerId,
  choice,
  lineOfText,
  listQuery,
  Money,
  moneyBetween,
  NoQuery,
  nullable,
  OperatorReason,
  OrderParams,
  pageOf,
  strictObject,
  Timestamp,
  Uuid,
} from './common.ts';
import { internal, problem } from './operation.ts';
import { orderProblems } from './orders.ts';
import { REASON_MAX, visibleAscii } from './patterns.ts';
import { RepairResult, repairAuthor, repairList, repairProblems } from './repairs.ts';

export const billingProblems = {
  insufficientFunds: problem('insufficient-funds', 'refused', {
    ru: [
      'Недостаточно средств',
      'На кошельке меньше, чем стоит заказ. Пополните кошелёк и закажите снова.',
    ],
    en: [
      'Insufficient funds',
      'The wallet holds less than the order costs. Top it up and order again.',
    ],
  }),
  paymentVoided: problem('payment-voided', 'conflict', {
    ru: ['Оплата отменена', 'Заказ закрыт раньше, чем был оплачен.'],
    en: ['Payment voided', 'The order was closed before it was paid.'],
  }),
  paymentMismatch: problem('payment-mismatch', 'mismatch', {
    ru: ['Другой платёж', 'Для этого заказа решён платёж с другими данными.'],
    en: ['Payment mismatch', 'This order was decided with other data.'],
  }),
  balanceLimit: problem('balance-limit', 'mismatch', {
    ru: ['Превышен предел баланса', 'Баланс не может превышать 9·10^15.'],
    en: ['Balance limit', 'A balance cannot exceed 9·10^15.'],
  }),
  keyReused: orderProblems.keyReused,
  reversalExceedsBalance: problem('reversal-exceeds-balance', 'conflict', {
    ru: [
      'Денег на кошельке меньше',
      'На кошельке меньше денег, чем отмена должна списать. Ничего не изменено.',
    ],
    en: [
      'Reversal exceeds the balance',
      'The wallet holds less than the reversal has to take. Nothing was changed.',
    ],
  }),
  notReversible: problem('not-reversible', 'conflict', {
    ru: ['Операцию нельзя отменить', 'Отменить можно только пополнение.'],
    en: ['Not reversible', 'Only a top-up can be reversed.'],
  }),
} as const;

/** The possible payment decisions. A decision is final. */
const Decision = choice('captured', 'declined', 'voided');

export const Wallet = strictObject({
  customerId: CustomerId,
  balance: moneyBetween(0, BALANCE_MAX),
});
export type Wallet = Static<typeof Wallet>;

const operationMembers = {
  id: Uuid,
  type: choice('top_up', 'charge', 'reversal'),
  amount: Money,
  balanceAfter: Money,
  orderId: nullable(Uuid),
  createdAt: Timestamp,
  reversesOperationId: Type.Optional(Uuid),
  reason: Type.Optional(lineOfText(REASON_MAX)),
};

/**
 * One movement of a wallet; charges have a negative amount. Only a reversal has
 * `reversesOperationId` and `reason`: it undoes that operation, whole.
 */
export const WalletOperation = strictObject(operationMembers);
export type WalletOperation = Static<typeof WalletOperation>;

/** A movement as operators see it: with the operator of a reversal. */
export const OperatorOperation = strictObject({
  ...operationMembers,
  madeBy: Type.Optional(CustomerId),
});
export type OperatorOperation = Static<typeof OperatorOperation>;

export const PaymentRequest = strictObject({
  customerId: CustomerId,
  amount: moneyBetween(1, AMOUNT_MAX),
});

/** The captured payment of an order. */
export const Payment = strictObject({
  orderId: Uuid,
  decision: Type.Literal('captured'),
  operation: WalletOperation,
});

/** The decision of an order; `operationId` exactly when captured. */
export const PaymentDecision = strictObject({
  orderId: Uuid,
  decision: Decision,
  operationId: nullable(Uuid),
});
export type PaymentDecision = Static<typeof PaymentDecision>;

/** Members that the 406 adds: the balance at the decision, and the shortfall. */
export const Shortage = strictObject({ balance: Money, required: Money, shortfall: Money });
export type Shortage = Static<typeof Shortage>;

const WalletParams = strictObject({ customerId: CustomerId });

export const decidePayment = internal('decidePayment', 'PUT /payments/:orderId', {
  summary: 'Decide the payment of an order once and for ever, or tell what was decided',
  batchable: true,
  params: OrderParams,
  body: PaymentRequest,
  responses: { 200: Payment, 201: Payment },
  problems: [
    billingProblems.insufficientFunds,
    billingProblems.paymentVoided,
    billingProblems.paymentMismatch,
  ],
});

export const voidPayment = internal('voidPayment', 'PUT /payments/:orderId/void', {
  summary: 'Void-or-get: the decision, which is `voided` where none existed',
  params: OrderParams,
  body: PaymentRequest,
  responses: { 200: PaymentDecision },
  problems: [billingProblems.paymentMismatch],
});

/** The stored decision and its time. */
export const KeptDecision = strictObject({
  orderId: Uuid,
  decision: Decision,
  decidedAt: Timestamp,
  amount: Money,
  /** The balance at the decision; null where the decision was recorded again after a restore. */
  balanceSeen: Type.Union([Money, Type.Null()]),
  operation: Type.Union([WalletOperation, Type.Null()]),
});
export type KeptDecision = Static<typeof KeptDecision>;

/** Reads and never decides: the answer about an order that has ended must not charge it. */
export const getDecision = internal('getDecision', 'GET /payments/:orderId', {
  summary: 'The decision of an order as it is kept; 404 while there is none',
  params: OrderParams,
  query: NoQuery,
  responses: { 200: KeptDecision },
});

export const getWallet = internal('getWallet', 'GET /wallets/:customerId', {
  summary: 'The wallet; one that was never used has balance 0',
  params: WalletParams,
  query: NoQuery,
  responses: { 200: Wallet },
});

export const topUpWallet = internal('topUpWallet', 'POST /wallets/:customerId/top-ups', {
  summary: 'Add money once per key',
  repeatable: true,
  params: WalletParams,
  body: strictObject({
    amount: moneyBetween(1, AMOUNT_MAX),
    // The client's key with the prefix of its owner: self/… or operator/<id>/….
    idempotencyKey: Type.String({ pattern: visibleAscii(600) }),
  }),
  responses: { 201: WalletOperation },
  problems: [billingProblems.balanceLimit, billingProblems.keyReused],
});

/** Members that `reversal-exceeds-balance` adds: the balance, and the amount of the reversal. */
export const ReversalExcess = strictObject({ balance: Money, amount: Money });
export type ReversalExcess = Static<typeof ReversalExcess>;

export const reverseTopUp = internal(
  'reverseTopUp',
  'POST /wallets/:customerId/operations/:operationId/reversal',
  {
    summary: 'Undo a top-up, once: a repetition answers the same reversal',
    repeatable: true,
    params: strictObject({ customerId: CustomerId, operationId: Uuid }),
    body: strictObject({ reason: OperatorReason, madeBy: CustomerId }),
    responses: { 201: OperatorOperation },
    problems: [
      billingProblems.reversalExceedsBalance,
      billingProblems.notReversible,
      billingProblems.balanceLimit,
    ],
  },
);

export const listOperations = internal('listOperations', 'GET /wallets/:customerId/operations', {
  summary: "The wallet's operations, newest first",
  params: WalletParams,
  query: listQuery({}),
  responses: { 200: pageOf(OperatorOperation) },
});

/** A decision and its charge, as the reconciliation compares them. */
export const AuditedPayment = strictObject({
  orderId: Uuid,
  customerId: CustomerId,
  amount: Money,
  decision: Decision,
  operationId: nullable(Uuid),
  /** The operation of type `charge` that names the order, also without a captured decision. */
  charge: Type.Union([
    strictObject({ id: Uuid, customerId: CustomerId, amount: Money }),
    Type.Null(),
  ]),
  /** The operation that reverses that charge. Replicas of an older version do not send it. */
  reversalId: Type.Optional(nullable(Uuid)),
  /** The operator's settlement of an unrepairable decision. Older replicas do not send it. */
  settled: Type.Optional(nullable(choice('acknowledge', 'write-off'))),
});
export type AuditedPayment = Static<typeof AuditedPayment>;

export const auditPayments = internal('auditPayments', 'GET /audit/payments', {
  summary: 'Decisions with their charges, in the order of the order ids, within the bounds',
  query: auditQuery({ after: Type.Optional(Uuid), through: Type.Optional(Uuid) }),
  responses: { 200: strictObject({ data: Type.Array(AuditedPayment) }) },
});

export const auditWallets = internal('auditWallets', 'GET /audit/wallets', {
  summary: 'Compares some wallets with the sum and the chain of their operations',
  query: auditQuery({ after: Type.Optional(CustomerId) }),
  responses: { 200: auditOf(CustomerId) },
});

const repairOf = <const S extends string, const M extends Record<string, TSchema>>(
  step: S,
  members: M,
) => strictObject({ step: Type.Literal(step), ...members, ...repairAuthor });

const payment = { customerId: CustomerId, amount: moneyBetween(1, AMOUNT_MAX) };

/** Makes the payment match its order, after the restore of one of the two databases. */
export const PaymentRepair = Type.Union([
  repairOf('charge-again', { ...payment, operationId: Uuid }),
  repairOf('record-decision', { ...payment, decision: choice('declined', 'voided') }),
  repairOf('write-off', payment),
  repairOf('reverse-charge', {}),
  repairOf('acknowledge', {}),
]);
export type PaymentRepair = Static<typeof PaymentRepair>;

export const repairPayment = internal('repairPayment', 'POST /payments/:orderId/repair', {
  summary: 'One step of a repair, once; recorded in the same transaction',
  params: OrderParams,
  body: PaymentRepair,
  responses: { 200: RepairResult },
  problems: [
    billingProblems.insufficientFunds,
    billingProblems.balanceLimit,
    repairProblems.repairRefused,
  ],
});

export const listPaymentRepairs = { ...repairList, operationId: 'listPaymentRepairs' } as const;
