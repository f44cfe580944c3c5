import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redact } from './redact.ts';

for (const [text, traces, redacted] of [
  ['Anna asked', ['Anna'], '… asked'],
  ['ANNA@X.IO, and anna', ['anna', 'anna@x.io'], '…, and …'],
  ['a.b (c) a+b', ['a.b', 'a+b'], '… (c) …'],
  ['Ян позвонил, янтарь, с Яном, ян.', ['Ян'], '… позвонил, янтарь, с Яном, ….'],
  ['Li asked for a list', ['Li'], '… asked for a list'],
  ['nothing', ['', 'x'], 'nothing'],
  ['nothing', [], 'nothing'],
] as const) {
  test(`"${text}" without ${JSON.stringify(traces)} is "${redacted}"`, () => {
    assert.equal(redact(text, traces), redacted);
  });
}
