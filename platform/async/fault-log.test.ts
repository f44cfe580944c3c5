import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperatorError } from '../errors.ts';
import { createFaultLog } from './fault-log.ts';

function collect(intervalMs: number) {
  const lines: unknown[] = [];
  const level = (name: string) => (members: unknown, text?: string) =>
    lines.push([name, text, members]);
  const log = { warn: level('warn'), error: level('error') };
  return { lines, report: createFaultLog({ log: log as never, intervalMs }) };
}

test('one kind of fault is logged once in an interval, whatever its figures', () => {
  const { lines, report } = collect(3_600_000);
  for (let port = 1; port <= 50; port++) report('relay', new Error(`no broker at :${port}`));
  report('relay', new Error('disk full'));
  assert.deepEqual(lines, [
    ['warn', 'relay: no broker at :1', {}],
    ['warn', 'relay: disk full', {}],
  ]);
});

test('after the interval it is logged with the number of those in between', () => {
  const { lines, report } = collect(0);
  report('relay', new Error('away'), { failures: 1 });
  report('relay', new Error('away'), { failures: 2 });
  assert.deepEqual(lines, [
    ['warn', 'relay: away', { failures: 1 }],
    ['warn', 'relay: away', { failures: 2 }],
  ]);
});

test('a fault that only a person can correct is an error, wherever it is in the causes', () => {
  const { lines, report } = collect(3_600_000);
  const fault = new OperatorError('wrong password');
  report('relay', new Error('could not publish', { cause: new AggregateError([fault], 'none') }));
  assert.deepEqual(lines, [['error', 'relay: could not publish: none: wrong password', {}]]);
});
