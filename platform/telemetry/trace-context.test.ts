import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTraceHeaders, writeTraceHeaders } from './trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

/** The headers that the next hop gets; null where they begin no trace. */
function passedOn(traceparent: string | undefined, tracestate?: string) {
  const position = readTraceHeaders({ traceparent, tracestate });
  return position && writeTraceHeaders(position);
}

test('a position is passed on with its flags and its state', () => {
  for (const flags of ['00', '01', '02', '03']) {
    const traceparent = `00-${TRACE}-${SPAN}-${flags}`;
    assert.deepEqual(passedOn(traceparent), { traceparent });
    const tracestate = 'shop=00f067aa,other@x=t61rc';
    assert.deepEqual(passedOn(traceparent, tracestate), { traceparent, tracestate });
  }
});

test('a higher version is read by its first fields, unknown flags are not passed on', () => {
  const traceparent = `00-${TRACE}-${SPAN}-01`;
  assert.deepEqual(passedOn(`cc-${TRACE}-${SPAN}-01-more-to-come`), { traceparent });
  assert.deepEqual(passedOn(`cc-${TRACE}-${SPAN}-01`), { traceparent });
  assert.deepEqual(passedOn(`00-${TRACE}-${SPAN}-f1`), { traceparent });
});

test('a second header, which an instrumentation added, is ignored', () => {
  const traceparent = `00-${TRACE}-${SPAN}-01`;
  assert.deepEqual(passedOn(`${traceparent}, 00-${'1'.repeat(32)}-${SPAN}-01`), { traceparent });
});

test('a malformed header is none, and its state is dropped with it', () => {
  for (const bad of [
    undefined,
    '',
    TRACE,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `cc-${TRACE}-${SPAN}-01.more`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `0-${TRACE}-${SPAN}-01`,
  ]) {
    assert.equal(passedOn(bad, 'shop=1'), null, String(bad));
  }
});

test('a state that W3C lets us drop is dropped, and the trace goes on', () => {
  const traceparent = `00-${TRACE}-${SPAN}-01`;
  for (const bad of ['x'.repeat(600), '=', 'Ä=1']) {
    assert.deepEqual(passedOn(traceparent, bad), { traceparent }, bad);
  }
});
