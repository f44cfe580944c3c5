import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startReplicaSet } from './replica-set.ts';

/** Replicas that only keep a diary; each has the port that it is given, or the next free one. */
function starter(refused?: string) {
  const diary: string[] = [];
  let free = 9_000;
  return {
    diary,
    async startOne(given: string | undefined) {
      const port = given === undefined || given === '0' ? String(free++) : given;
      diary.push(`start ${port}`);
      if (port === refused) throw new Error(`port ${port} is taken`);
      return {
        url: `http://127.0.0.1:${port}`,
        async close() {
          diary.push(`close ${port}`);
        },
      };
    },
  };
}

test('a stopped service comes back with all replicas where they were', async () => {
  const { diary, startOne } = starter();
  const set = await startReplicaSet(['8080', '0'], startOne);
  const urls = ['http://127.0.0.1:8080', 'http://127.0.0.1:9000'];
  assert.deepEqual(set.urls, urls);
  await set.stop();
  await set.stop();
  assert.deepEqual([set.urls, set.running], [urls, []]);
  await set.start();
  await set.start();
  assert.deepEqual(
    set.running.map(({ url }) => url),
    urls,
  );
  const [first, again] = [diary.slice(0, 2), diary.slice(4)];
  assert.deepEqual(diary.slice(2, 4), ['close 8080', 'close 9000']);
  assert.deepEqual([first, again], [['start 8080', 'start 9000'], first]);
});

test('when one replica does not start, those that did are closed', async () => {
  const { diary, startOne } = starter('9001');
  await assert.rejects(startReplicaSet(['0', '0', '0'], startOne), /port 9001 is taken/);
  assert.deepEqual(diary.slice(3), ['close 9000', 'close 9002']);
});
