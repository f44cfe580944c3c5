import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openThread } from './thread.ts';

/** A module of its own text, as a thread can import it. */
const moduleOf = (text: string) => new URL(`data:text/javascript,${encodeURIComponent(text)}`);

function open(t: TestContext) {
  const thread = openThread();
  t.after(() => thread.end());
  return thread;
}

const COUNTER = moduleOf(`
  let running = 0;
  export async function start({ name }) {
    running += 1;
    const { threadId } = await import('node:worker_threads');
    return { name, running, threadId, async close() { running -= 1; if (name === 'bad') throw new RangeError('stuck'); } };
  }
`);

test('a thread starts modules, returns their values and closes them', async (t) => {
  const thread = open(t);
  const one = await thread.start(COUNTER, { name: 'one' });
  const { close, ...facts } = one as { close(): Promise<void>; threadId: number };
  assert.ok(facts.threadId > 0);
  assert.partialDeepStrictEqual(facts, { name: 'one', running: 1 });
  const two = await thread.start(COUNTER, { name: 'two' });
  assert.partialDeepStrictEqual(two, { name: 'two', running: 2 });
  await close();
  assert.partialDeepStrictEqual(await thread.start(COUNTER, { name: 'three' }), { running: 2 });
});

test('a thread ends although its module is in an endless loop', async (t) => {
  const thread = open(t);
  const endless = moduleOf('export async function start() { for (;;) {} }');
  const never = thread.start(endless, {});
  const alsoNever = thread.start(COUNTER, { name: 'one' });
  await thread.end();
  const unsettled = Promise.race([never, alsoNever]).then(() => 'started');
  assert.equal(await Promise.race([unsettled, Promise.resolve('ended')]), 'ended');
});

test('what a start or a close throws reaches who asked, and the thread goes on', async (t) => {
  const thread = open(t);
  const fails = moduleOf('export const start = async () => { throw new TypeError("no"); }');
  await assert.rejects(thread.start(fails, {}), { name: 'TypeError', message: 'no' });
  const bad = await thread.start(COUNTER, { name: 'bad' });
  await assert.rejects(bad.close(), { name: 'RangeError', message: 'stuck' });
  assert.partialDeepStrictEqual(await thread.start(COUNTER, { name: 'next' }), { running: 1 });
});
