import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCompetition, createFairQueue, type Ticket } from './fair-queue.ts';

function createQueue(limit = 6, share = { runningMax: 2, totalMax: 4 }) {
  const clock = { now: 0 };
  const competition = createCompetition(() => clock.now);
  const queue = createFairQueue({ limit, share: { ...share, competition } });
  const started: string[] = [];
  const ask = (client: string, name = client) => queue.acquire(client, () => started.push(name));
  const isTicket = (result: true | Ticket | null): result is Ticket =>
    result !== true && result !== null;
  return { queue, competition, clock, started, ask, isTicket };
}

test('a client that is alone runs as much as one client may have', () => {
  const { queue, ask } = createQueue();
  assert.deepEqual(
    [ask('a'), ask('a'), ask('a'), ask('a'), ask('a')],
    [true, true, true, true, null],
  );
  assert.equal(queue.running(), 4);
});

test('while another client stays within its share, it runs its own, waits in order, and is refused beyond', () => {
  const { queue, started, ask, isTicket } = createQueue();
  assert.equal(ask('b'), true);
  assert.deepEqual([ask('a', '1'), ask('a', '2')], [true, true]);
  assert.ok(isTicket(ask('a', '3')) && isTicket(ask('a', '4')));
  assert.equal(ask('a', '5'), null);
  assert.equal(ask('b'), true);
  queue.release('a');
  queue.release('a');
  assert.deepEqual(started, ['3', '4']);
  queue.release('a');
  queue.release('a');
  assert.equal(queue.running(), 2);
});

test('a client of another class competes too', () => {
  const { competition, ask, isTicket } = createQueue();
  competition.notice('b', true);
  assert.deepEqual([ask('a'), ask('a')], [true, true]);
  assert.ok(isTicket(ask('a')));
});

test('some seconds after the other client it is alone again', () => {
  const { queue, clock, ask, isTicket } = createQueue();
  ask('b');
  queue.release('b');
  ask('a');
  ask('a');
  assert.ok(isTicket(ask('a')));
  clock.now = 5_000;
  queue.release('a');
  assert.equal(ask('a'), true);
});

test('clients that all flood run as much as one client may have, until a moderate one comes', () => {
  const { queue, ask, isTicket } = createQueue(20, { runningMax: 2, totalMax: 8 });
  for (const client of ['a', 'b', 'c']) {
    assert.deepEqual([ask(client), ask(client), ask(client)], [true, true, true]);
  }
  assert.equal(queue.running(), 9);
  ask('d');
  assert.ok(isTicket(ask('a')));
});

test('clients that wait take turns when the class is full', () => {
  const { queue, started, ask, isTicket } = createQueue(2, { runningMax: 2, totalMax: 4 });
  ask('a');
  ask('a');
  assert.ok(isTicket(ask('a', 'a3')) && isTicket(ask('a', 'a4')));
  assert.ok(isTicket(ask('b', 'b1')) && isTicket(ask('c', 'c1')));
  for (let count = 0; count < 4; count++)
    queue.release(count < 2 ? 'a' : (started[count - 2]?.[0] as string));
  assert.deepEqual(started, ['a3', 'b1', 'c1', 'a4']);
});

test('a request that leaves is not started, and its client is forgotten', () => {
  const { queue, started, ask, isTicket } = createQueue(1);
  ask('a');
  const waiting = ask('b');
  assert.ok(isTicket(waiting));
  assert.equal(queue.leave(waiting), true);
  assert.equal(queue.leave(waiting), false);
  queue.release('a');
  assert.deepEqual([started, queue.running()], [[], 0]);
  assert.equal(ask('b'), true);
});

test('all that wait together are bounded', () => {
  const { ask } = createQueue(1);
  ask('a');
  const results = Array.from({ length: 6 }, (_, number) => ask(`b${number}`));
  assert.deepEqual(
    results.map((result) => result === null),
    [false, false, false, false, true, true],
  );
});
