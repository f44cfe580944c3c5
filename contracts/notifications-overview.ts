import { type Static, Type } from 'typebox';
import { choice, NoQuery, strict, Timestamp } from './common.ts';

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
