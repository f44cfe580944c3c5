import { randomBytes } from 'node:crypto';
import { Admin } from '@platformatic/kafka';
import { freePort } from '#dev/files/free-port.ts';
import { eventually } from '../eventually.ts';
import { openOwnKafka } from './own-kafka.ts';

const NODES = [1, 2, 3];
// Three of them share a test's machine: 512 MB each, with what a JVM needs besides its heap.
const JVM = ['-Xms96m', '-Xmx320m'];
// Three start at the same time, and none is ready before two of them are.
const START_TIMEOUT_MS = 240_000;

/**
 * Starts a Kafka of three nodes, each a broker and a controller. A topic has three replicas, of which
 * two must have a message before it is acknowledged, so that any one node may be missing.
 */
export async function openKafkaCluster(open: AsyncDisposableStack) {
  const places = await Promise.all(
    NODES.map(async (id) => ({ id, port: await freePort(), controller: await freePort() })),
  );
  const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'a');
  const voters = places.map(({ id, controller }) => `${id}@127.0.0.1:${controller}`).join();
  // Together: a node alone is no majority, and would wait for another one.
  const nodes = await Promise.all(
    places.map(async ({ id, port, controller }) => {
      const node = await openOwnKafka({
        port,
        jvm: JVM,
        startTimeoutMs: START_TIMEOUT_MS,
        format: [`--cluster-id=${clusterId}`],
        properties: {
          ...REPLICATED,
          'node.id': String(id),
          'controller.quorum.voters': voters,
          listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
        },
      });
      open.defer(node.close);
      return node;
    }),
  );
  const brokers = nodes.map(({ address }) => address);
  const admin = new Admin({ clientId: 'look', bootstrapBrokers: brokers, retries: 5 });
  open.defer(() => admin.close());
  return {
    nodes,
    brokers,
    /**
     * Waits until each partition of a topic has all of its replicas again, as an operator does between
     * two nodes. The library shows no internal topic, so that of positions is not asked for.
     */
    untilInSync: (topic: string) =>
      eventually(`all replicas of ${topic}`, async () => {
        const question = { topics: [topic], forceUpdate: true };
        const found = await admin.metadata(question).catch(() => undefined);
        const partitions = found?.topics.get(topic)?.partitions;
        return partitions?.every(({ isr }) => isr.length === NODES.length);
      }),
  };
}

const REPLICATED = {
  // Three of them start on a machine that is busy with it.
  'broker.session.timeout.ms': '6000',
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': '3',
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
  'share.coordinator.state.topic.replication.factor': '3',
  'share.coordinator.state.topic.min.isr': '2',
};
