import { type Static, Type } from 'typebox';
import {
  CustomerId,
  choice,
  listQuery,
  NoQuery,
  nullable,
  OperatorReason,
  pageOf,
  strictObject,
  Timestamp,
  Uuid,
} from './common.ts';
import { internal } from './operation.ts';

/** One line of a header block, its words decoded. */
export const Header = strictObject({ name: Type.String(), value: Type.String() });

/** A message that could not become a letter. Long texts are cut; the row keeps all of it. */
export const DeadLetter = strictObject({
  id: Uuid,
  state: choice('dead', 'redriven', 'discarded'),
  topic: Type.String(),
  partition: Type.Integer({ minimum: 0 }),
  offset: Type.Integer({ minimum: 0 }),
  key: nullable(Type.String()),
  value: nullable(Type.String()),
  headers: Type.Array(Header),
  error: Type.String({ description: 'Why it could not, at the last try.' }),
  redrives: Type.Integer({ minimum: 0, description: 'Times that it was tried again.' }),
  createdAt: Timestamp,
  redrivenAt: nullable(Timestamp),
  /** Null while no operator discarded it. Replicas of an older version do not send it. */
  discarded: Type.Optional(
    Type.Union([
      strictObject({ at: Timestamp, actor: CustomerId, reason: Type.String() }),
      Type.Null(),
    ]),
  ),
});
export type DeadLetter = Static<typeof DeadLetter>;

export const deadLetterFilters = { state: Type.Optional(choice('dead', 'redriven', 'discarded')) };
export const DeadLetterParams = strictObject({ deadLetterId: Uuid });

/** The result of a bulk redrive. `dead` counts all that remain, including those not tried. */
export const RedriveResult = strictObject({
  redriven: Type.Integer({ minimum: 0 }),
  refused: Type.Integer({ minimum: 0 }),
  dead: Type.Integer({ minimum: 0 }),
});
export type RedriveResult = Static<typeof RedriveResult>;

export const listDeadLetters = internal('listDeadLetters', 'GET /operator/dead-letters', {
  summary: 'Messages that could not become letters, newest first',
  query: listQuery(deadLetterFilters),
  responses: { 200: pageOf(DeadLetter) },
});

export const getDeadLetter = internal('getDeadLetter', 'GET /operator/dead-letters/:deadLetterId', {
  summary: 'One message that could not become a letter',
  params: DeadLetterParams,
  query: NoQuery,
  responses: { 200: DeadLetter },
});

export const redriveDeadLetter = internal(
  'redriveDeadLetter',
  'POST /operator/dead-letters/:deadLetterId/redrive',
  {
    summary: 'Read the message again, a discarded one too; the answer says what became of it',
    params: DeadLetterParams,
    query: NoQuery,
    responses: { 200: DeadLetter },
  },
);

export const redriveDeadLetters = internal(
  'redriveDeadLetters',
  'POST /operator/dead-letters/redrive',
  {
    summary: 'The same for up to 100 of them, least recently tried first, no discarded ones',
    query: NoQuery,
    responses: { 200: RedriveResult },
  },
);

export const discardDeadLetters = internal(
  'discardDeadLetters',
  'POST /operator/dead-letters/discard',
  {
    summary: 'Record that messages will never become letters, with the reason; the rows stay',
    query: NoQuery,
    body: strictObject({
      deadLetterIds: Type.Array(Uuid, { minItems: 1, maxItems: 100 }),
      reason: OperatorReason,
    }),
    responses: {
      200: strictObject({
        discarded: Type.Integer({ minimum: 0 }),
        refused: Type.Integer({ minimum: 0, description: 'Unknown, or not dead.' }),
      }),
    },
  },
);
