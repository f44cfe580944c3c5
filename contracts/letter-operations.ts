import { type Static, Type } from 'typebox';
import {
  amountBetween,
  CustomerId,
  choice,
  Locale,
  lineOfText,
  listQuery,
  Moment,
  Money,
  madeBetween,
  NoQuery,
  nullable,
  OperatorReason,
  pageOf,
  strictObject,
  Timestamp,
  TimeZone,
  TraceId,
  Uuid,
} from './common.ts';
import { Letter, LetterState, notificationProblems } from './letters.ts';
import { internal } from './operation.ts';

// The operations on letters of all customers that operators and the gateway call.

/** An operator's decision that nothing is to be done, with its reason. */
export const Acknowledgement = strictObject({
  at: Timestamp,
  actor: CustomerId,
  reason: Type.String(),
});
export type Acknowledgement = Static<typeof Acknowledgement>;

/** A letter as the operator sees it: whose it is, with every address masked (`a***@example.com`). */
export const OperatorLetter = strictObject({
  ...Letter.properties,
  customerId: CustomerId,
  // Replicas of an older version do not send the members below.
  total: Type.Optional(Money),
  orderReason: Type.Optional(
    nullable(Type.String({ description: 'Why the order was cancelled; null for a paid one.' })),
  ),
  address: Type.Optional(
    nullable(Type.String({ description: 'Where the last attempt sent it, masked.' })),
  ),
  failedAt: Type.Optional(nullable(Timestamp)),
  nextAttemptAt: Type.Optional(nullable({ ...Timestamp, description: 'Only while it is queued.' })),
  acknowledged: Type.Optional(Type.Union([Acknowledgement, Type.Null()])),
});
export type OperatorLetter = Static<typeof OperatorLetter>;

/** The mail that a letter would become if it were sent now. */
export const LetterPreview = strictObject({
  to: Type.String({ description: 'Masked.' }),
  locale: Locale,
  templateVersion: Type.Optional(Type.Integer({ minimum: 1 })),
  subject: Type.String(),
  text: Type.String(),
  html: Type.String(),
});
export type LetterPreview = Static<typeof LetterPreview>;

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
  acknowledged: Type.Optional(
    Type.Boolean({ description: 'Failed letters that an operator acknowledged, or did not.' }),
  ),
  ...madeBetween,
  ...amountBetween,
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
  query: strictObject({
    templateVersion: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 2 ** 31 - 1,
        description: 'Absent: the version it has.',
      }),
    ),
    locale: Type.Optional({ ...Locale, description: "Absent: the customer's." }),
    timeZone: Type.Optional({
      ...TimeZone,
      description: "IANA time zone. Absent: the customer's.",
    }),
  }),
  responses: { 200: LetterPreview },
  problems: [notificationProblems.noContact, notificationProblems.templateUnknown],
});

/** A version of the letters' texts. Letters keep the version that they were stored with. */
export const LetterTemplate = strictObject({
  version: Type.Integer({ minimum: 1 }),
  source: { ...choice('built-in', 'own'), description: '`own`: of the folder LETTER_TEMPLATES.' },
  current: Type.Boolean({ description: 'Whether new letters get it.' }),
});
export type LetterTemplate = Static<typeof LetterTemplate>;

export const listLetterTemplates = internal(
  'listLetterTemplates',
  'GET /operator/letter-templates',
  {
    summary: "The versions of the letters' texts",
    query: NoQuery,
    responses: { 200: strictObject({ data: Type.Array(LetterTemplate) }) },
  },
);

export const resendLetter = internal('resendLetter', 'POST /operator/letters/:letterId/resend', {
  summary: 'Try a failed or waiting letter now, with the contact data of today',
  params: LetterParams,
  query: NoQuery,
  responses: { 200: OperatorLetter },
  problems: [notificationProblems.letterSent],
});

/** Filters of the failed letters to resend; without one, all that wait for an operator. */
export const LettersToResend = strictObject({
  letterIds: Type.Optional(
    Type.Array(Uuid, {
      minItems: 1,
      maxItems: 100,
      description:
        'Only these; other filters apply too. Without it acknowledged letters stay as they are.',
    }),
  ),
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

/** Failed letters about which nothing is to be done. */
export const LettersToAcknowledge = strictObject({
  letterIds: Type.Array(Uuid, { minItems: 1, maxItems: 100 }),
  reason: OperatorReason,
});

export const acknowledgeFailedLetters = internal(
  'acknowledgeFailedLetters',
  'POST /operator/letters/acknowledge',
  {
    summary: 'Record that nothing is to be done about failed letters, with the reason',
    query: NoQuery,
    body: LettersToAcknowledge,
    responses: {
      200: strictObject({
        acknowledged: Type.Integer({ minimum: 0 }),
        refused: Type.Integer({
          minimum: 0,
          description: 'Unknown, not failed, or acknowledged before.',
        }),
      }),
    },
  },
);

export const retryCustomerLetters = internal(
  'retryCustomerLetters',
  'POST /customers/:customerId/letters/retry',
  {
    summary: "Try the customer's failed letters of the last 30 days now: the address changed",
    params: strictObject({ customerId: CustomerId }),
    responses: { 200: strictObject({ retried: Type.Integer({ minimum: 0 }) }) },
  },
);

export const findTracedLetters = internal('findTracedLetters', 'GET /operator/traced-letters', {
  summary: 'Letters with an attempt of this trace, among the latest',
  query: strictObject({ traceId: TraceId }),
  responses: { 200: strictObject({ data: Type.Array(OperatorLetter) }) },
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
