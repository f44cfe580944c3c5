import { type Static, Type } from 'typebox';
import {
  auditQuery,
  CustomerId,
  choice,
  Money,
  NoQuery,
  nullable,
  strictObject,
  Uuid,
} from './common.ts';
import { LetterParams, LetterState } from './notifications.ts';
import { internal } from './operation.ts';
import { RepairResult, repairAuthor, repairList } from './repairs.ts';

// The operations of notifications that the reconciliation and a repair call.

/** A letter as the reconciliation compares it with its order. */
export const AuditedLetter = strictObject({
  id: Uuid,
  orderId: Uuid,
  customerId: CustomerId,
  kind: choice('happiness', 'grief'),
  reason: nullable(Type.String()),
  total: Money,
  state: LetterState,
  /** An operator recorded it as known. Replicas of an older version do not send it. */
  acknowledged: Type.Optional(Type.Boolean()),
});
export type AuditedLetter = Static<typeof AuditedLetter>;

export const auditLetters = internal('auditLetters', 'GET /audit/letters', {
  summary: 'Letters in the order of their order ids and their own, within the bounds',
  query: auditQuery({
    after: Type.Optional(Uuid),
    // Continues within the order `after`: its letters with larger ids are still returned.
    afterLetter: Type.Optional(Uuid),
    through: Type.Optional(Uuid),
  }),
  responses: { 200: strictObject({ data: Type.Array(AuditedLetter) }) },
});

export const auditPositions = internal('auditPositions', 'GET /audit/positions', {
  summary: 'How far the topic was read: all events below these offsets are in the inbox',
  query: NoQuery,
  responses: {
    200: strictObject({
      topicId: nullable(Type.String()),
      data: Type.Array(
        strictObject({
          partition: Type.Integer({ minimum: 0 }),
          position: Type.Integer({ minimum: 0 }),
          end: Type.Integer({ minimum: 0 }),
        }),
      ),
      /** Letters up to this id may be deleted by their retention; absent where none is. */
      deletedThrough: Type.Optional(Uuid),
    }),
  },
});

export const acknowledgeLetter = internal(
  'acknowledgeLetter',
  'POST /operator/letters/:letterId/repair',
  {
    summary: 'Record as known that a letter belongs to no order that exists',
    params: LetterParams,
    body: strictObject(repairAuthor),
    responses: { 200: RepairResult },
  },
);

export const listLetterRepairs = { ...repairList, operationId: 'listLetterRepairs' } as const;
