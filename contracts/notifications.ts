import { type Static, Type } from 'typebox';
import {
  CustomerId,
  choice,
  Locale,
  lineOfText,
  listQuery,
  NoQuery,
  nullable,
  pageOf,
  strictObject,
  Timestamp,
  Uuid,
} from './common.ts';
import { DeadLetter, Header } from './dead-letters.ts';
import { internal, problem } from './operation.ts';

export * from './dead-letters.ts';

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
  noContact: problem('no-contact', 'conflict', {
    ru: ['Адресат неизвестен', 'У клиента ещё нет профиля с адресом.'],
    en: ['No contact', 'The customer has no profile with an address yet.'],
  }),
} as const;

/** A letter as the operator sees it: whose it is, with every address masked (`a***@example.com`). */
export const OperatorLetter = strictObject({ ...Letter.properties, customerId: CustomerId });
export type OperatorLetter = Static<typeof OperatorLetter>;

/** The mail that a letter would become if it were sent now. */
export const LetterPreview = strictObject({
  to: Type.String({ description: 'Masked.' }),
  locale: Locale,
  subject: Type.String(),
  text: Type.String(),
  html: Type.String(),
});
export type LetterPreview = Static<typeof LetterPreview>;

const Moment = Type.String({
  format: 'date-time',
  maxLength: 40,
  description: 'RFC 3339.',
});

/** Filters of letters by the time and the reason of their failure. */
const failureFilters = {
  failedSince: Type.Optional(Moment),
  failedUntil: Type.Optional({ ...Moment, description: 'RFC 3339; not that moment itself.' }),
  failure: Type.Optional({
    ...lineOfText(200),
    description: 'Text within the reason as it is shown, in capital or small letters alike.',
  }),
  kind: Type.Optional(choice('happiness', 'grief')),
};

export const letterFilters = {
  state: Type.Optional(LetterState),
  customerId: Type.Optional(CustomerId),
  orderId: Type.Optional(Uuid),
  ...failureFilters,
};
export const LetterParams = strictObject({ letterId: Uuid });

export const listAllLetters = internal('listAllLetters', 'GET /operator/letters', {
  summary: 'Letters of all customers, newest first',
  query: listQuery(letterFilters),
  responses: { 200: pageOf(OperatorLetter) },
});

export const getAnyLetter = internal('getAnyLetter', 'GET /operator/letters/:letterId', {
  summary: 'One letter of any customer',
  params: LetterParams,
  query: NoQuery,
  responses: { 200: OperatorLetter },
});

export const previewLetter = internal('previewLetter', 'GET /operator/letters/:letterId/preview', {
  summary: 'The letter as it would go out now',
  params: LetterParams,
  query: NoQuery,
  responses: { 200: LetterPreview },
  problems: [notificationProblems.noContact],
});

export const resendLetter = internal('resendLetter', 'POST /operator/letters/:letterId/resend', {
  summary: 'Try a failed or waiting letter now, with the contact data of today',
  params: LetterParams,
  query: NoQuery,
  responses: { 200: OperatorLetter },
  problems: [notificationProblems.letterSent],
});

/** Filters of the failed letters to resend; without a filter all of them. */
export const LettersToResend = strictObject({
  ...failureFilters,
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000, description: 'Most letters of one answer.' }),
  ),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  dryRun: Type.Optional(Type.Boolean({ description: 'Only counts those that match.' })),
});
export type LettersToResend = Static<typeof LettersToResend>;

/** The result for one part of them. */
export const ResendResult = strictObject({
  matched: Type.Integer({ minimum: 0 }),
  resent: Type.Integer({ minimum: 0 }),
  nextCursor: nullable(
    Type.String({ description: 'Where the next part begins, null when all were looked at.' }),
  ),
});
export type ResendResult = Static<typeof ResendResult>;

export const resendLetters = internal('resendLetters', 'POST /operator/letters/resend', {
  summary: 'Try failed letters now, newest first, with the contact data of today',
  query: NoQuery,
  body: LettersToResend,
  responses: { 200: ResendResult },
});

export const releaseLetters = internal(
  'releaseLetters',
  'POST /customers/:customerId/letters/release',
  {
    summary: "Send the letters that wait for the customer's confirmation, if it was given",
    params: strictObject({ customerId: CustomerId }),
    responses: { 200: strictObject({ released: Type.Integer({ minimum: 0 }) }) },
  },
);

/** The state of an order's event in notifications. */
export const Delivery = strictObject({
  /** The time when the event became a letter in the inbox, and its position on the topic. */
  received: Type.Union([
    strictObject({
      at: Timestamp,
      partition: Type.Integer({ minimum: 0 }),
      offset: Type.Integer({ minimum: 0 }),
    }),
    Type.Null(),
  ]),
  letter: Type.Union([Letter, Type.Null()]),
  /** The last step of each attempt that is known. Replicas of an older version do not send it. */
  stages: Type.Optional(
    Type.Array(strictObject({ number: Type.Integer({ minimum: 1 }), stage: AttemptStage })),
  ),
  deadLetter: Type.Union([DeadLetter, Type.Null()]),
  /** True where the letter may have been deleted at the end of its retention. */
  expired: Type.Optional(Type.Boolean()),
});
export type Delivery = Static<typeof Delivery>;

export const getDelivery = internal('getDelivery', 'GET /deliveries/:eventId', {
  summary: 'What became of an event, for the journey of its order',
  params: strictObject({ eventId: Uuid }),
  query: strictObject({
    /** Without a customer the answer is the operator's: every address masked. */
    customerId: Type.Optional(CustomerId),
    /** The event's position, if it is known: a dead letter is found by it. */
    partition: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })),
    offset: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  }),
  responses: { 200: Delivery },
});

const Count = Type.Integer({ minimum: 0 });

const OUR_FAULTS = ['sender', 'sign-in', 'policy', 'protocol', 'server'] as const;

/** A refusal that is about us: the mail server refuses every letter so, and the letters wait. */
export const MailRefusal = strictObject({
  fault: choice(...OUR_FAULTS),
  response: Type.String({ description: "The mail server's answer, addresses masked." }),
  at: Timestamp,
});
export type MailRefusal = Static<typeof MailRefusal>;

/** A mail server and its circuit breaker, in the replica of notifications that answers. */
export const MailProvider = strictObject({
  provider: Type.String({ description: 'host:port.' }),
  state: choice('closed', 'open', 'half-open'),
  since: Timestamp,
  nextAttemptAt: nullable(Timestamp),
  /** The latest fault; null while it is closed. */
  fault: Type.Union([
    strictObject({
      kind: choice(...OUR_FAULTS, 'connection', 'tls', 'greeting'),
      text: Type.String({ description: "The mail server's answer or the error, masked." }),
    }),
    Type.Null(),
  ]),
});
export type MailProvider = Static<typeof MailProvider>;

/** How many letters there are and wait, for the operator's overview. */
export const NotificationsOverview = strictObject({
  /** Each count stops at `max`, so that it stays cheap for any number of letters. */
  letters: strictObject({ max: Count, queued: Count, sending: Count, sent: Count, failed: Count }),
  oldestWaitingMs: Count,
  /** Letters sent per second over the last ten seconds, of events of the last minute. */
  sentPerSecond: Type.Number({ minimum: 0 }),
  deadLetters: Count,
  /** The latest refusal of each fault in the last half hour; absent where there was none. */
  refusals: Type.Optional(Type.Array(MailRefusal)),
  /** Queued letters that wait until the customer confirms the address, counted up to `max`. */
  waitingForConfirmation: Type.Optional(Count),
  /** Letters about accounts: those that wait, and those that failed within the last day. */
  accountLetters: Type.Optional(strictObject({ waiting: Count, failed: Count })),
  /** Replicas of an older version do not send it. */
  mail: Type.Optional(strictObject({ providers: Type.Array(MailProvider) })),
  /** Messages of the topic that were not read yet; null where the broker does not answer. */
  lag: Type.Union([
    Type.Array(strictObject({ partition: Count, position: Count, end: Count, lag: Count })),
    Type.Null(),
  ]),
});
export type NotificationsOverview = Static<typeof NotificationsOverview>;

export const getNotificationsOverview = internal('getNotificationsOverview', 'GET /overview', {
  summary: 'Letters by state, dead letters, consumer lag',
  query: NoQuery,
  responses: { 200: NotificationsOverview },
});
