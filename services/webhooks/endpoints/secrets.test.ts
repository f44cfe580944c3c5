import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { pino } from 'pino';
import { startTestService } from '#harness/system/internal-service.ts';
import { startWebhookBench, WEBHOOKS_SECRET } from '#harness/system/webhook-bench.ts';
import { startWebhookReceiver } from '#harness/system/webhook-receiver.ts';
import { service } from '../service.ts';

const ENDPOINTS = '/operator/webhook-endpoints';
// A path or query may be the receiver's own secret.
const KEY = 'key-of-the-receiver';

test('neither a secret nor the key in an address reaches the log or an attempt', async (t) => {
  const lines: string[] = [];
  const stream = new Writable({
    write(line, _, done) {
      lines.push(String(line));
      done();
    },
  });
  const log = pino({ level: 'trace' }, stream);
  const receiver = await startWebhookReceiver(t);
  const bench = await startWebhookBench(t);
  const secrets = [];
  const urls = [receiver.url, 'http://127.0.0.1:1', 'https://127.0.0.1:1', 'http://none.invalid'];
  for (const url of urls) {
    secrets.push((await bench.endpoint(`${url}/${KEY}?token=${KEY}`)).secret);
  }
  receiver.answer(({ path }) => (path.includes('again') ? 'cut' : { status: 500 }));
  await bench.events(1);
  const worker = bench.worker({ log, logRequests: true, attemptsMax: 2 });
  await bench.until('dead', urls.length);
  // The line of an attempt comes after its record.
  await worker.close();
  const attempts = JSON.stringify(await bench.sql('select * from attempts'));
  const reasons = JSON.stringify(await bench.sql('select reason from deliveries'));
  assert.equal(lines.length, 2 * urls.length);
  for (const text of [lines.join('\n'), attempts, reasons]) {
    for (const secret of [KEY, ...secrets.map((each) => each.slice('whsec_'.length))]) {
      assert.ok(!text.includes(secret), text);
    }
  }
});

test('the audit trail and the lists hold no secret, and of an address the host only', async (t) => {
  const webhooks = await startTestService(t, service, {
    TOPIC_PARTITIONS: '1',
    WEBHOOKS_SECRET,
    WEBHOOKS_ALLOW_PRIVATE: 'true',
  });
  const actor = { headers: { 'x-actor': 'olga' } };
  const url = `https://127.0.0.1:1/${KEY}`;
  const data = { url, description: 'Shop', statuses: ['Paid'] };
  const { body } = await webhooks.call('POST', ENDPOINTS, data, actor);
  const path = `${ENDPOINTS}/${body.id}`;
  const rotated = await webhooks.call('POST', `${path}/rotate-secret`, undefined, actor);
  const state = { ...data, state: 'disabled' };
  const changed = await webhooks.call('PUT', path, state, actor);
  const refused = await webhooks.call('PUT', path, { ...state, url: `ftp://${KEY}/` }, actor);
  assert.deepEqual([changed.status, refused.status], [200, 422]);
  const trail = await webhooks.call('GET', '/audit-trail?limit=20');
  assert.equal(trail.body.data.length, 3);
  const answers = [trail, refused, changed, await webhooks.call('GET', ENDPOINTS)];
  const text = answers.map((answer) => JSON.stringify(answer.body)).join('\n');
  for (const secret of [body.secret, rotated.body.secret]) assert.ok(!text.includes(secret));
  assert.ok(!JSON.stringify([trail.body, refused.body]).includes(KEY));
  assert.match(JSON.stringify(trail.body), /"host":"127\.0\.0\.1:1"/);
});
