import { type Static, Type } from 'typebox';
import { choice, listQuery, NoQuery, nullable, pageOf, strict, Timestamp, Uuid } from './common.ts';

/** One line of a header block, its words decoded. */
export const Header = Type.Object({ name: Type.String(), value: Type.String() }, strict);

/** A message that could not become a letter. Long texts are cut; the row keeps all of it. */
export const DeadLetter = Type.Object(
  {
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
  },
  strict,
);
export type DeadLetter = Static<typeof DeadLetter>;

export const deadLetterFilters = { state: Type.Optional(choice('dead', 'redriven')) };
export const DeadLetterParams = Type.Object({ deadLetterId: Uuid }, strict);

/** What a redrive of many came to; `dead` are still there, those that were not tried included. */
export const RedriveResult = Type.Object(
  {
    redriven: Type.Integer({ minimum: 0 }),
    refused: Type.Integer({ minimum: 0 }),
    dead: Type.Integer({ minimum: 0 }),
  },
  strict,
);
export type RedriveResult = Static<typeof RedriveResult>;

export const listDeadLetters = {
  operationId: 'listDeadLetters',
  method: 'GET',
  path: '/operator/dead-letters',
  summary: 'Messages that could not become letters, newest first',
  callers: ['gateway'],
  query: listQuery(deadLetterFilters),
  responses: { 200: pageOf(DeadLetter) },
} as const;

export const getDeadLetter = {
  operationId: 'getDeadLetter',
  method: 'GET',
  path: '/operator/dead-letters/:deadLetterId',
  summary: 'One message that could not become a letter',
  callers: ['gateway'],
  params: DeadLetterParams,
  query: NoQuery,
  responses: { 200: DeadLetter },
} as const;

export const redriveDeadLetter = {
  operationId: 'redriveDeadLetter',
  method: 'POST',
  path: '/operator/dead-letters/:deadLetterId/redrive',
  summary: 'Read the message again; the answer says whether it became a letter',
  callers: ['gateway'],
  params: DeadLetterParams,
  query: NoQuery,
  responses: { 200: DeadLetter },
} as const;

export const redriveDeadLetters = {
  operationId: 'redriveDeadLetters',
  method: 'POST',
  path: '/operator/dead-letters/redrive',
  summary: 'The same for up to 100 of them, least recently tried first',
  callers: ['gateway'],
  query: NoQuery,
  responses: { 200: RedriveResult },
} as const;
