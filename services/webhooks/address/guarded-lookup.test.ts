import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type Certificate, createCertificate } from '#harness/certificate.ts';
import { startWebhookReceiver } from '#harness/system/webhook-receiver.ts';
import { createPostWebhook } from '../delivery/post-webhook.ts';
import { newWebhookSecret } from '../delivery/sign.ts';
import { joinLookups, leadsInside, type Resolve } from './guarded-lookup.ts';

const message = { id: 'a', timestamp: 1, body: '{}' };
const options = { secrets: [newWebhookSecret()], signal: new AbortController().signal };
const at = (address: string): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 });

/** A name server that answers each question differently. */
function answers(...each: string[][]): { resolve: Resolve; asked: () => number } {
  let asked = 0;
  return {
    resolve: async () => (each[Math.min(asked++, each.length - 1)] ?? []).map(at),
    asked: () => asked,
  };
}

test('a name that was public is refused when it leads inside at the connection', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const { resolve, asked } = answers(['8.8.8.8'], ['127.0.0.1']);
  const guard = { allowPrivate: false, resolve };
  const url = new URL(`http://rebinding.test:${receiver.port}/`);
  assert.equal(await leadsInside(url, guard, 1_000), false);
  const sender = createPostWebhook(guard);
  t.after(sender.close);
  await assert.rejects(sender.post(url.href, message, options), /no public address/);
  assert.deepEqual([asked(), receiver.connections()], [2, 0]);
});

test('an address in the URL is refused without a look-up', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const { resolve, asked } = answers(['8.8.8.8']);
  const sender = createPostWebhook({ allowPrivate: false, resolve });
  t.after(sender.close);
  for (const host of ['127.0.0.1', '2130706433', '[::ffff:127.0.0.1]']) {
    const url = `http://${host}:${receiver.port}/`;
    await assert.rejects(sender.post(url, message, options), /no public address/);
  }
  assert.deepEqual([asked(), receiver.connections()], [0, 0]);
});

test('of several addresses only the public ones are used', async (t) => {
  const receiver = await startWebhookReceiver(t);
  // The public one does not answer here; the private one would.
  const { resolve } = answers(['127.0.0.1', '::1', '2001:db8::1']);
  const sender = createPostWebhook({ allowPrivate: false, resolve });
  t.after(sender.close);
  const url = `http://mixed.test:${receiver.port}/`;
  await assert.rejects(sender.post(url, message, options), /no public address/);
  assert.equal(receiver.connections(), 0);
  assert.equal(
    await leadsInside(new URL(url), { allowPrivate: false, resolve }, 1_000),
    true,
    'none of them is public',
  );
});

test('where private addresses are allowed a name may lead to this machine', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const { resolve } = answers(['127.0.0.1']);
  const sender = createPostWebhook({ allowPrivate: true, resolve });
  t.after(sender.close);
  const answer = await sender.post(`http://inside.test:${receiver.port}/`, message, options);
  assert.deepEqual([answer.status, receiver.received.length], [204, 1]);
});

test('look-ups of a name at the same time share one, later ones ask again', async () => {
  const { resolve, asked } = answers(['8.8.8.8'], ['1.1.1.1']);
  const joined = joinLookups(resolve);
  const ask = async (host: string) => (await joined(host))[0]?.address;
  assert.deepEqual(await Promise.all([ask('a.test'), ask('a.test')]), ['8.8.8.8', '8.8.8.8']);
  assert.equal(await ask('a.test'), '1.1.1.1');
  const failing = joinLookups(async () => {
    throw new Error('no such name');
  });
  await Promise.all([1, 2].map(() => assert.rejects(failing('a.test'), /no such name/)));
  assert.equal(asked(), 2);
});

test('a certificate of another name, or of no authority, ends the attempt before a byte', async (t) => {
  let requests = 0;
  const ca = await createCertificate('authority.test');
  const open = async (certificate: Certificate) => {
    const { cert, private: key } = certificate;
    const server = createServer({ cert, key }, (_, response) => {
      requests += 1;
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    return (server.address() as AddressInfo).port;
  };
  const signed = await open(await createCertificate('shop.test', { ca }));
  const unsigned = await open(await createCertificate('shop.test'));
  setDefaultCACertificates([...getCACertificates(), ca.cert]);
  const { resolve } = answers(['127.0.0.1']);
  const sender = createPostWebhook({ allowPrivate: true, resolve });
  t.after(sender.close);
  const send = (host: string, port: number) =>
    sender.post(`https://${host}:${port}/`, message, options);
  assert.equal((await send('shop.test', signed)).status, 200);
  await assert.rejects(send('other.test', signed), /altnames/);
  await assert.rejects(send('127.0.0.1', signed), /altnames/);
  await assert.rejects(send('shop.test', unsigned), /self-signed/);
  assert.equal(requests, 1);
});

test('of mixed answers the private ones are left out at each connection', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const { resolve, asked } = answers(['127.0.0.1', '::ffff:127.0.0.1', '64:ff9b::7f00:1'], []);
  const sender = createPostWebhook({ allowPrivate: false, resolve });
  t.after(sender.close);
  for (const host of ['mixed.test', 'mixed.test.', 'localhost.', 'empty.test']) {
    const sent = sender.post(`http://${host}:${receiver.port}/`, message, options);
    await assert.rejects(sent, /no public address/, host);
  }
  assert.deepEqual([asked(), receiver.connections()], [4, 0]);
});
