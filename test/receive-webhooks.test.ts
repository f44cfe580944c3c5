import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { PAID } from '#harness/system/new-letter.ts';
import { createPostWebhook } from '#services/webhooks/delivery/post-webhook.ts';
import { newWebhookSecret } from '#services/webhooks/delivery/sign.ts';
import { bodyOf } from '#services/webhooks/inbox/on-order-update.ts';

// The receiver of docs/how-to/receive-webhooks.md, run as it is printed.

const PAGE = join(import.meta.dirname, '..', 'docs', 'how-to', 'receive-webhooks.md');

async function startReceiver(t: TestContext, secret: string) {
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(await readFile(PAGE, 'utf8')) ?? [];
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-receiver-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'receiver.mjs');
  await writeFile(file, code);
  const env = { PATH: process.env.PATH, PORT: '0', WEBHOOK_SECRET: secret };
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const [first] = (await once(lines, 'line')) as [string];
  const port = /^listens on (\d+)$/.exec(first)?.[1] ?? assert.fail(first);
  return { url: `http://127.0.0.1:${port}/`, lines };
}

test('the receiver of the guide takes each webhook once, and no other request', async (t) => {
  const secret = newWebhookSecret();
  const { url, lines } = await startReceiver(t, secret);
  const printed: string[] = [];
  lines.on('line', (line) => printed.push(line));
  const sender = createPostWebhook({ allowPrivate: true });
  t.after(sender.close);
  const body = bodyOf('order.paid', PAID);
  const now = () => Math.floor(Date.now() / 1_000);
  const post = async (secrets: string[], change: object = {}) => {
    const message = { id: 'one', timestamp: now(), body, ...change };
    const signal = new AbortController().signal;
    return (await sender.post(url, message, { secrets, signal })).status;
  };
  assert.equal(await post([secret]), 204);
  // A repeat, signed by two secrets as while they are rotated.
  assert.equal(await post([newWebhookSecret(), secret]), 204);
  assert.equal(await post([newWebhookSecret()]), 401);
  assert.equal(await post([secret], { timestamp: now() - 3_600 }), 401);
  assert.equal(await post([secret], { timestamp: Number.NaN }), 401);
  assert.equal((await fetch(url, { method: 'POST', body })).status, 401);
  assert.equal(await post([secret], { id: 'two', body: bodyOf('webhook.test', PAID) }), 204);
  assert.deepEqual(printed, [
    `order.paid ${PAID.orderId} of anna`,
    `webhook.test ${PAID.orderId} of anna`,
  ]);
});
