import { type Static, Type } from 'typebox';
import { choice, NoQuery, nullable, strictObject, Timestamp } from './common.ts';
import { internal } from './operation.ts';

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
  /** Failed letters that no operator has acknowledged, counted up to `max`. */
  unacknowledged: Type.Optional(Count),
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

/** One moment of the last hour, of the letters. Null: not known at that moment. */
export const NotificationsSample = strictObject({
  at: Timestamp,
  sentPerSecond: Type.Number({ minimum: 0 }),
  waiting: Count,
  unacknowledged: Count,
  deadLetters: Count,
  lag: nullable(Count),
});
export type NotificationsSample = Static<typeof NotificationsSample>;

export const getNotificationsHistory = internal('getNotificationsHistory', 'GET /history', {
  summary: 'The figures of the last hour, oldest first, every ten seconds',
  query: NoQuery,
  responses: { 200: strictObject({ data: Type.Array(NotificationsSample) }) },
});
