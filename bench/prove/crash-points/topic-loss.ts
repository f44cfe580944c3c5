import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '#harness/eventually.ts';
import { type CrashPoint, placeOrder, type TestBed } from './test-bed.ts';

/** The topic ends before what it acknowledged; relays that start see it, and publish again. */
export const tailLost: CrashPoint = {
  row: 22,
  name: 'broker loses acknowledged events',
  async run(testBed) {
    const { kafka, replicas } = testBed.system;
    const order = await placeOrder(testBed);
    await testBed.untilLetter(order, 'sent');
    // Events, not messages: one that an earlier kill sent twice comes again once.
    const before = await listEvents(testBed);
    if (kafka === undefined) await cutEmbeddedLog(testBed);
    else {
      kafka.signal('SIGKILL');
      await kafka.exited();
      await cutLogs(kafka.folder);
      await kafka.restart();
    }
    const relays = replicas.filter(({ service }) => service === 'orders');
    for (const relay of relays) relay.kill();
    const [now] = await testBed.rows('notifications', 'select now() as at');
    testBed.system.topicLostAt = now?.at as Date;
    await Promise.all(relays.map((relay) => relay.revive()));
    await eventually('the events to be there again', async () =>
      before.isSubsetOf(await listEvents(testBed).catch(() => new Set<string>())),
    );
  },
};

/** Ids of the events on the topic. */
async function listEvents({ system }: TestBed): Promise<Set<string>> {
  return new Set((await system.broker.listMessages()).map(({ id }) => id));
}

async function cutEmbeddedLog({ rows }: TestBed): Promise<void> {
  await rows('broker', 'delete from messages');
  await rows('broker', 'update partitions set next_offset = 0');
  await rows('broker', 'update positions set position = 0');
}

/** What a power cut does to logs that were not written to the disk yet. */
async function cutLogs(folder: string): Promise<void> {
  const data = join(folder, 'data');
  const logs = (await readdir(data)).filter((name) => /(^|\.)orders-\d+$/.test(name));
  for (const log of logs) {
    const files = await readdir(join(data, log));
    for (const name of files.filter((each) => each.endsWith('.log'))) {
      const file = await open(join(data, log, name), 'r+');
      await file.truncate(0);
      await file.close();
    }
  }
}
