import diagnostics from 'node:diagnostics_channel';
import type { TestContext } from 'node:test';
import { type Base, Producer } from '@platformatic/kafka';
import type { BrokerUnderTest, RawMessage } from '#harness/broker/contract-helpers.ts';
import type { KafkaConnection } from '#platform/broker/kafka/client.ts';
import { createKafkaBroker, type KafkaBrokerOptions } from '#platform/broker/kafka/kafka.ts';
import { testLog } from '../database.ts';

/**
 * The Kafka that `test/run.ts` started or was given, for all tests: each takes topics and groups
 * of its own.
 */
export const testKafka = process.env.TEST_KAFKA_BROKERS;

/** For `test` options: why tests that need Kafka are skipped, or false. */
export const skipWithoutKafka = testKafka === undefined ? 'there is no Kafka' : false;

/** @throws Error where tests were not skipped in spite of `skipWithoutKafka` */
export function testKafkaConnection(clientId = 'test'): KafkaConnection {
  if (testKafka === undefined) throw new Error('TEST_KAFKA_BROKERS is not set');
  return { brokers: testKafka.split(','), clientId };
}

// The shortest that a Kafka accepts by default.
const SESSION_MS = 6_000;

let made = 0;

/** A new client of the Kafka for tests, closed after the test. */
export async function makeKafkaBroker(
  t: TestContext,
  options: Partial<KafkaBrokerOptions> = {},
): Promise<BrokerUnderTest> {
  const clientId = `test-${process.pid}-${++made}`;
  const connection = options.connection ?? testKafkaConnection();
  const own = { ...connection, clientId };
  const clients = clientsOf(clientId);
  const broker = createKafkaBroker({
    log: testLog,
    sessionMs: SESSION_MS,
    ...options,
    connection: own,
  });
  t.after(async () => {
    await broker.close();
    clients.stop();
  });
  return {
    broker,
    async crash() {
      // New clients find no broker, and existing ones lose their connections for good.
      own.brokers = ['127.0.0.1:1'];
      await Promise.all(clients.all.map((client) => client.connections.close()));
    },
    insertRaw: (topic, message) => insertRaw(connection, topic, message),
  };
}

/** The library's clients of this id, those to come included. */
function clientsOf(clientId: string) {
  const all: Base[] = [];
  const onCreation = (message: unknown) => {
    const { instance } = message as { instance: Base };
    if (instance.clientId === clientId) all.push(instance);
  };
  diagnostics.subscribe('plt:kafka:instances', onCreation);
  return { all, stop: () => diagnostics.unsubscribe('plt:kafka:instances', onCreation) };
}

/** Publishes as a foreign producer does. */
export async function insertRaw(
  connection: KafkaConnection,
  topic: string,
  { key, value, headers }: RawMessage,
): Promise<void> {
  const producer = new Producer({ clientId: 'foreign', bootstrapBrokers: connection.brokers });
  try {
    const message = { topic, partition: 0, headers: new Map(headers.map(toBytes)) };
    await producer.send({
      acks: -1,
      messages: [{ ...message, ...(key && { key }), ...(value && { value }) }],
    });
  } finally {
    await producer.close();
  }
}

function toBytes([name, value]: [string, Buffer]): [Buffer, Buffer] {
  return [Buffer.from(name), value];
}
