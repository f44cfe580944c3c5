import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { createEndedSessions } from './ended-sessions.ts';

const log = { warn: () => {}, error: () => {} };
type Page = { sessions: string[]; next: string | null };

test('ended sessions are remembered as long as their tokens are valid', () => {
  let nowMs = 0;
  const read = async () => null;
  const ended = createEndedSessions({ read, log, nowMs: () => nowMs });
  const [first, second] = [randomUUID(), randomUUID()];
  ended.add([first]);
  nowMs = 909_000;
  ended.add([first, second]);
  assert.deepEqual(
    [ended.has(first), ended.has(second), ended.has(randomUUID())],
    [true, true, false],
  );
  nowMs = 911_000;
  ended.add([]);
  assert.deepEqual([ended.has(first), ended.has(second)], [false, true]);
});

test('memory is bounded: the sessions that ended first are forgotten', () => {
  const ended = createEndedSessions({ read: async () => null, log });
  const ids = Array.from({ length: 200_002 }, (_, index) => `session ${index}`);
  ended.add(ids);
  assert.deepEqual(
    [0, 1, 2, 200_001].map((index) => ended.has(`session ${index}`)),
    [false, false, true, true],
  );
});

test('the first read asks for all that matter, page by page, and a later one for the recent', async (t) => {
  const asked: [number, string | undefined][] = [];
  const pages: (Page | Error)[] = [
    new Error('identity does not answer'),
    { sessions: ['a'], next: 'a' },
    { sessions: ['b'], next: null },
  ];
  const ended = createEndedSessions({
    log,
    async read(withinS, after) {
      asked.push([withinS, after]);
      const page = pages.shift() ?? { sessions: [], next: null };
      if (page instanceof Error) throw page;
      return page;
    },
  });
  const refresh = ended.startRefresh();
  t.after(refresh.close);
  await eventually('a later read', async () => asked.length >= 4);
  assert.deepEqual(asked.slice(0, 3), [
    [910, undefined],
    [910, undefined],
    [910, 'a'],
  ]);
  assert.ok(asked[3] !== undefined && asked[3][0] < 60, `${asked[3]}`);
  assert.ok(ended.has('a') && ended.has('b'));
});
