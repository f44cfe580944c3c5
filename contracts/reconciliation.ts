import { type Static, Type } from 'typebox';
import {
  Cursor,
  CustomerId,
  choice,
  listQuery,
  Money,
  nullable,
  OperatorReason,
  pageOf,
  strictObject,
  Uuid,
} from './common.ts';
import { operation, operator } from './operation.ts';
import { Remedy, Repair, RepairRefusal, RepairState } from './repairs.ts';

// The operator's reconciliation of all services, and the repair after a restore.

/** Two records that contradict each other. */
export const LedgerDifference = strictObject({
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
});
export type LedgerDifference = Static<typeof LedgerDifference>;

const Count = Type.Integer({ minimum: 0 });

/** The result of a reconciliation. Work in progress is counted in `waiting` and is no difference. */
export const LedgerReport = strictObject({
  ok: Type.Boolean({ description: 'No difference in what was checked.' }),
  complete: Type.Boolean({ description: 'All of it was checked; else go on with nextCursor.' }),
  nextCursor: nullable(Type.String()),
  checked: strictObject({ orders: Count, letters: Count, wallets: Count, events: Count }),
  waiting: strictObject({
    pendingOrders: Count,
    unpublishedEvents: Count,
    unreadEvents: Count,
    unsentLetters: Count,
  }),
  failedLetters: Count,
  acknowledged: Type.Integer({
    minimum: 0,
    description: 'Differences that an operator recorded as known; they do not count as such.',
  }),
  differences: Type.Array(LedgerDifference),
});
export type LedgerReport = Static<typeof LedgerReport>;

export const verifyLedger = operation('verifyLedger', 'GET /v1/operator/ledger/verify', {
  ...operator,
  summary: 'Compare balances, operations, decisions, orders, events and letters; name what differs',
  query: strictObject({ cursor: Type.Optional(Cursor) }),
  responses: { 200: LedgerReport },
});

const RepairRequest = strictObject({
  apply: Type.Boolean({ description: 'False: only say what would be done.' }),
  reason: Type.Optional(OperatorReason),
  writeOff: Type.Optional(
    Type.Array(Uuid, {
      maxItems: 100,
      description: 'Paid orders to write off, whose payment is lost for good.',
    }),
  ),
  cursor: Type.Optional(Cursor),
});

/** A difference and the repair step for it. */
export const RepairedDifference = strictObject({
  ...LedgerDifference.properties,
  state: RepairState,
  stateText: Type.String({ description: "The state or the refusal, in the reader's language." }),
  refusal: nullable(RepairRefusal),
  customerId: nullable(CustomerId),
  /** The change of the customer's wallet, negative for a charge; null where no money moves. */
  money: Type.Union([Money, Type.Null()]),
  /** The wallet's balance, where it is too low. */
  balance: Type.Union([Money, Type.Null()]),
  letter: Type.Boolean({ description: 'The customer may get a letter a second time.' }),
});
export type RepairedDifference = Static<typeof RepairedDifference>;

export const RepairReport = strictObject({
  complete: Type.Boolean({ description: 'All books were compared; else go on with nextCursor.' }),
  nextCursor: nullable(Type.String()),
  steps: Type.Array(RepairedDifference),
});
export type RepairReport = Static<typeof RepairReport>;

export const repairBooks = operation('repairBooks', 'POST /v1/operator/repairs', {
  ...operator,
  summary: 'Repair the differences that a restore left: say what would be done, or do it',
  body: RepairRequest,
  responses: { 200: RepairReport },
});

export const readRepairs = operation('readRepairs', 'GET /v1/operator/repairs', {
  ...operator,
  summary: 'Steps of repairs that were done, newest first, with who did them and why',
  query: listQuery({}),
  responses: { 200: pageOf(Repair) },
});
