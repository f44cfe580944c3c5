import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import { countUnknownTypes } from './unknown-types.ts';

function start() {
  const clock = { ms: 1_000 };
  const lines: { type: string; count: number }[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  return {
    clock,
    types: countUnknownTypes(log, () => clock.ms),
    logged: () => lines.map(({ type, count }) => [type, count]),
  };
}

test('every message counts; a type is logged once a minute, with the count so far', () => {
  const { clock, types, logged } = start();
  for (const type of ['a', 'a', 'b', 'a']) types.count(type);
  clock.ms += 59_999;
  types.count('a');
  clock.ms += 1;
  types.count('a');
  types.count('a');
  assert.deepEqual(Object.fromEntries(types.counts()), { a: 6, b: 1 });
  assert.deepEqual(logged(), [
    ['a', 1],
    ['b', 1],
    ['a', 5],
  ]);
});

test('foreign types fill neither memory nor log: many become `other`, long ones are cut', () => {
  const { types, logged } = start();
  for (let i = 0; i < 1_000; i++) types.count(`${i} ${'x'.repeat(1_000)}`);
  types.count(`7 ${'x'.repeat(1_000)}`);
  assert.equal(types.counts().size, 101);
  assert.equal(types.counts().get('other'), 900);
  assert.equal(types.counts().get(`7 ${'x'.repeat(198)}`), 2);
  assert.equal(logged().length, 101);
});
