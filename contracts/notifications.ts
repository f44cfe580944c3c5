import { type Static, Type } from 'typebox';
import { CustomerId, choice, nullable, strictObject, Timestamp, Uuid } from './common.ts';
import { DeadLetter } from './dead-letters.ts';
import { AttemptStage, Letter } from './letters.ts';
import { internal } from './operation.ts';

export * from './dead-letters.ts';
export * from './letter-operations.ts';
export * from './letters.ts';
export * from './notifications-overview.ts';

/** A resend by an operator, or because the customer changed the address. */
export const Resend = strictObject({
  at: Timestamp,
  by: choice('operator', 'customer'),
  actor: Type.Optional(
    nullable(Type.String({ description: "The operator's customer id; only operators see it." })),
  ),
});
export type Resend = Static<typeof Resend>;

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
  /** When a queued letter is tried next. Replicas of an older version do not send it. */
  nextAttemptAt: Type.Optional(nullable(Timestamp)),
  /** Times that it was sent again by hand, oldest first. Older replicas do not send it. */
  resends: Type.Optional(Type.Array(Resend)),
  /** Whether an operator decided that nothing is to be done about a failed letter. */
  acknowledged: Type.Optional(Type.Boolean()),
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
