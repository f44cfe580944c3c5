import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from '#harness/broker/contract-helpers.ts';
import { testLog } from '#harness/database.ts';
import { skipWithoutOwnKafka, startOwnKafka } from '#harness/system/own-kafka.ts';
import { createKafkaBroker } from '#platform/broker/kafka/kafka.ts';

// Maven fetches forty files first.
const START_MS = 150_000;

/** `npm run kafka` as a process of its own, on a data folder of the test. */
async function kafkaCommand(t: TestContext) {
  const home = await mkdtemp(join(tmpdir(), 'orderbell-kafka-command-'));
  const running: ChildProcess[] = [];
  t.after(async () => {
    for (const child of running) {
      if (child.exitCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(home, { recursive: true, force: true });
  });
  return {
    start(env: Record<string, string> = {}) {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'kafka.ts')], {
        env: { ...process.env, ORDERBELL_HOME: home, KAFKA_PORT: '0', ...env },
      });
      running.push(child);
      let printed = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          printed += chunk;
        });
      }
      const exited = once(child, 'exit').then(([code]) => code as number | null);
      return { child, exited, printed: () => printed };
    },
  };
}

type Started = ReturnType<Awaited<ReturnType<typeof kafkaCommand>>['start']>;

/** Waits until it says where Kafka is. */
async function addressOf({ child, printed }: Started): Promise<string> {
  const address = () => /ready on (\S+:\d+)\./.exec(printed())?.[1];
  await until('it is ready', () => address() !== undefined || child.exitCode !== null, START_MS);
  return address() ?? assert.fail(printed());
}

function openBroker(address: string) {
  return createKafkaBroker({ connection: { brokers: [address], clientId: 'test' }, log: testLog });
}

test('npm run kafka starts a Kafka whose data stay, and a signal stops it', {
  skip: skipWithoutOwnKafka,
}, async (t) => {
  const { start } = await kafkaCommand(t);
  const first = start();
  const writing = openBroker(await addressOf(first));
  const sent = await writing.publish('kept', [
    { key: 'a', value: Buffer.from('b'), headers: { c: 'd' } },
  ]);
  await writing.close();
  first.child.kill('SIGTERM');
  assert.equal(await first.exited, 0);

  const second = start();
  const reading = openBroker(await addressOf(second));
  const ends = await reading.endOffsets('kept');
  assert.equal(ends?.topicId, sent[0]?.topicId);
  assert.equal(ends?.endOffsets.get(sent[0]?.partition as number), 1n);
  await reading.close();
});

test('a Kafka on a port that another one has does not count as started', {
  skip: skipWithoutOwnKafka,
}, async (t) => {
  const first = await startOwnKafka(t);
  const port = Number(first.address.split(':')[1]);
  await assert.rejects(startOwnKafka(t, { port }), /Kafka did not start:.*already in use/is);
});

test('npm run kafka says in one line what this machine lacks', async (t) => {
  const { start } = await kafkaCommand(t);
  const node = dirname(process.execPath);
  const without = start({ PATH: [node, '/nonexistent'].join(delimiter) });
  assert.equal(await without.exited, 1);
  assert.match(without.printed(), /^Apache Kafka cannot run here: there is no Java \(.*\)\n$/);
});

test('npm run kafka refuses a port that is none', async (t) => {
  const { start } = await kafkaCommand(t);
  const wrong = start({ KAFKA_PORT: 'many' });
  assert.equal(await wrong.exited, 1);
  assert.match(wrong.printed(), /^npm run kafka cannot start:\n {2}KAFKA_PORT must be/);
});
