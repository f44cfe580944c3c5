import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { createHttpServer, listen } from '#platform/http/server.ts';
import { warnOfOpenDoors } from '../context/open-to-network.ts';
import { checkHosts } from './host-check.ts';

const PATHS = [
  '/mailbox/messages',
  '/mailbox/messages/1',
  '/metrics',
  '/console.json',
  '/v1/orders',
];

/** Statuses of all paths for another host. */
async function statusesOf(t: TestContext, config: Parameters<typeof checkHosts>[1]) {
  const app = createHttpServer({ log: pino({ level: 'silent' }) });
  t.after(() => app.close());
  checkHosts(app, config);
  for (const path of [...PATHS, '/livez', '/readyz']) app.get(path, async () => ({}));
  app.delete('/mailbox/messages', async () => ({}));
  const url = await listen(app, '127.0.0.1', 0);
  const ask = (method: string) => (path: string, headers: Record<string, string>) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const sent = request(new URL(path, url), { method, headers, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject).end();
    return promise;
  };
  return { get: ask('GET'), remove: ask('DELETE') };
}

test('with a mailbox all but the health is for known host names; the mailbox for its own pages', async (t) => {
  const { get, remove } = await statusesOf(t, { MAILBOX_URL: 'http://127.0.0.1:1' });
  for (const path of PATHS) {
    assert.equal(await get(path, { host: 'evil.example' }), 421, path);
    assert.equal(await get(path, { host: 'localhost' }), 200, path);
  }
  for (const path of ['/livez', '/readyz']) assert.equal(await get(path, { host: 'x' }), 200);
  const cross = { host: 'localhost', origin: 'http://evil.example' };
  assert.equal(await get('/mailbox/messages', cross), 403);
  assert.equal(await get('/mailbox/messages/1', cross), 403);
  assert.equal(await remove('/mailbox/messages', cross), 403);
  assert.equal(await get('/v1/orders', cross), 200);
});

test('without a mailbox only the metrics are', async (t) => {
  const { get } = await statusesOf(t, { PUBLIC_URL: 'https://shop.example' });
  for (const path of PATHS) {
    const expected = path === '/metrics' ? 421 : 200;
    assert.equal(await get(path, { host: 'evil.example' }), expected, path);
    assert.equal(await get(path, { host: 'shop.example' }), 200, path);
  }
});

test('a gateway alone says what it leaves open beyond this machine, unless that is meant', () => {
  const said = (changes: object) => {
    const lines: string[] = [];
    const write = (line: string) => void lines.push(JSON.parse(line).msg);
    const config = { METRICS: false, WALLET_SELF_TOP_UP: false, OPEN_TO_NETWORK: [] };
    const doors = { LISTEN_ADDRESS: '0.0.0.0', ...config, ...changes };
    warnOfOpenDoors(doors, pino({ level: 'warn' }, { write }));
    return lines;
  };
  assert.deepEqual(said({}), []);
  const all = { METRICS: true, WALLET_SELF_TOP_UP: true, MAILBOX_URL: 'http://127.0.0.1:1' };
  assert.match(said(all)[0] ?? '', /^anybody who reaches 0\.0\.0\.0 gets: .*MAILBOX_URL.*METRICS/);
  const meant = { ...all, OPEN_TO_NETWORK: ['mailbox', 'metrics', 'top-ups'] };
  assert.deepEqual(said(meant), []);
  assert.match(
    said({ ...meant, OPEN_TO_NETWORK: ['mailbox'] })[0] ?? '',
    /OPEN_TO_NETWORK=metrics,top-ups/,
  );
  assert.deepEqual(said({ ...all, LISTEN_ADDRESS: '::1' }), []);
});
