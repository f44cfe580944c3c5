import { type Static, Type } from 'typebox';
import {
  auditQuery,
  CustomerId,
  choice,
  Money,
  NoQuery,
  nullable,
  strict,
  Uuid,
} from './common.ts';
import { LetterParams, LetterState } from './notifications.ts';
import { RepairResult, repairAuthor, repairList } from './repairs.ts';

/** What notifications answers to the reconciliation and to a repair. */

/** A letter as the reconciliation compares it with its order. */
export const AuditedLetter = Type.Object(
  {
    id: Uuid,
    orderId: Uuid,
    customerId: CustomerId,
    kind: choice('happiness', 'grief'),
    reason: nullable(Type.String()),
    total: Money,
    state: LetterState,
    /** An operator recorded it as known. Replicas of an older version do not send it. */
    acknowledged: Type.Optional(Type.Boolean()),
  },
  strict,
);
export type AuditedLetter = Static<typeof AuditedLetter>;

export const auditLetters = {
  operationId: 'auditLetters',
  method: 'GET',
  path: '/audit/letters',
  summary: 'Letters in the order of their order ids and their own, within the bounds',
  callers: ['gateway'],
  query: auditQuery({
    after: Type.Optional(Uuid),
    // Of the order `after`, letters above this one still belong to the answer.
    afterLetter: Type.Optional(Uuid),
    through: Type.Optional(Uuid),
  }),
  responses: { 200: Type.Object({ data: Type.Array(AuditedLetter) }, strict) },
} as const;

export const auditPositions = {
  operationId: 'auditPositions',
  method: 'GET',
  path: '/audit/positions',
  summary: 'How far the topic was read: all events below these offsets are in the inbox',
  callers: ['gateway'],
  query: NoQuery,
  responses: {
    200: Type.Object(
      {
        topicId: nullable(Type.String()),
        data: Type.Array(
          Type.Object(
            {
              partition: Type.Integer({ minimum: 0 }),
              position: Type.Integer({ minimum: 0 }),
              end: Type.Integer({ minimum: 0 }),
            },
            strict,
          ),
        ),
      },
      strict,
    ),
  },
} as const;

export const acknowledgeLetter = {
  operationId: 'acknowledgeLetter',
  method: 'POST',
  path: '/operator/letters/:letterId/repair',
  summary: 'Record as known that a letter belongs to no order that exists',
  callers: ['gateway'],
  params: LetterParams,
  body: Type.Object(repairAuthor, strict),
  responses: { 200: RepairResult },
} as const;

export const listLetterRepairs = { ...repairList, operationId: 'listLetterRepairs' } as const;
