import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createTestDatabaseUrl, openDatabase, testLog } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import type { Queryable } from './database.ts';
import { migrate } from './migrate.ts';
import { insertSample, listSamples } from './sample-store.ts';
import { SAMPLE_MIGRATIONS, type Sampling, startSampling } from './sampling.ts';

/** A database with the table of samples, and replicas that write to it; ended with the test. */
async function start(t: TestContext) {
  const open: Sampling<object>[] = [];
  const close = async () => {
    await Promise.all(open.map((each) => each.close()));
    await database.close();
  };
  const database = openDatabase(await createTestDatabaseUrl(t, close));
  await migrate(database, SAMPLE_MIGRATIONS);
  return {
    database,
    replica<F extends object>(read: () => Promise<F>, stepMs: number): Sampling<F> {
      const sampling = startSampling({ database, log: testLog, read, stepMs });
      open.push(sampling);
      return sampling;
    },
  };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('replicas store one sample for each step, at its beginning, and list them alike', async (t) => {
  const { replica } = await start(t);
  const stepMs = 100;
  const replicas = Array.from({ length: 4 }, (_, number) =>
    replica(async () => ({ number }), stepMs),
  );
  const [first] = replicas as [Sampling<{ number: number }>];
  const samples = await eventually('some steps', async () => {
    const listed = await first.list();
    return listed.length >= 5 && listed;
  });
  const times = samples.map(({ at }) => Date.parse(at));
  assert.deepEqual(new Set(times).size, times.length);
  assert.deepEqual(times.toSorted(), times);
  for (const time of times) assert.equal(time % stepMs, 0);
});

test('a restart keeps the samples, and reads no figures for a step that has its sample', async (t) => {
  const { database, replica } = await start(t);
  const before = replica(async () => ({ before: true }), HOUR_MS);
  const [sample] = await eventually('the sample', async () => {
    const listed = await before.list();
    return listed.length > 0 && listed;
  });
  await before.close();
  let reads = 0;
  let answers = 0;
  const seen = {
    async query(...query: [string, unknown[]]) {
      const result = await database.query(...query);
      answers++;
      return result;
    },
  } as unknown as Queryable;
  const read = async () => ({ before: false, reads: ++reads });
  const after = startSampling({ database: seen, log: testLog, read, stepMs: HOUR_MS });
  await eventually('the look at the step', async () => answers > 0);
  // A read would begin with that answer.
  await setImmediate();
  await after.close();
  assert.equal(reads, 0);
  assert.deepEqual(await after.list(), [sample]);
});

test('samples that are too old go, and the second of a step changes nothing', async (t) => {
  const { database } = await start(t);
  await database.query(
    `insert into samples select now() - n * interval '1 day', '{}' from generate_series(1, 5) n`,
  );
  const sample = { stepMs: DAY_MS, keptMs: 3 * DAY_MS };
  await insertSample(database, { ...sample, figures: { count: 1 } });
  await insertSample(database, { ...sample, figures: { count: 2 } });
  const { rows } = await database.query(
    `select count(*)::int as kept, max((figures ->> 'count')::int) as count from samples`,
  );
  assert.deepEqual(rows, [{ kept: 3, count: 1 }]);
  assert.equal((await listSamples(database, 4 * DAY_MS)).length, 3);
});

test('figures that cannot be read are tried again', async (t) => {
  const { replica } = await start(t);
  let reads = 0;
  const sampling = replica(async () => {
    if (++reads === 1) throw new Error('the database is away');
    return { reads };
  }, 50);
  const [sample] = await eventually('a sample', async () => {
    const listed = await sampling.list();
    return listed.length > 0 && listed;
  });
  assert.equal(sample?.reads, 2);
});
