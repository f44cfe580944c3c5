import { type Static, Type } from 'typebox';
import {
  CustomerId,
  choice,
  listQuery,
  nullable,
  pageOf,
  strict,
  Timestamp,
  Uuid,
} from './common.ts';

export const LetterState = choice('queued', 'sending', 'sent', 'failed');
export type LetterState = Static<typeof LetterState>;

/** One try to send a letter. */
export const LetterAttempt = Type.Object(
  {
    number: Type.Integer({ minimum: 1 }),
    startedAt: Timestamp,
    durationMs: Type.Integer({ minimum: 0 }),
    outcome: choice('sent', 'transient', 'permanent', 'unknown'),
    response: nullable(Type.String({ description: "The SMTP server's answer." })),
    error: nullable(Type.String()),
  },
  strict,
);
export type LetterAttempt = Static<typeof LetterAttempt>;

/** A letter; subject, text, html and to are null until it is first composed. */
export const Letter = Type.Object(
  {
    id: Uuid,
    orderId: Uuid,
    kind: choice('happiness', 'grief'),
    state: LetterState,
    reason: nullable(Type.String({ description: 'Why it failed or is late.' })),
    subject: nullable(Type.String()),
    text: nullable(Type.String()),
    html: nullable(Type.String()),
    to: nullable(Type.String()),
    messageId: Type.String(),
    unknownOutcomes: Type.Integer({
      minimum: 0,
      description: 'Times it was sent again although a former try may have arrived.',
    }),
    attempts: Type.Array(LetterAttempt),
    createdAt: Timestamp,
    sentAt: nullable(Timestamp),
  },
  strict,
);
export type Letter = Static<typeof Letter>;

export const listLetters = {
  operationId: 'listLetters',
  method: 'GET',
  path: '/letters',
  summary: "The customer's letters, newest first",
  callers: ['gateway'],
  query: listQuery({ customerId: CustomerId, orderId: Type.Optional(Uuid) }),
  responses: { 200: pageOf(Letter) },
} as const;

export const getLetter = {
  operationId: 'getLetter',
  method: 'GET',
  path: '/letters/:letterId',
  summary: 'One letter of the customer',
  callers: ['gateway'],
  params: Type.Object({ letterId: Uuid }, strict),
  query: Type.Object({ customerId: CustomerId }, strict),
  responses: { 200: Letter },
} as const;
