import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Admin, Consumer, ListOffsetTimestamps, MessagesStreamModes } from '@platformatic/kafka';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import type { KafkaServer } from '#dev/kafka/server.ts';
import { publishOnce, type TestBroker, type TopicMessage, topicContent } from './broker.ts';

const GROUP = 'notifications';

/**
 * The topic of one system on a Kafka, read with the client library alone, so that a bug of our
 * adapter cannot hide from the check.
 * @param kafka the Kafka itself where it is this system's own, so that it may be taken away
 */
export async function openKafkaTopic(
  open: { defer(close: () => Promise<void>): void },
  brokers: string[],
  kafka?: KafkaServer,
): Promise<TestBroker> {
  const prefix = `system-${randomUUID().slice(0, 13)}.`;
  const topic = prefix + ORDERS_TOPIC;
  const groupId = prefix + GROUP;
  const settings = { KAFKA_BROKERS: brokers.join(), KAFKA_PREFIX: prefix };
  const admin = new Admin({ clientId: 'look', bootstrapBrokers: brokers, retries: 5 });
  open.defer(() => admin.close());

  return {
    settings,
    async listMessages() {
      const ends = await listEnds(admin, topic);
      return ends.some((end) => end > 0n) ? readAll(brokers, topic, ends) : [];
    },
    listUnread: () => listUnread(admin, topic, groupId),
    async countMembers() {
      return (await admin.describeGroups({ groups: [groupId] })).get(groupId)?.members.size ?? 0;
    },
    publish: (message) => publishOnce(settings, message),
    async passLeases() {
      // Living members rejoin at once.
      await admin.removeMembersFromConsumerGroup({ groupId, members: null }).catch(() => {});
    },
    async takeAway() {
      assert.ok(kafka, 'this Kafka is not ours alone');
      kafka.signal('SIGKILL');
      await kafka.exited();
      return () => kafka.restart();
    },
    async hang() {
      assert.ok(kafka, 'this Kafka is not ours alone');
      kafka.signal('SIGSTOP');
      return async () => kafka.signal('SIGCONT');
    },
  };
}

/** Ends of the partitions; none while there is no topic. */
async function listEnds(admin: Admin, topic: string): Promise<bigint[]> {
  if (!(await admin.listTopics()).includes(topic)) return [];
  const metadata = await admin.metadata({ topics: [topic], forceUpdate: true });
  const count = metadata.topics.get(topic)?.partitionsCount ?? 0;
  const partitions = Array.from({ length: count }, (_, partitionIndex) => ({
    partitionIndex,
    timestamp: ListOffsetTimestamps.LATEST,
  }));
  const [listed] = await admin.listOffsets({ topics: [{ name: topic, partitions }] });
  const ends: bigint[] = [];
  for (const { partitionIndex, offset } of listed?.partitions ?? []) ends[partitionIndex] = offset;
  return ends;
}

async function listUnread(admin: Admin, topic: string, groupId: string): Promise<string[]> {
  const ends = await listEnds(admin, topic);
  const partitionIndexes = ends.map((_, partition) => partition);
  if (ends.length === 0) return [];
  const groups = await admin.listConsumerGroupOffsets({
    groups: [{ groupId, topics: [{ name: topic, partitionIndexes }] }],
  });
  const read = new Map(
    groups
      .flatMap(({ topics }) => topics.flatMap(({ partitions }) => partitions))
      .map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]),
  );
  return ends.flatMap((end, partition) => {
    const committed = read.get(partition) ?? -1n;
    const position = committed < 0n ? 0n : committed;
    return position < end ? [`partition ${partition} is read to ${position} of ${end}`] : [];
  });
}

/** Reads every partition from its beginning to where it ended. */
async function readAll(brokers: string[], topic: string, ends: bigint[]): Promise<TopicMessage[]> {
  const consumer = new Consumer({
    clientId: 'look',
    bootstrapBrokers: brokers,
    groupId: `look-${randomUUID()}`,
  });
  const messages: (Omit<TopicMessage, 'offset'> & { offset: bigint })[] = [];
  const reached = ends.map(() => 0n);
  try {
    const stream = await consumer.consume({
      topics: [topic],
      autocommit: false,
      mode: MessagesStreamModes.EARLIEST,
      maxWaitTime: 100,
    });
    for await (const { partition, offset, key, value, headers } of stream) {
      const texts = Object.fromEntries(
        [...headers].map(([name, text]) => [String(name), String(text)]),
      );
      const content = topicContent(String(key), String(value), texts);
      messages.push({ id: texts.ce_id ?? '', content, partition, offset });
      reached[partition] = offset + 1n;
      if (ends.every((end, each) => (reached[each] ?? 0n) >= end)) break;
    }
  } finally {
    await consumer.close(true);
  }
  return messages
    .sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset))
    .map((message) => ({ ...message, offset: String(message.offset) }));
}
