import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadReport } from '../speed/load/load-process.ts';
import { statusReader } from './hostile/sockets.ts';
import type { Measured } from './measure.ts';
import { readOptions } from './options.ts';
import { failedOrders, isSlow, tableLines } from './report.ts';

test('statuses are counted once each, wherever the text is cut', () => {
  const text =
    'HTTP/1.1 200 OK\r\n\r\n{}HTTP/1.1 503 Service Unavailable\r\n\r\nHTTP/1.1 201 Created\r\n\r\n';
  for (let size = 1; size <= text.length; size++) {
    const seen: string[] = [];
    const read = statusReader((status) => seen.push(status));
    for (let at = 0; at < text.length; at += size) read(text.slice(at, at + size));
    assert.deepEqual(seen, ['200', '503', '201'], `in pieces of ${size}`);
  }
});

function measured(under: Partial<LoadReport>): Measured {
  const latency = { p50: 10, p99: 20, p999: 20, max: 20 };
  const calm = { orders: 80, latency, errors: {}, samples: [], seconds: 8, cpuSeconds: 1 };
  const figures = { before: undefined, peak: undefined, after: undefined };
  const load = { name: 'a-load', title: 'a load' };
  const rest = { got: { 503: 2, 201: 3 }, aliveMs: 5, ...figures, stop: 'clean, 1.0 s' };
  return { load, calm, under: { ...calm, ...under }, ...rest };
}

test('the table has latencies, failures and refusals; a load without an order is slow', () => {
  const row = (one: Measured) => tableLines([one])[2];
  const fine = measured({});
  assert.equal(failedOrders(fine), 0);
  assert.equal(isSlow(fine), false);
  assert.match(
    row(fine) ?? '',
    /^\| a load \| 10 \/ 20 \| 10 \/ 20 \| 1\.0 \| 0 of 80 \| 5 \| 3 × 201, 2 × 503 /,
  );
  const none = measured({ orders: 0, errors: { 503: 80 } });
  assert.equal(failedOrders(none), 80);
  assert.equal(isSlow(none), true);
  assert.match(row(none) ?? '', /\| – \| – \| 80 of 80 \(80 × 503\) /);
  const slow = { p50: 10, p99: 41, p999: 50, max: 50 };
  assert.equal(isSlow(measured({ latency: slow })), true);
});

test('wrong options are named', () => {
  assert.equal(readOptions([]).names.length, 14);
  assert.deepEqual(readOptions(['--only', 'idle,mails']).names, ['idle', 'mails']);
  assert.throws(() => readOptions(['--only', 'idle,none']), /no load is named "none"/);
  for (const args of [
    ['--seconds', '1'],
    ['--rate', 'x'],
    ['--seconds', '1e2'],
  ]) {
    assert.throws(() => readOptions(args), /is a number from/);
  }
  assert.throws(() => readOptions(['--url', 'shop.example']), /--url is an http/);
  assert.throws(() => readOptions(['--fast']), /--fast/);
});
