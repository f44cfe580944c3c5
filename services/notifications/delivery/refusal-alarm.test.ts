import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRefusalAlarm } from './refusal-alarm.ts';

function start() {
  const clock = { nowMs: 0 };
  const logged: string[] = [];
  const kept: string[] = [];
  const write = (fields: unknown, text = '') =>
    logged.push(`${JSON.stringify(fields)} ${text}`.trim());
  const alarm = createRefusalAlarm({
    log: { warn: write, info: write } as never,
    async keep(fault, reason) {
      kept.push(`${fault} ${reason}`);
      if (fault === 'policy') throw new Error('database away');
    },
    nowMs: () => clock.nowMs,
  });
  return { alarm, clock, logged, kept };
}

test('each fault of a mail server is logged once a minute, counted always, without an address', async () => {
  const { alarm, clock, logged, kept } = start();
  const provider = 'smtp.test:587';
  const sender = (reason: string) => alarm.raise({ fault: 'sender', provider, reason });
  sender('553 <shop@example.com> not owned');
  clock.nowMs = 59_999;
  sender('553 again');
  alarm.raise({ fault: 'policy', provider, reason: '550 5.7.1 blocked' });
  alarm.raise({ fault: 'connection', provider, reason: 'connect ECONNREFUSED' });
  alarm.raise({ fault: 'connection', provider: 'other.test:25', reason: 'connect ECONNREFUSED' });
  clock.nowMs = 60_000;
  sender('553 later');
  await new Promise((resolve) => setImmediate(resolve));
  const heads = logged.map((line) => line.replace(/}.*: /, '} '));
  const fields = (fault: string, count: number, at = provider) =>
    JSON.stringify({ fault, provider: at, count });
  assert.deepEqual(heads, [
    `${fields('sender', 1)} 553 <s***@example.com> not owned`,
    `${fields('policy', 1)} 550 5.7.1 blocked`,
    `${fields('connection', 1)} connect ECONNREFUSED`,
    `${fields('connection', 1, 'other.test:25')} connect ECONNREFUSED`,
    `${fields('sender', 2)} 553 later`,
    '"a refusal was not kept for the overview: database away"',
  ]);
  assert.match(logged[0] ?? '', /refuses the sender; check MAIL_FROM/);
  // Only what is about us is shown as a refusal.
  assert.deepEqual(kept, [
    'sender 553 <s***@example.com> not owned',
    'policy 550 5.7.1 blocked',
    'sender 553 later',
  ]);
  assert.equal(alarm.counts().get('temporary'), 0, 'a series begins before its first fault');
  assert.deepEqual(
    [...alarm.counts()].filter(([, count]) => count > 0),
    [
      ['connection', 2],
      ['sender', 3],
      ['policy', 1],
    ],
  );
});

test('a mail server that is paused again and again is logged once a minute', () => {
  const { alarm, clock, logged } = start();
  const fault = { fault: 'sign-in', reason: '535 <shop@example.com> wrong' } as const;
  for (let times = 0; times < 9; times += 1) {
    alarm.pause('a.test:25', fault, 1_500);
    alarm.resume('a.test:25');
  }
  assert.equal(logged.length, 2);
  assert.match(logged[0] ?? '', /"provider":"a.test:25","waitS":2.*paused.*<s\*\*\*@example.com>/);
  assert.match(logged[1] ?? '', /is back/);
  clock.nowMs = 60_000;
  alarm.pause('a.test:25', fault, 1_500);
  assert.equal(logged.length, 3);
});
