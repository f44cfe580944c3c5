import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { names, until } from '#harness/broker/contract-helpers.ts';
import { makeKafkaBroker, skipWithoutKafka, testKafka } from '#harness/broker/kafka.ts';
import { orderEvents, orderIds } from '#harness/broker/order-events.ts';
import { endProcess, spawnProgram } from '#harness/child-process.ts';
import { createTestDatabaseUrl, queryRows } from '#harness/database.ts';
import { findTool, skipWithout } from '#harness/system/tools.ts';

// The programs of the pages about consuming events, run as they are there.

const ROOT = join(import.meta.dirname, '..');
const KIT = join(ROOT, 'client', 'events');

/** The program of a page: its longest block in this language. */
async function programOf(page: string, language: string): Promise<string> {
  const text = await readFile(join(ROOT, 'docs', 'how-to', page), 'utf8');
  const blocks = text.split(`\n\`\`\`${language}\n`).slice(1);
  const [program] = blocks
    .map((block) => block.slice(0, block.indexOf('\n```')))
    .sort((one, other) => other.length - one.length);
  return program ?? assert.fail(`${page} has no block of ${language}`);
}

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-consume-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface Program {
  command: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  /** The orders that have points, with them. */
  points: () => Promise<[orderId: string, points: number][]>;
}

/** Events come twice, and the program is killed and started again: each order has its points once. */
async function countsEachOrderOnce(t: TestContext, program: Program): Promise<void> {
  const { topic } = names();
  const { broker } = await makeKafkaBroker(t);
  const start = () => {
    const env = { ...process.env, ...program.env, KAFKA_BROKERS: String(testKafka) };
    const { command, args, cwd } = program;
    const spawned = spawnProgram(command, args, { env: { ...env, ORDERS_TOPIC: topic }, cwd });
    t.after(() => endProcess(spawned.child, 'SIGKILL'));
    return spawned;
  };
  const counted = (count: number, { child, printed }: ReturnType<typeof start>) =>
    until(`${count} orders with points`, async () => {
      assert.ok(child.exitCode === null, `the program ended: ${printed()}`);
      return (await program.points().catch(() => [])).length === count;
    });

  const events = orderEvents(orderIds(20));
  const [sample] = events as [(typeof events)[0]];
  const unknown = { ...sample, headers: { ...sample.headers, ce_type: 'orderbell.Another.v1' } };
  await broker.publish(topic, [...events, unknown]);
  const first = start();
  await counted(20, first);
  await endProcess(first.child, 'SIGKILL');
  const later = orderEvents(orderIds(5));
  await broker.publish(topic, [...events, ...later]);
  const second = start();
  await counted(25, second);
  second.child.kill('SIGTERM');
  assert.equal(await second.exited, 0, second.printed());
  const expected = [...events, ...later].map(({ key }): [string, number] => [key, 5]).sort();
  assert.deepEqual((await program.points()).sort(), expected);

  // What cannot be read is not passed over: the program ends and says why.
  await broker.publish(topic, [{ ...sample, value: Buffer.from('{}') }]);
  const third = start();
  assert.notEqual(await third.exited, 0);
  assert.match(third.printed('stderr'), /orderId/);
}

test('the program of consume-events.md gives each paid order its points once', {
  skip: skipWithoutKafka,
}, async (t) => {
  const cwd = await scratch(t);
  const url = await createTestDatabaseUrl(t);
  const program = await programOf('consume-events.md', 'js');
  const kit = JSON.stringify(join(KIT, 'events.ts'));
  await writeFile(join(cwd, 'points.mjs'), program.replace("'@orderbell/client/events'", kit));
  await symlink(join(ROOT, 'node_modules'), join(cwd, 'node_modules'));
  await countsEachOrderOnce(t, {
    command: process.execPath,
    args: ['points.mjs'],
    env: { DATABASE_URL: url },
    cwd,
    async points() {
      const rows = await queryRows(url, 'select order_id, points::int from points');
      return rows.map((row): [string, number] => [String(row.order_id), Number(row.points)]);
    },
  });
});

test('the program of consume-events-in-python.md does the same', {
  skip: skipWithoutKafka || skipWithout('python_events'),
}, async (t) => {
  const cwd = await scratch(t);
  const schema = 'order-update-message.schema.json';
  await copyFile(join(KIT, schema), join(cwd, schema));
  await writeFile(join(cwd, 'points.py'), await programOf('consume-events-in-python.md', 'python'));
  await countsEachOrderOnce(t, {
    command: String(findTool('python_events')),
    args: ['points.py'],
    env: {},
    cwd,
    async points() {
      const database = new DatabaseSync(join(cwd, 'points.db'), { readOnly: true });
      const rows = database.prepare('select order_id, points from points').all();
      database.close();
      return rows.map((row): [string, number] => [String(row.order_id), Number(row.points)]);
    },
  });
});
