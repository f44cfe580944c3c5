import { type Static, Type } from 'typebox';
import { choice, NoQuery, strictObject, Timestamp } from './common.ts';
import { internal } from './operation.ts';

const Count = Type.Integer({ minimum: 0 });

/** A refusal of the mail server that is about us: every letter meets it, and the letters wait. */
export const MailRefusal = strictObject({
  fault: choice('sender', 'sign-in', 'policy', 'protocol', 'server'),
  response: Type.String({ description: "The mail server's answer, addresses masked." }),
  at: Timestamp,
});
export type MailRefusal = Static<typeof MailRefusal>;

/** How many letters there are and wait, for the operator's overview. */
export const NotificationsOverview = strictObject({
  /** Each counted up to `max`, so that the count stays cheap however many there are. */
  letters: strictObject({ max: Count, queued: Count, sending: Count, sent: Count, failed: Count }),
  oldestWaitingMs: Count,
  /** Letters sent per second over the last ten seconds, of events of the last minute. */
  sentPerSecond: Type.Number({ minimum: 0 }),
  deadLetters: Count,
  /** Of the last half hour, the latest of each fault; absent where there was none. */
  refusals: Type.Optional(Type.Array(MailRefusal)),
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
