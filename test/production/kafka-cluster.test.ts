import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { assertReconciled } from '#harness/oracle/oracle.ts';
import { openKafkaCluster } from '#harness/system/kafka-cluster.ts';
import { skipWithoutOwnKafka } from '#harness/system/own-kafka.ts';
import { openStack } from '#harness/system/postgres-server.ts';
import { openTestSystem, type TestSystem } from '#harness/system/system.ts';
import { startOrders } from './order-traffic.ts';

const ORDERS_PER_SECOND = 10;
const ORDERS_EACH = 20;

/** Rows of a database, as a number. */
async function count(system: TestSystem, database: string, sql: string): Promise<number> {
  const [row] = await queryRows(system.databaseUrl(database), `select count(*) as n from ${sql}`);
  return Number(row?.n);
}

test('I5 to I7: orders go on while each of three Kafka nodes restarts, and without a majority', {
  skip: skipWithoutOwnKafka,
}, async (t) => {
  const open = openStack(t);
  const { nodes, brokers, untilInSync } = await openKafkaCluster(open);
  // So that no answer depends on how busy the machine is.
  const settings = { ORDER_DEADLINE_MS: '60000', ORDERS_IN_FLIGHT_MAX: '10000' };
  const system = await openTestSystem(open, settings, { brokers });
  const topic = `${system.broker.settings.KAFKA_PREFIX}${ORDERS_TOPIC}`;
  const orders = await startOrders(system, system.url, performance.now(), ORDERS_PER_SECOND);
  // Also after a failure, so that the process of the test can end.
  open.defer(async () => void (await orders.stop()));
  const untilMore = async () => {
    const before = orders.count();
    await eventually('orders', async () => orders.count() >= before + ORDERS_EACH);
  };
  const letters = () => count(system, 'notifications', 'letters');
  const untilLetters = async (what: string) => {
    const [before, start] = [await letters(), performance.now()];
    await eventually(`letters ${what}`, async () => (await letters()) > before);
    t.diagnostic(`letters ${what}: after ${Math.round(performance.now() - start)} ms`);
  };
  await untilLetters('at first');

  for (const [index, signal] of (['SIGTERM', 'SIGTERM', 'SIGKILL'] as const).entries()) {
    await untilInSync(topic);
    const node = nodes[index] as (typeof nodes)[0];
    node.signal(signal);
    await node.exited();
    await untilMore();
    await untilLetters(`without node ${index}, ${signal}`);
    await node.restart();
  }

  // Two of three are no majority: nothing is acknowledged, and no order waits for it.
  await untilInSync(topic);
  const down = nodes.slice(1);
  for (const node of down) node.signal('SIGKILL');
  await Promise.all(down.map((node) => node.exited()));
  await untilMore();
  const { failed, history } = await orders.stop();
  assert.deepEqual(failed, []);
  const waiting = await count(system, 'orders', 'outbox where published_at is null');
  assert.ok(waiting > 0, 'the events of answered orders wait');
  await Promise.all(down.map((node) => node.restart()));
  await assertReconciled(system, history);
  const messages = await system.broker.listMessages();
  const events = new Set(messages.map(({ id }) => id));
  assert.equal(await letters(), events.size, 'a letter for each event, however often it was read');
  t.diagnostic(`${history.orders.length} orders, ${messages.length} messages, ${waiting} waited`);
});
