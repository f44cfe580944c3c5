import { type Static, type TSchema, Type } from 'typebox';
import { billingProblems } from './billing-problems.ts';
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
  strict,
  Timestamp,
  Uuid,
} from './common.ts';
import { REASON_MAX, visibleAscii } from './patterns.ts';
import { RepairResult, repairAuthor, repairList, repairProblems } from './repairs.ts';

export { billingProblems };

/** What can be decided about a payment, once and for ever. */
const Decision = choice('captured', 'declined', 'voided');

export const Wallet = Type.Object(
  { customerId: CustomerId, balance: moneyBetween(0, BALANCE_MAX) },
  strict,
);
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
export const WalletOperation = Type.Object(operationMembers, strict);
export type WalletOperation = Static<typeof WalletOperation>;

/** The same for operators: with the operator who made a reversal. */
export const OperatorOperation = Type.Object(
  { ...operationMembers, madeBy: Type.Optional(CustomerId) },
  strict,
);
export type OperatorOperation = Static<typeof OperatorOperation>;

export const PaymentRequest = Type.Object(
  { customerId: CustomerId, amount: moneyBetween(1, AMOUNT_MAX) },
  strict,
);
export type PaymentRequest = Static<typeof PaymentRequest>;

/** The captured payment of an order. */
export const Payment = Type.Object(
  { orderId: Uuid, decision: Type.Literal('captured'), operation: WalletOperation },
  strict,
);
export type Payment = Static<typeof Payment>;

/** The decision of an order; `operationId` exactly when captured. */
export const PaymentDecision = Type.Object(
  {
    orderId: Uuid,
    decision: Decision,
    operationId: nullable(Uuid),
  },
  strict,
);
export type PaymentDecision = Static<typeof PaymentDecision>;

/** Members that the 406 adds: the balance at the decision, and the shortfall. */
export const Shortage = Type.Object({ balance: Money, required: Money, shortfall: Money }, strict);
export type Shortage = Static<typeof Shortage>;

const WalletParams = Type.Object({ customerId: CustomerId }, strict);

export const decidePayment = {
  operationId: 'decidePayment',
  method: 'PUT',
  path: '/payments/:orderId',
  summary: 'Decide the payment of an order once and for ever, or tell what was decided',
  callers: ['gateway'],
  batchable: true,
  params: OrderParams,
  body: PaymentRequest,
  responses: { 200: Payment, 201: Payment },
  problems: [
    billingProblems.insufficientFunds,
    billingProblems.paymentVoided,
    billingProblems.paymentMismatch,
  ],
} as const;

export const voidPayment = {
  operationId: 'voidPayment',
  method: 'PUT',
  path: '/payments/:orderId/void',
  summary: 'Void-or-get: the decision, which is `voided` where none existed',
  callers: ['gateway'],
  params: OrderParams,
  body: PaymentRequest,
  responses: { 200: PaymentDecision },
  problems: [billingProblems.paymentMismatch],
} as const;

/** The stored decision and its time. */
export const KeptDecision = Type.Object(
  {
    orderId: Uuid,
    decision: Decision,
    decidedAt: Timestamp,
    amount: Money,
    /** The balance at the decision; null where the decision was recorded again after a restore. */
    balanceSeen: Type.Union([Money, Type.Null()]),
    operation: Type.Union([WalletOperation, Type.Null()]),
  },
  strict,
);
export type KeptDecision = Static<typeof KeptDecision>;

/** Reads and never decides: the answer about an order that has ended must not charge it. */
export const getDecision = {
  operationId: 'getDecision',
  method: 'GET',
  path: '/payments/:orderId',
  summary: 'The decision of an order as it is kept; 404 while there is none',
  callers: ['gateway'],
  params: OrderParams,
  query: NoQuery,
  responses: { 200: KeptDecision },
} as const;

export const getWallet = {
  operationId: 'getWallet',
  method: 'GET',
  path: '/wallets/:customerId',
  summary: 'The wallet; one that was never used has balance 0',
  callers: ['gateway'],
  params: WalletParams,
  query: NoQuery,
  responses: { 200: Wallet },
} as const;

export const topUpWallet = {
  operationId: 'topUpWallet',
  method: 'POST',
  path: '/wallets/:customerId/top-ups',
  summary: 'Add money once per key',
  callers: ['gateway'],
  params: WalletParams,
  body: Type.Object(
    {
      amount: moneyBetween(1, AMOUNT_MAX),
      // The client's key with the prefix of its owner: self/… or operator/<id>/….
      idempotencyKey: Type.String({ pattern: visibleAscii(600) }),
    },
    strict,
  ),
  responses: { 201: WalletOperation },
  problems: [billingProblems.balanceLimit, billingProblems.keyReused],
} as const;

/** Members that `reversal-exceeds-balance` adds: the balance, and the amount of the reversal. */
export const ReversalExcess = Type.Object({ balance: Money, amount: Money }, strict);
export type ReversalExcess = Static<typeof ReversalExcess>;

export const reverseTopUp = {
  operationId: 'reverseTopUp',
  method: 'POST',
  path: '/wallets/:customerId/operations/:operationId/reversal',
  summary: 'Undo a top-up, once: a repetition answers the same reversal',
  callers: ['gateway'],
  params: Type.Object({ customerId: CustomerId, operationId: Uuid }, strict),
  body: Type.Object({ reason: OperatorReason, madeBy: CustomerId }, strict),
  responses: { 201: OperatorOperation },
  problems: [
    billingProblems.reversalExceedsBalance,
    billingProblems.notReversible,
    billingProblems.balanceLimit,
  ],
} as const;

export const listOperations = {
  operationId: 'listOperations',
  method: 'GET',
  path: '/wallets/:customerId/operations',
  summary: "The wallet's operations, newest first",
  callers: ['gateway'],
  params: WalletParams,
  query: listQuery({}),
  responses: { 200: pageOf(OperatorOperation) },
} as const;

/** A decision and its charge, as the reconciliation compares them. */
export const AuditedPayment = Type.Object(
  {
    orderId: Uuid,
    customerId: CustomerId,
    amount: Money,
    decision: Decision,
    operationId: nullable(Uuid),
    /** The operation of type `charge` that names the order, also without a captured decision. */
    charge: Type.Union([
      Type.Object({ id: Uuid, customerId: CustomerId, amount: Money }, strict),
      Type.Null(),
    ]),
    /** The operation that reverses that charge. Replicas of an older version do not send it. */
    reversalId: Type.Optional(nullable(Uuid)),
    /** The operator's settlement of an unrepairable decision. Older replicas do not send it. */
    settled: Type.Optional(nullable(choice('acknowledge', 'write-off'))),
  },
  strict,
);
export type AuditedPayment = Static<typeof AuditedPayment>;

export const auditPayments = {
  operationId: 'auditPayments',
  method: 'GET',
  path: '/audit/payments',
  summary: 'Decisions with their charges, in the order of the order ids, within the bounds',
  callers: ['gateway'],
  query: auditQuery({ after: Type.Optional(Uuid), through: Type.Optional(Uuid) }),
  responses: { 200: Type.Object({ data: Type.Array(AuditedPayment) }, strict) },
} as const;

export const auditWallets = {
  operationId: 'auditWallets',
  method: 'GET',
  path: '/audit/wallets',
  summary: 'Compares some wallets with the sum and the chain of their operations',
  callers: ['gateway'],
  query: auditQuery({ after: Type.Optional(CustomerId) }),
  responses: { 200: auditOf(CustomerId) },
} as const;

const repairOf = <const S extends string, const M extends Record<string, TSchema>>(
  step: S,
  members: M,
) => Type.Object({ step: Type.Literal(step), ...members, ...repairAuthor }, strict);

const payment = { customerId: CustomerId, amount: moneyBetween(1, AMOUNT_MAX) };

/** Makes billing agree with orders again, after one of them was restored. */
export const PaymentRepair = Type.Union([
  repairOf('charge-again', { ...payment, operationId: Uuid }),
  repairOf('record-decision', { ...payment, decision: choice('declined', 'voided') }),
  repairOf('write-off', payment),
  repairOf('reverse-charge', {}),
  repairOf('acknowledge', {}),
]);
export type PaymentRepair = Static<typeof PaymentRepair>;

export const repairPayment = {
  operationId: 'repairPayment',
  method: 'POST',
  path: '/payments/:orderId/repair',
  summary: 'One step of a repair, once; recorded in the same transaction',
  callers: ['gateway'],
  params: OrderParams,
  body: PaymentRepair,
  responses: { 200: RepairResult },
  problems: [
    billingProblems.insufficientFunds,
    billingProblems.balanceLimit,
    repairProblems.repairRefused,
  ],
} as const;

export const listPaymentRepairs = { ...repairList, operationId: 'listPaymentRepairs' } as const;
