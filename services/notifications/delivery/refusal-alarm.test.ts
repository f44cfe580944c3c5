import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRefusalAlarm } from './refusal-alarm.ts';

test('each fault is logged once a minute, counted always, without an address', async () => {
  let nowMs = 0;
  const logged: string[] = [];
  const kept: string[] = [];
  const alarm = createRefusalAlarm({
    log: {
      error: (fields: unknown, text: unknown) => logged.push(`${JSON.stringify(fields)} ${text}`),
      warn: (text: unknown) => logged.push(String(text)),
    } as never,
    async keep(fault, reason) {
      kept.push(`${fault} ${reason}`);
      if (fault === 'policy') throw new Error('database away');
    },
    nowMs: () => nowMs,
  });
  alarm.raise('sender', '553 <shop@example.com> not owned');
  nowMs = 59_999;
  alarm.raise('sender', '553 again');
  alarm.raise('policy', '550 5.7.1 blocked');
  nowMs = 60_000;
  alarm.raise('sender', '553 later');
  await new Promise((resolve) => setImmediate(resolve));
  const line = 'the mail server refuses us, letters wait:';
  assert.deepEqual(logged, [
    `{"fault":"sender","count":1} ${line} 553 <s***@example.com> not owned`,
    `{"fault":"policy","count":1} ${line} 550 5.7.1 blocked`,
    `{"fault":"sender","count":3} ${line} 553 later`,
    'a refusal was not kept for the overview: database away',
  ]);
  assert.deepEqual(kept, [
    'sender 553 <s***@example.com> not owned',
    'policy 550 5.7.1 blocked',
    'sender 553 later',
  ]);
  assert.deepEqual(
    [...alarm.counts()],
    [
      ['sender', 3],
      ['policy', 1],
    ],
  );
});
