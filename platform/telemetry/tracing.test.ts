import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, createContextKey, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { annotate, currentFields, SpanKind, startWork } from './tracing.ts';

const KEY = createContextKey('a value of an instrumentation');
const start = (parent = ROOT_CONTEXT, fields = {}) =>
  startWork({ name: 'test', kind: SpanKind.INTERNAL, service: 'test', parent, fields });

test('a context of work has its span, its fields and the values of its parent', () => {
  const work = start(ROOT_CONTEXT.setValue(KEY, 'outer'), { orderId: 'o1' });
  assert.equal(trace.getSpan(work.context), work.span);
  assert.equal(work.context.getValue(KEY), 'outer');
  context.with(work.context, () => {
    annotate({ letterId: 'l1' });
    assert.deepEqual(currentFields(), { traceId: work.traceId, orderId: 'o1', letterId: 'l1' });
  });
  const inner = start(work.context, { orderId: 'o2' });
  assert.equal(inner.traceId, work.traceId);
  assert.equal(inner.context.getValue(KEY), 'outer');
  context.with(inner.context, () => assert.equal(currentFields().orderId, 'o2'));
});

test('a context that is made of it keeps all but the changed value', () => {
  const work = start(ROOT_CONTEXT.setValue(KEY, 'outer'), { orderId: 'o1' });
  const changed = work.context.setValue(KEY, 'changed');
  assert.deepEqual([changed.getValue(KEY), work.context.getValue(KEY)], ['changed', 'outer']);
  assert.equal(trace.getSpan(changed), work.span);
  context.with(changed, () => assert.equal(currentFields().orderId, 'o1'));
  assert.equal(work.context.deleteValue(KEY).getValue(KEY), undefined);
  assert.equal(trace.getSpan(trace.deleteSpan(work.context)), undefined);
});
