import { compatibilityPartitioner, ProduceAcks, Producer } from '@platformatic/kafka';
import { AppError } from '../../errors.ts';
import { brokerUnavailable } from '../port/broker.ts';
import { createPublishQueue, type EncodedMessage } from '../port/publish-queue.ts';
import { clientOptions, type KafkaConnection, keepClient } from './client.ts';
import type { KafkaTopic, KafkaTopics } from './topics.ts';

// Shorter than a relay's lease, and two of them fit into the time that a stop has.
const PUBLISH_TIMEOUT_MS = 4_000;
// An idempotent producer repeats by itself, with the same sequence numbers, until our time is up.
const RETRY_DELAY_MS = 100;
// All messages of a write may go to one partition, whose batch a broker takes up to 1 MiB by
// default, our headers and its own included.
const WRITE_LIMITS = { messages: 500, bytes: 700 * 1024 };
// So old may be what is believed of a topic: acknowledgements carry its id.
const TOPIC_MAX_AGE_MS = 5_000;

/** Publishes to Kafka: acknowledged by all in-sync copies, without doubles of repeated sends. */
export function createKafkaPublisher(connection: KafkaConnection, topics: KafkaTopics) {
  const kept = keepClient(() => new Producer(producerOptions(connection)));
  const known = new Map<string, { topic: KafkaTopic; until: number }>();

  async function topicOf(name: string): Promise<KafkaTopic> {
    const remembered = known.get(name);
    if (remembered !== undefined && remembered.until > performance.now()) return remembered.topic;
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
        // What Kafka's own clients choose for a key (murmur2), so that whoever else publishes,
        // Debezium for one, keeps the order of a key.
        partition: compatibilityPartitioner(undefined as never, message.key) % topic.partitions,
        headers: new Map(message.headers.map(([key, value]) => [Buffer.from(key), value])),
      }));
      const { offsets = [] } = await kept.use(PUBLISH_TIMEOUT_MS, (producer) =>
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
    close: kept.close,
  };
}

/** Exported for the test that holds the library to what is expected of these. */
export function producerOptions(connection: KafkaConnection) {
  return {
    ...clientOptions(connection, PUBLISH_TIMEOUT_MS),
    retryDelay: RETRY_DELAY_MS,
    acks: ProduceAcks.ALL,
    idempotent: true,
  };
}
