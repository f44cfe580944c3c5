import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startTestSystem } from '#harness/system/system.ts';
import { partsOf, runFile } from '../http-file.ts';

const FILE = join(import.meta.dirname, '..', '..', 'docs', 'http', 'orderbell.http');

test('the requests of docs/http do what their titles say', async (t) => {
  const system = await startTestSystem(t);
  const bodies = await runFile(await readFile(FILE, 'utf8'), {
    baseUrl: system.url,
    operatorPassword: system.secrets.operatorPassword,
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers are read as a reader does
  const { order, repeat, letters, orders, journey } = bodies as any;
  assert.equal(repeat.id, order.id);
  assert.equal(journey.order.id, order.id);
  assert.equal(orders.data.length, 2);
  for (const letter of letters.data) assert.equal(letter.orderId, order.id);
});

test('a file whose request has no status, or names a missing value, is refused', async () => {
  assert.throws(() => partsOf('### no status\n# @name a\nGET http://127.0.0.1/\n\n'), /no status/);
  const text = '### 200: x\n# @name a\nGET {{missing}}/\n\n';
  await assert.rejects(runFile(text, {}), /\{\{missing\}\} has no value/);
});
