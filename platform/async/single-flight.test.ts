import assert from 'node:assert/strict';
import { test } from 'node:test';
import { singleFlight } from './single-flight.ts';

test('who asks while a reading runs, and just after it, gets that one', async () => {
  const answers: PromiseWithResolvers<number>[] = [];
  const read = singleFlight(() => {
    const answer = Promise.withResolvers<number>();
    answers.push(answer);
    return answer.promise;
  });
  const asked = [read(), read()];
  assert.equal(answers.length, 1);
  answers[0]?.resolve(1);
  assert.deepEqual(await Promise.all(asked), [1, 1]);
});

test('after a second it is read again, but not while a reading hangs', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const answers: PromiseWithResolvers<number>[] = [];
  const read = singleFlight(() => {
    const answer = Promise.withResolvers<number>();
    answers.push(answer);
    return answer.promise;
  });
  const first = read();
  now = 5_000;
  const second = read();
  assert.equal(answers.length, 1);
  answers[0]?.resolve(1);
  assert.deepEqual([await first, await second], [1, 1]);
  const third = read();
  assert.equal(answers.length, 2);
  answers[1]?.resolve(2);
  assert.equal(await third, 2);
  now = 5_999;
  assert.equal(await read(), 2);
  now = 6_000;
  void read();
  assert.equal(answers.length, 3);
});

test('a failed reading rejects for its callers, and is not cached', async () => {
  let readings = 0;
  const read = singleFlight(async () => {
    readings++;
    if (readings === 1) throw new Error('away');
    return readings;
  });
  await assert.rejects(Promise.all([read(), read()]), /away/);
  assert.equal(await read(), 2);
});
