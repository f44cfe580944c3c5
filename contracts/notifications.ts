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
    contactMs: nullable(
      Type.Integer({
        minimum: 0,
        description: 'Until profiles had answered; null where it was not asked or did not answer.',
      }),
    ),
    outcome: choice('sent', 'transient', 'permanent', 'unknown'),
    response: nullable(Type.String({ description: "The SMTP server's answer." })),
    error: nullable(Type.String()),
  },
  strict,
);
export type LetterAttempt = Static<typeof LetterAttempt>;

/** One line of a header block, its words decoded. */
export const Header = Type.Object({ name: Type.String(), value: Type.String() }, strict);

/** A letter; subject, text, html, headers and to are null until it is first composed. */
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

export const notificationProblems = {
  letterSent: {
    code: 'letter-sent',
    kind: 'conflict',
    ru: { title: 'Письмо отправлено', detail: 'Отправленное письмо не посылают второй раз.' },
    en: { title: 'Letter sent', detail: 'A letter that was sent is not sent a second time.' },
  },
  noContact: {
    code: 'no-contact',
    kind: 'conflict',
    ru: { title: 'Адресат неизвестен', detail: 'У клиента ещё нет профиля с адресом.' },
    en: { title: 'No contact', detail: 'The customer has no profile with an address yet.' },
  },
} as const;

/** A letter as the operator sees it: whose it is, with every address masked (`a***@example.com`). */
export const OperatorLetter = Type.Object({ ...Letter.properties, customerId: CustomerId }, strict);
export type OperatorLetter = Static<typeof OperatorLetter>;

/** What a letter would say if it were sent now. */
export const LetterPreview = Type.Object(
  {
    to: Type.String({ description: 'Masked.' }),
    locale: Locale,
    subject: Type.String(),
    text: Type.String(),
    html: Type.String(),
  },
  strict,
);
export type LetterPreview = Static<typeof LetterPreview>;

const Moment = Type.String({
  format: 'date-time',
  maxLength: 40,
  description: 'RFC 3339.',
});

/** Which letters: when they failed, and why. */
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
export const LetterParams = Type.Object({ letterId: Uuid }, strict);

export const listAllLetters = {
  operationId: 'listAllLetters',
  method: 'GET',
  path: '/operator/letters',
  summary: 'Letters of all customers, newest first',
  callers: ['gateway'],
  query: listQuery(letterFilters),
  responses: { 200: pageOf(OperatorLetter) },
} as const;

export const getAnyLetter = {
  operationId: 'getAnyLetter',
  method: 'GET',
  path: '/operator/letters/:letterId',
  summary: 'One letter of any customer',
  callers: ['gateway'],
  params: LetterParams,
  query: NoQuery,
  responses: { 200: OperatorLetter },
} as const;

export const previewLetter = {
  operationId: 'previewLetter',
  method: 'GET',
  path: '/operator/letters/:letterId/preview',
  summary: 'The letter as it would go out now',
  callers: ['gateway'],
  params: LetterParams,
  query: NoQuery,
  responses: { 200: LetterPreview },
  problems: [notificationProblems.noContact],
} as const;

export const resendLetter = {
  operationId: 'resendLetter',
  method: 'POST',
  path: '/operator/letters/:letterId/resend',
  summary: 'Try a failed or waiting letter now, with the contact data of today',
  callers: ['gateway'],
  params: LetterParams,
  query: NoQuery,
  responses: { 200: OperatorLetter },
  problems: [notificationProblems.letterSent],
} as const;

/** Which failed letters are to be tried again; without a filter all of them. */
export const LettersToResend = Type.Object(
  {
    ...failureFilters,
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000, description: 'Most letters of one answer.' }),
    ),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    dryRun: Type.Optional(Type.Boolean({ description: 'Only counts those that match.' })),
  },
  strict,
);
export type LettersToResend = Static<typeof LettersToResend>;

/** What became of one part of them. */
export const ResendResult = Type.Object(
  {
    matched: Type.Integer({ minimum: 0 }),
    resent: Type.Integer({ minimum: 0 }),
    nextCursor: nullable(
      Type.String({ description: 'Where the next part begins, null when all were looked at.' }),
    ),
  },
  strict,
);
export type ResendResult = Static<typeof ResendResult>;

export const resendLetters = {
  operationId: 'resendLetters',
  method: 'POST',
  path: '/operator/letters/resend',
  summary: 'Try failed letters now, newest first, with the contact data of today',
  callers: ['gateway'],
  query: NoQuery,
  body: LettersToResend,
  responses: { 200: ResendResult },
} as const;

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
  summary: 'Read the message once more; the answer tells whether it became a letter',
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

/** What notifications knows of an order's event. */
export const Delivery = Type.Object(
  {
    /** When the event became a letter in the inbox, and from where on the topic. */
    received: Type.Union([
      Type.Object(
        {
          at: Timestamp,
          partition: Type.Integer({ minimum: 0 }),
          offset: Type.Integer({ minimum: 0 }),
        },
        strict,
      ),
      Type.Null(),
    ]),
    letter: Type.Union([Letter, Type.Null()]),
    deadLetter: Type.Union([DeadLetter, Type.Null()]),
  },
  strict,
);
export type Delivery = Static<typeof Delivery>;

export const getDelivery = {
  operationId: 'getDelivery',
  method: 'GET',
  path: '/deliveries/:eventId',
  summary: 'What became of an event, for the journey of its order',
  callers: ['gateway'],
  params: Type.Object({ eventId: Uuid }, strict),
  query: Type.Object(
    {
      /** Without a customer the answer is the operator's: every address masked. */
      customerId: Type.Optional(CustomerId),
      /** Where the event lies, if that is known: a dead letter is found by its place. */
      partition: Type.Optional(Type.Integer({ minimum: 0 })),
      offset: Type.Optional(Type.Integer({ minimum: 0 })),
    },
    strict,
  ),
  responses: { 200: Delivery },
} as const;

const Count = Type.Integer({ minimum: 0 });

/** A refusal of the mail server that is about us: every letter meets it, and the letters wait. */
export const MailRefusal = Type.Object(
  {
    fault: choice('sender', 'sign-in', 'policy', 'protocol', 'server'),
    response: Type.String({ description: "The mail server's answer, addresses masked." }),
    at: Timestamp,
  },
  strict,
);
export type MailRefusal = Static<typeof MailRefusal>;

/** How many letters there are and wait, for the operator's overview. */
export const NotificationsOverview = Type.Object(
  {
    /** Each counted up to `max`, so that the count stays cheap however many there are. */
    letters: Type.Object(
      { max: Count, queued: Count, sending: Count, sent: Count, failed: Count },
      strict,
    ),
    oldestWaitingMs: Count,
    /** Letters sent per second over the last ten seconds, of events of the last minute. */
    sentPerSecond: Type.Number({ minimum: 0 }),
    deadLetters: Count,
    /** Of the last half hour, the latest of each fault; absent where there was none. */
    refusals: Type.Optional(Type.Array(MailRefusal)),
    /** Messages of the topic that were not read yet; null where the broker does not answer. */
    lag: Type.Union([
      Type.Array(
        Type.Object({ partition: Count, position: Count, end: Count, lag: Count }, strict),
      ),
      Type.Null(),
    ]),
  },
  strict,
);
export type NotificationsOverview = Static<typeof NotificationsOverview>;

export const getNotificationsOverview = {
  operationId: 'getNotificationsOverview',
  method: 'GET',
  path: '/overview',
  summary: 'Letters by state, dead letters, consumer lag',
  callers: ['gateway'],
  query: NoQuery,
  responses: { 200: NotificationsOverview },
} as const;
