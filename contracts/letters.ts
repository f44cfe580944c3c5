import { type Static, Type } from 'typebox';
import {
  CustomerId,
  choice,
  listQuery,
  nullable,
  pageOf,
  strictObject,
  Timestamp,
  Uuid,
} from './common.ts';
import { Header } from './dead-letters.ts';
import { internal, problem } from './operation.ts';

export const LetterState = choice('queued', 'sending', 'sent', 'failed');
export type LetterState = Static<typeof LetterState>;

/** One try to send a letter. */
export const LetterAttempt = strictObject({
  number: Type.Integer({ minimum: 1 }),
  startedAt: Timestamp,
  durationMs: Type.Integer({ minimum: 0 }),
  contactMs: nullable(
    Type.Integer({
      minimum: 0,
      description: 'Until profiles had answered; null where it was not asked or did not answer.',
    }),
  ),
  outcome: choice('sent', 'transient', 'permanent', 'unknown'),
  response: nullable(Type.String({ description: "The SMTP server's answer." })),
  error: nullable(Type.String()),
  traceId: Type.Optional(
    nullable(Type.String({ description: 'The trace that it belongs to, as in logs.' })),
  ),
});
export type LetterAttempt = Static<typeof LetterAttempt>;

/**
 * The steps of an attempt: contact data from profiles, composition, and the steps of SMTP up to the
 * answer to the final dot.
 */
export const AttemptStage = choice(
  'contact',
  'compose',
  'handshake',
  'envelope',
  'body',
  'after-dot',
);
export type AttemptStage = Static<typeof AttemptStage>;

/** A letter; subject, text, html, headers and to are null until it is first composed. */
export const Letter = strictObject({
  id: Uuid,
  orderId: Uuid,
  kind: choice('happiness', 'grief'),
  state: LetterState,
  reason: nullable(Type.String({ description: 'Why it failed or is late.' })),
  waitsFor: Type.Optional(choice('confirmation')),
  subject: nullable(Type.String()),
  text: nullable(Type.String()),
  html: nullable(Type.String()),
  headers: nullable(Type.Array(Header, { description: 'As they were sent, decoded.' })),
  to: nullable(Type.String()),
  messageId: Type.String(),
  unknownOutcomes: Type.Integer({
    minimum: 0,
    description: 'Times it was sent again although a former try may have arrived.',
  }),
  attempts: Type.Array(LetterAttempt, { description: 'The latest 50.' }),
  createdAt: Timestamp,
  sentAt: nullable(Timestamp),
});
export type Letter = Static<typeof Letter>;

export const listLetters = internal('listLetters', 'GET /letters', {
  summary: "The customer's letters, newest first",
  query: listQuery({ customerId: CustomerId, orderId: Type.Optional(Uuid) }),
  responses: { 200: pageOf(Letter) },
});

export const getLetter = internal('getLetter', 'GET /letters/:letterId', {
  summary: 'One letter of the customer',
  params: strictObject({ letterId: Uuid }),
  query: strictObject({ customerId: CustomerId }),
  responses: { 200: Letter },
});

export const notificationProblems = {
  letterSent: problem('letter-sent', 'conflict', {
    ru: ['Письмо отправлено', 'Отправленное письмо не посылают второй раз.'],
    en: ['Letter sent', 'A letter that was sent is not sent a second time.'],
  }),
  templateUnknown: problem('template-unknown', 'not-found', {
    ru: ['Нет такого шаблона', 'Шаблона писем с этим номером нет.'],
    en: ['No such template', 'There is no letter template with this number.'],
  }),
  noContact: problem('no-contact', 'conflict', {
    ru: ['Адресат неизвестен', 'У клиента ещё нет профиля с адресом.'],
    en: ['No contact', 'The customer has no profile with an address yet.'],
  }),
} as const;
