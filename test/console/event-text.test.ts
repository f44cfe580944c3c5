import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderIdIn, prettyJson } from '../../console/model/event-text.ts';

const ID = '0197fa3e-5f2c-7c1a-9d51-0a2b3c4d5e6f';

test('JSON is laid out, anything else stays as it came', () => {
  assert.equal(prettyJson('{"a":[1]}'), '{\n  "a": [\n    1\n  ]\n}');
  assert.equal(prettyJson('{"a":'), '{"a":');
  assert.equal(prettyJson('null'), 'null');
});

test('the order that an event names is found among any other content', () => {
  assert.equal(orderIdIn(JSON.stringify({ orderId: ID })), ID);
  const others = [null, '', '{', 'null', '7', '[]', '{"orderId":7}', '{"orderId":"../x"}'];
  for (const text of others) assert.equal(orderIdIn(text), null, String(text));
});
