import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { BrokerSettings, createBroker } from '#platform/broker/create-broker.ts';
import type { Broker, OutgoingMessage } from '#platform/broker/port/broker.ts';
import { type Environment, loadConfig } from '#platform/config/load-config.ts';
import { testLog } from '../database.ts';

/** A message on the topic `orders`, as the oracle needs it. */
export interface TopicMessage {
  /** The header `ce_id`; empty when there is none. */
  id: string;
  /** Key, value and headers as one text (`topicContent`): equal for equal messages. */
  content: string;
  partition: number;
  /** As PostgreSQL gives a bigint. */
  offset: string;
}

/** A message's content as one text; the order of headers does not matter. */
export function topicContent(key: string, value: string, headers: Record<string, string>): string {
  const sorted = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([key, value, sorted]);
}

/** The broker of a system under test, with reads and faults for tests. */
export interface TestBroker {
  /** Settings that lead a process to it. */
  settings: Environment;
  /** All messages of the topic `orders`, by partition and offset. */
  listMessages(): Promise<TopicMessage[]>;
  /** One line per partition that its group has not read to the end; it changes with each step. */
  listUnread(): Promise<string[]>;
  /** How many processes of notifications share the partitions among them. */
  countMembers(): Promise<number>;
  /** Puts a message on the topic `orders`, as a foreign producer would. */
  publish(message: OutgoingMessage): Promise<void>;
  /** Expires the leases of dead processes; harmless for living ones. */
  passLeases(): Promise<void>;
  /**
   * Stops the broker for all clients; the returned function starts it again.
   * @throws Error when it is not the test's own
   */
  takeAway(): Promise<() => Promise<void>>;
  /** Makes it hang: connections stay open without answers. Absent where only a stop is possible. */
  hang?(): Promise<() => Promise<void>>;
  /**
   * Removes acknowledged events from the end of the topic; the returned function restores them. Absent
   * where this cannot be done while the broker runs.
   */
  loseTail?(): Promise<() => Promise<void>>;
}

/** Another client of a broker; the caller closes it. */
export function openBroker(settings: Environment): Promise<Broker> {
  return createBroker(loadConfig('foreign', BrokerSettings, settings), 'foreign', testLog);
}

/** Publishes one message to the topic `orders`. */
export async function publishOnce(settings: Environment, message: OutgoingMessage): Promise<void> {
  const broker = await openBroker(settings);
  await broker.publish(ORDERS_TOPIC, [message]).finally(() => broker.close());
}
