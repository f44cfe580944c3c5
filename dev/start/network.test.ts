import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { call } from '#harness/requests.ts';
import { ready, temporaryHome } from '#harness/system/start.ts';
import { PASSWORD, rub } from '#harness/system/system.ts';
import { readNetwork } from './network.ts';

/** The status of an answer under any `Host`, which fetch does not let us set. */
function statusFor(url: string, path: string, headers: Record<string, string>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = request(new URL(path, url), { headers, agent: false }, (answer) => {
    answer.resume();
    answer.on('end', () => resolve(answer.statusCode ?? 0));
  });
  sent.on('error', reject);
  sent.end();
  return promise;
}

async function topUpStatus(url: string): Promise<number> {
  const account = { email: 'anna@example.com', password: PASSWORD };
  await call(url, 'POST', '/v1/registrations', { body: { ...account, name: 'Анна' } });
  const { body } = await call(url, 'POST', '/v1/sessions', { body: account });
  const headers = { authorization: `Bearer ${body.accessToken}` };
  const answer = await call(url, 'POST', '/v1/wallet/top-ups', {
    headers,
    body: { amount: rub(500) },
  });
  return answer.status;
}

test('on this machine all is open, for the names of this machine and of PUBLIC_URL only', async (t) => {
  const { start } = await temporaryHome(t);
  const started = start('0', { PUBLIC_URL: 'https://shop.example' });
  const url = await ready(started);
  const { port } = new URL(url);
  assert.doesNotMatch(started.printed(), /WARNING/);
  const paths = ['/mailbox/messages', '/metrics', '/console.json', '/', '/v1/orders'];
  const known = ['localhost', `LOCALHOST:${port}`, '127.0.0.1:1', '127.9.9.9', '[::1]:80'];
  for (const host of [...known, 'shop.example', 'shop.example:443']) {
    for (const path of paths) assert.notEqual(await statusFor(url, path, { host }), 421, host);
  }
  const foreign = ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', '10.0.0.1'];
  const odd = ['localhost.evil.example', 'evil@localhost', 'localhost#', 'shop.example.evil'];
  for (const host of [...foreign, ...odd]) {
    for (const path of paths) assert.equal(await statusFor(url, path, { host }), 421, host);
    assert.equal(await statusFor(url, '/readyz', { host }), 200);
  }
  // A page may set this one.
  const forwarded = { host: 'evil.example', 'x-forwarded-host': 'localhost' };
  assert.equal(await statusFor(url, '/mailbox/messages', forwarded), 421);

  const host = `127.0.0.1:${port}`;
  const mail = (headers: object) => statusFor(url, '/mailbox/messages', { host, ...headers });
  assert.equal(await mail({ origin: 'http://evil.example' }), 403);
  assert.equal(await mail({ origin: 'http://127.0.0.1:1' }), 403);
  assert.equal(await mail({ origin: 'null' }), 403);
  assert.equal(await mail({ 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await mail({ 'sec-fetch-site': 'same-site' }), 403);
  assert.equal(await mail({ origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }), 200);
  assert.equal(await mail({ 'sec-fetch-site': 'none' }), 200);
});

test('beyond this machine mailbox, metrics and top-ups are closed, and the start says so', async (t) => {
  const { start } = await temporaryHome(t);
  const closed = start('0', { LISTEN_ADDRESS: '0.0.0.0' });
  const url = (await ready(closed)).replace('0.0.0.0', '127.0.0.1');
  assert.match(closed.printed(), /WARNING: other machines reach Orderbell.* 0\.0\.0\.0/);
  assert.match(closed.printed(), /Closed: the mailbox with every letter, \/metrics, free top-ups/);
  assert.match(closed.printed(), /OPEN_TO_NETWORK=mailbox,metrics,top-ups opens it/);
  assert.equal(await statusFor(url, '/mailbox/messages', { accept: 'text/html' }), 404);
  assert.equal((await call(url, 'GET', '/console.json')).body.mailbox, false);
  assert.equal(await statusFor(url, '/metrics', {}), 404);
  assert.equal(await topUpStatus(url), 403);
  assert.equal(await statusFor(url, '/readyz', { host: 'shop.example' }), 200);
});

test('OPEN_TO_NETWORK opens what it names; a setting of its own wins', () => {
  const read = (env: Record<string, string>, mailbox = true) =>
    readNetwork({ LISTEN_ADDRESS: '::', ...env }, mailbox);
  assert.deepEqual(read({ OPEN_TO_NETWORK: 'mailbox, top-ups' }).closed, ['metrics']);
  assert.deepEqual(read({ METRICS: 'true' }).closed, ['mailbox', 'top-ups']);
  const refused = { OPEN_TO_NETWORK: 'metrics,top-ups', GATEWAY_WALLET_SELF_TOP_UP: 'false' };
  assert.deepEqual(read(refused).closed, ['mailbox', 'top-ups']);
  assert.deepEqual(read({}, false).closed, ['metrics', 'top-ups']);
  for (const address of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
    assert.deepEqual(read({ LISTEN_ADDRESS: address }), { closed: [], lines: [] });
  }
  const all = read({ OPEN_TO_NETWORK: 'mailbox,metrics,top-ups' });
  assert.match(
    all.lines.join('\n'),
    /without a password: the mailbox with every letter, \/metrics/,
  );
  assert.throws(() => read({ OPEN_TO_NETWORK: 'everything' }), /OPEN_TO_NETWORK/);
});

test('a listener of any service beyond this machine closes its metrics, and is named', () => {
  const read = (env: Record<string, string>) => {
    const { closed, lines } = readNetwork(env, true);
    return { closed, text: lines.join('\n') };
  };
  const one = read({ NOTIFICATIONS_LISTEN_ADDRESS: '0.0.0.0' });
  assert.deepEqual(one.closed, ['metrics']);
  assert.match(one.text, /since NOTIFICATIONS_LISTEN_ADDRESS is 0\.0\.0\.0\./);
  const both = read({ LISTEN_ADDRESS: '::', BILLING_LISTEN_ADDRESS: '10.0.0.1' });
  assert.deepEqual(both.closed, ['mailbox', 'metrics', 'top-ups']);
  assert.match(both.text, /since LISTEN_ADDRESS is ::, BILLING_LISTEN_ADDRESS is 10\.0\.0\.1\./);
  assert.deepEqual(read({ ORDERS_LISTEN_ADDRESS: '127.0.0.2' }).closed, []);
  const asked = { NOTIFICATIONS_LISTEN_ADDRESS: '::', OPEN_TO_NETWORK: 'metrics' };
  assert.match(read(asked).text, /without a password: \/metrics\./);
  for (const env of [
    { LISTEN_ADDRESS: '::', METRICS_PORT: '9464' },
    { NOTIFICATIONS_LISTEN_ADDRESS: '::', NOTIFICATIONS_METRICS_PORT: '9464' },
  ]) {
    assert.match(read(env as never).text, /without a password: \/metrics on METRICS_PORT\./);
  }
  const elsewhere = read({ NOTIFICATIONS_LISTEN_ADDRESS: '::', METRICS_PORT: '9464' });
  assert.match(elsewhere.text, /none of what can be closed/);
});
