import { compatibilityPartitioner, ProduceAcks, Producer } from '@platformatic/kafka';
import { AppError } from '../../errors.ts';
import { brokerUnavailable } from '../port/broker.ts';
import { createPublishQueue, type EncodedMessage } from '../port/publish-queue.ts';
import { clientOptions, type KafkaConnection, shareClient } from './client.ts';
import type { KafkaTopic, KafkaTopics } from './topics.ts';

// Shorter than a relay's lease, and two of them end before a stop times out.
const PUBLISH_TIMEOUT_MS = 4_000;
// An idempotent producer retries with the same sequence numbers until our time-out.
const RETRY_DELAY_MS = 100;
// All messages of a write may go to one partition, and a broker accepts batches of up to 1 MiB by
// default, including headers.
const WRITE_LIMITS = { messages: 500, bytes: 700 * 1024 };
// Maximum age of the cached topic, whose id goes into acknowledgements.
const TOPIC_MAX_AGE_MS = 5_000;

/** Publishes to Kafka: acknowledged by all in-sync replicas, idempotent when a send is retried. */
export function createKafkaPublisher(connection: KafkaConnection, topics: KafkaTopics) {
  const shared = shareClient(connection, () => new Producer(producerOptions(connection)));
  const known = new Map<string, { topic: KafkaTopic; until: number }>();

  async function topicOf(name: string): Promise<KafkaTopic> {
    const cached = known.get(name);
    if (cached !== undefined && cached.until > performance.now()) return cached.topic;
    const topic = await topics.get(name);
    known.set(name, { topic, until: performance.now() + TOPIC_MAX_AGE_MS });
    return topic;
  }

  async function write(name: string, messages: EncodedMessage[]) {
    try {
      const topic = await topicOf(name);
      const placed = messages.map((message) => ({
        topic: name,
        key: message.key,
        value: message.value,
        // As Kafka's own clients do (murmur2): other publishers, such as Debezium, then choose the
        // same partition, which keeps the order of a key.
        partition: compatibilityPartitioner(undefined as never, message.key) % topic.partitions,
        headers: new Map(message.headers.map(([key, value]) => [Buffer.from(key), value])),
      }));
      const { offsets = [] } = await shared.use(PUBLISH_TIMEOUT_MS, { topic: name }, (producer) =>
        producer.send({ messages: placed }),
      );
      const nexts = new Map(offsets.map(({ partition, offset }) => [partition, offset]));
      return placed.map(({ partition }) => {
        const offset = nexts.get(partition);
        if (offset === undefined) throw new Error(`partition ${partition} was not acknowledged`);
        nexts.set(partition, offset + 1n);
        return { topicId: topic.id, partition, offset };
      });
    } catch (cause) {
      known.delete(name);
      throw new AppError(brokerUnavailable, `could not publish to ${name}`, { cause });
    }
  }

  return {
    publish: createPublishQueue(write, WRITE_LIMITS),
    close: shared.close,
  };
}

/** Exported for the test that checks how the library treats them. */
export function producerOptions(connection: KafkaConnection) {
  return {
    ...clientOptions(connection, PUBLISH_TIMEOUT_MS),
    retryDelay: RETRY_DELAY_MS,
    acks: ProduceAcks.ALL,
    idempotent: true,
  };
}
