import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Broker, IncomingMessage, OutgoingMessage } from '#platform/broker/port/broker.ts';
import { eventually } from '../eventually.ts';

/** A message as a foreign producer may write it. */
export interface RawMessage {
  key: Buffer | null;
  value: Buffer | null;
  headers: [name: string, value: Buffer][];
}

export interface BrokerUnderTest {
  broker: Broker;
  /** Cuts this broker's client off from the log: no commit and no leave-group request arrives. */
  crash(): Promise<void>;
  /** Writes a message past the adapter, into partition 0 of a topic that exists. */
  insertRaw(topic: string, message: RawMessage): Promise<void>;
}

/** A new client of one and the same log per test, closed after the test. */
export type MakeBroker = (t: TestContext) => Promise<BrokerUnderTest>;

/** The tests of the contract by their titles. */
export type ContractTests = Record<
  string,
  (
    given: BrokerUnderTest & {
      topic: string;
      group: string;
      /** Holds a handler up; opened after the test. */
      gate: PromiseWithResolvers<void>;
      received: IncomingMessage[];
      backlog: number;
      /** Another client. */
      connect(): Promise<BrokerUnderTest>;
    },
  ) => Promise<void>
>;

/** Polls a condition. @throws Error that names the condition after the timeout */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  waitMs?: number,
): Promise<void> {
  await eventually(what, async () => condition(), waitMs);
}

/** `count` messages over `keys` keys; the value is the number within the burst. */
export function burst(count: number, keys = 20, from = 0): OutgoingMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `key-${(from + index) % keys}`,
    value: Buffer.from(String(from + index)),
    headers: {},
  }));
}

export function numberOf(message: IncomingMessage): number {
  return Number(message.value?.toString());
}

/** Each of 0…count-1 came, and the first arrivals of each key are in order. */
export function assertComplete(received: IncomingMessage[], count: number): void {
  const seen = new Set<number>();
  const latest = new Map<string, number>();
  for (const message of received) {
    const number = numberOf(message);
    if (seen.has(number)) continue;
    seen.add(number);
    const key = String(message.key);
    assert.ok(number > (latest.get(key) ?? -1), `${key}: ${number} came after ${latest.get(key)}`);
    latest.set(key, number);
  }
  const missing = Array.from({ length: count }, (_, n) => n).filter((n) => !seen.has(n));
  assert.deepEqual(missing, []);
}

export function distinct(received: IncomingMessage[]): number {
  return new Set(received.map(numberOf)).size;
}

export function names(): { topic: string; group: string } {
  return { topic: `topic-${randomUUID()}`, group: `group-${randomUUID()}` };
}

/** A handler that keeps what it gets. */
export function collect(received: IncomingMessage[]) {
  return async (messages: IncomingMessage[]): Promise<void> => {
    received.push(...messages);
  };
}

export function totalOf(numbers: bigint[]): bigint {
  return numbers.reduce((sum, each) => sum + each, 0n);
}
