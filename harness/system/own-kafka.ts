import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type KafkaServerOptions, startKafkaServer } from '#dev/kafka/server.ts';
import { testLayout } from './layout.ts';

/** Where tests that need a Kafka of their own find its jars; undefined: KAFKA_BROKERS was given. */
const jars = process.env.TEST_KAFKA_JARS;

/** For `test` options: why tests that take Kafka away from itself are skipped, or false. */
export const skipWithoutOwnKafka =
  jars === undefined ? 'there is no Kafka that a test may stop' : false;

/** The same for tests of a system with a broker of its own, which in one process needs no Kafka. */
export const skipWithoutOwnBroker = testLayout() === 'one-process' ? false : skipWithoutOwnKafka;

/** Starts a Kafka to kill, to stop and to break; the caller closes it. */
export async function openOwnKafka(options: Partial<KafkaServerOptions> = {}) {
  if (jars === undefined) throw new Error('TEST_KAFKA_JARS is not set');
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-kafka-'));
  const properties = { 'group.min.session.timeout.ms': '1000', ...options.properties };
  const server = await startKafkaServer({ folder, jars, port: 0, ...options, properties });
  return {
    ...server,
    /** Stops it and removes its folder. */
    async close(): Promise<void> {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One that ends with the test. */
export async function startOwnKafka(t: TestContext, options?: Partial<KafkaServerOptions>) {
  const kafka = await openOwnKafka(options);
  t.after(() => kafka.close());
  return kafka;
}
