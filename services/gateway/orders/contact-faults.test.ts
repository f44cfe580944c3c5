import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContactFaults } from './contact-faults.ts';

test('a customer counts once per fault; a fault is logged once a minute, without its value', async () => {
  let nowMs = 0;
  const logged: string[] = [];
  const log = {
    warn: (fields: object, text: string) => logged.push(`${JSON.stringify(fields)} ${text}`),
  };
  const faults = createContactFaults(log as never, () => nowMs);
  const missing = { claim: 'email', fault: 'missing' } as const;
  faults.report('anna@example.com', missing);
  faults.report('anna@example.com', missing);
  nowMs = 59_999;
  faults.report('boris', missing);
  faults.report('boris', { claim: 'name', fault: 'length' });
  nowMs = 60_000;
  faults.report('boris', missing);
  const end = 'letters wait until a token has a usable one, or the customer fills in the profile';
  assert.deepEqual(logged, [
    '{"claim":"email","fault":"missing","customers":1} the claim email of the customer ' +
      `a***@example.com is missing: ${end}`,
    `{"claim":"name","fault":"length","customers":1} the claim name of the customer boris is too long: ${end}`,
    `{"claim":"email","fault":"missing","customers":2} the claim email of the customer boris is missing: ${end}`,
  ]);
  const { since, contactFaults } = faults.overview();
  assert.ok(contactFaults.every(({ latestAt }) => latestAt >= since));
  assert.deepEqual(
    contactFaults.map(({ latestAt: _, ...fault }) => fault),
    [
      { claim: 'email', fault: 'missing', customers: 2 },
      { claim: 'name', fault: 'length', customers: 1 },
    ],
  );
  assert.deepEqual(await faults.metric.read(), [
    { value: 2, labels: { claim: 'email' } },
    { value: 1, labels: { claim: 'name' } },
  ]);
});

test('many customers do not take memory without end', () => {
  const faults = createContactFaults({ warn: () => {} } as never);
  const missing = { claim: 'email', fault: 'missing' } as const;
  for (let count = 0; count < 10_001; count++) faults.report(String(count), missing);
  faults.report('0', missing);
  assert.equal(faults.overview().contactFaults[0]?.customers, 10_002);
});
