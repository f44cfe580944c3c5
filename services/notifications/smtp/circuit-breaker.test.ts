import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CircuitBreaker, type Permit, type ProviderFault } from './circuit-breaker.ts';

const HANDSHAKE: ProviderFault = { fault: 'connection', at: 'handshake', reason: 'refused' };
const SIGN_IN: ProviderFault = { fault: 'sign-in', at: 'handshake', reason: '535 wrong' };
const SENDER: ProviderFault = { fault: 'sender', at: 'sender', reason: '553 not owned' };

function start() {
  const clock = { nowMs: 0 };
  const events: string[] = [];
  const breaker = new CircuitBreaker({
    nowMs: () => clock.nowMs,
    onOpen: ({ fault }) => events.push(`open ${fault}`),
    onClose: () => events.push('closed'),
  });
  const admit = (): Permit => breaker.admit() ?? assert.fail('not admitted');
  return { breaker, clock, events, admit };
}

type Started = ReturnType<typeof start>;

/** Lets the wait of an open breaker end. @returns the wait */
function endWait({ breaker, clock }: Started): number {
  const { retryInMs } = breaker.view();
  assert.ok(retryInMs !== null);
  clock.nowMs += retryInMs;
  return retryInMs;
}

test('three faults in a row open it, and a success between them does not let them add up', () => {
  const { breaker, events, admit } = start();
  for (const fault of [HANDSHAKE, HANDSHAKE]) admit().failed(fault);
  admit().connected();
  for (const fault of [HANDSHAKE, HANDSHAKE]) admit().failed(fault);
  assert.equal(breaker.readiness(), 'all');
  admit().failed(HANDSHAKE);
  assert.deepEqual([breaker.readiness(), breaker.admit()], ['none', null]);
  assert.deepEqual(events, ['open connection']);
});

test('a handshake that succeeds says nothing about the sender, and the other way about', () => {
  const { breaker, admit } = start();
  for (let times = 0; times < 3; times += 1) {
    const permit = admit();
    permit.connected();
    permit.failed(SENDER);
  }
  assert.equal(breaker.view().state, 'open');
  const other = start();
  for (let times = 0; times < 3; times += 1) {
    other.admit().accepted(); // over a kept connection
    other.admit().failed(SIGN_IN);
  }
  assert.equal(other.breaker.view().state, 'open');
});

test('after the wait one probe runs; its fault makes the wait longer, its success closes', () => {
  const started = start();
  const { breaker, events, admit } = started;
  for (let times = 0; times < 3; times += 1) admit().failed(SIGN_IN);
  const waits: number[] = [];
  for (let opening = 0; opening < 9; opening += 1) {
    waits.push(endWait(started));
    assert.equal(breaker.readiness(), 'one');
    const probe = admit();
    assert.deepEqual(
      [probe.probe, breaker.view().state, breaker.admit()],
      [true, 'half-open', null],
    );
    probe.failed(SIGN_IN);
  }
  for (const [at, waitMs] of waits.entries()) {
    const most = Math.min(15 * 60_000, 30_000 * 2 ** at);
    assert.ok(waitMs >= most / 2 && waitMs <= most, `wait ${at}: ${waitMs}`);
  }
  endWait(started);
  const probe = admit();
  probe.connected();
  assert.equal(breaker.view().state, 'half-open');
  probe.accepted();
  assert.deepEqual(breaker.view(), { state: 'closed', sinceMs: 0, retryInMs: null, fault: null });
  assert.deepEqual(events, ['open sign-in', 'closed']);
});

test('other faults wait a minute at most', () => {
  const started = start();
  const { admit } = started;
  for (let times = 0; times < 3; times += 1) admit().failed(HANDSHAKE);
  assert.ok(endWait(started) <= 1_000);
  for (let opening = 0; opening < 20; opening += 1) {
    admit().failed(HANDSHAKE);
    assert.ok(endWait(started) <= 60_000);
  }
});

test('what attempts report that began before it opened changes nothing', () => {
  const { breaker, admit } = start();
  const [early, late, lost] = [admit(), admit(), admit()];
  for (let times = 0; times < 3; times += 1) admit().failed(HANDSHAKE);
  const opened = breaker.view();
  assert.deepEqual([early.valid(), late.valid()], [false, false]);
  early.connected();
  early.accepted();
  early.ended();
  late.failed(SIGN_IN);
  lost.ended();
  assert.deepEqual(breaker.view(), opened);
});

test('a probe that ends without a word to the server leaves its turn to the next', () => {
  const started = start();
  const { breaker, admit } = started;
  for (let times = 0; times < 3; times += 1) admit().failed(HANDSHAKE);
  endWait(started);
  admit().ended();
  assert.equal(breaker.readiness(), 'one');
  const connected = admit();
  connected.connected();
  connected.ended();
  assert.equal(breaker.view().state, 'closed');
});
