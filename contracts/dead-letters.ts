import { type Static, Type } from 'typebox';
import {
  choice,
  listQuery,
  NoQuery,
  nullable,
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
  state: choice('dead', 'redriven'),
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
});
export type DeadLetter = Static<typeof DeadLetter>;

export const deadLetterFilters = { state: Type.Optional(choice('dead', 'redriven')) };
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
    summary: 'Read the message again; the answer says whether it became a letter',
    params: DeadLetterParams,
    query: NoQuery,
    responses: { 200: DeadLetter },
  },
);

export const redriveDeadLetters = internal(
  'redriveDeadLetters',
  'POST /operator/dead-letters/redrive',
  {
    summary: 'The same for up to 100 of them, least recently tried first',
    query: NoQuery,
    responses: { 200: RedriveResult },
  },
);
