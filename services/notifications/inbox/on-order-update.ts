import type { Logger } from 'pino';
import {
  ORDER_UPDATE_TYPE,
  ORDERS_TOPIC,
  OrderUpdateMessage,
} from '#contracts/order-update-message.ts';
import type { Broker } from '#platform/broker/port/broker.ts';
import { type Consumer, startConsumer } from '#platform/messaging/consumer/consumer.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { ClaimedLetter, LetterClaim } from '../letter/claimed-letter.ts';
import { insertLetters } from './inbox-store.ts';

/** The group that reads the orders topic. */
export const GROUP = 'notifications';

// PostgreSQL also takes `infinity`, `now` and times without a zone, which no letter can show. It
// decides itself whether the moment exists.
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;

/** The events that become letters. */
export const ORDER_UPDATES = {
  type: ORDER_UPDATE_TYPE,
  schema: OrderUpdateMessage,
  check: ({ occurredAt }: OrderUpdateMessage) =>
    MOMENT.test(occurredAt) ? null : 'schema: /occurredAt must be an RFC 3339 moment',
};

export interface InboxOptions {
  database: Database;
  broker: Broker;
  log: Logger;
  /** Whether each event has a line in the log. */
  logRequests?: boolean;
  /** By the clock of the database. */
  now: () => Date;
  /**
   * Claims as many new letters for the worker of this process; null where they have to queue.
   * `occurredAt`: of one of their events.
   */
  claimNew?: (count: number, occurredAt: Date) => LetterClaim | null;
  /** The template version of new letters; 1 when absent. */
  templateVersion?: number;
  /** Called after letters were stored, with those that were claimed. */
  onLetters: (claimed: ClaimedLetter[]) => void;
}

/** Makes each order update a letter in the inbox (docs/reference/events.md). Invariant I6. */
export function startInbox(given: InboxOptions): Promise<Consumer> {
  const { claimNew = () => null, onLetters, logRequests, templateVersion, ...options } = given;
  return startConsumer({
    ...options,
    logged: logRequests ? ({ orderId }) => ({ orderId }) : undefined,
    ...ORDER_UPDATES,
    topic: ORDERS_TOPIC,
    group: GROUP,
    store(db, events) {
      const occurredAt = new Date(events[0]?.data.occurredAt ?? 0);
      return insertLetters(db, events, claimNew(events.length, occurredAt), templateVersion);
    },
    onStored: onLetters,
  });
}
