import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { rawCall } from '#harness/system/raw-http.ts';
import { createHttpServer, listen } from '#platform/http/server.ts';
import { CONSOLE_ASSETS_PREFIX, serveConsole } from './console-routes.ts';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

async function start(t: TestContext) {
  const app = createHttpServer({
    log: pino({ level: 'silent' }),
    filePrefixes: [CONSOLE_ASSETS_PREFIX],
  });
  t.after(() => app.close());
  const operator = { claim: 'scope', value: 'operator' };
  const parts = { mailbox: false, faultLab: false, webhooks: false };
  const config = { currency: 'RUB', selfTopUp: false, ...parts };
  const accounts = { operator, confirmAddresses: true, signIn: 'password', issuer: null } as const;
  await serveConsole(app, true, { ...config, ...accounts, commandLine: 'npx orderbell' });
  app.get('/v1/orders/:id', async () => ({}));
  const url = await listen(app, '127.0.0.1', 0);
  return async (path: string, accept: string | undefined, method = 'GET') => {
    const headers: Record<string, string> = accept === undefined ? {} : { accept };
    const { status, headers: given } = await rawCall(url, { path, method, headers });
    const isPage = given.get('content-type') === 'text/html; charset=utf-8';
    assert.equal(given.has('content-security-policy'), isPage, path);
    return [status, isPage ? 'page' : 'problem'];
  };
}

/** The addresses of console/app.tsx, with a value for each parameter. */
async function pagesOfConsole(): Promise<string[]> {
  const source = await readFile(new URL('../../../console/app.tsx', import.meta.url), 'utf8');
  const found = [...source.matchAll(/^ {2}\['(\/[^']*)', /gm)].map(([, path = '']) => path);
  assert.ok(found.length > 20);
  return found.map((path) => path.replace(/:id\??/, '1'));
}

test('every page of the console can be opened by its address', async (t) => {
  const get = await start(t);
  for (const path of await pagesOfConsole()) {
    assert.deepEqual(await get(path, BROWSER), [200, 'page'], path);
    assert.deepEqual(await get(`${path.split('?')[0]}?a=%`, BROWSER), [200, 'page'], path);
  }
});

test('an unknown address answers a browser with the page, and a program with JSON', async (t) => {
  const get = await start(t);
  const unknown = ['/nothing', '/orders/1/2', '/operator/nothing', '/mailbox/x', '/.env', '/%00'];
  const files = ['', '%00', '..%5c', '%', '%ff', '%c0%ae%c0%ae/', 'a;b'];
  for (const path of [...unknown, ...files.map((name) => `/assets/${name}`)]) {
    assert.deepEqual(await get(path, BROWSER), [404, 'page'], path);
    assert.deepEqual(await get(path, BROWSER, 'HEAD'), [404, 'page'], path);
    assert.deepEqual(await get(path, BROWSER, 'POST'), [404, 'problem'], path);
    assert.deepEqual(await get(path, '*/*'), [404, 'problem'], path);
  }
  // They cannot be decoded. For a program they are a fault of its own.
  for (const path of ['/%', '/%ff', '/orders/%', '/mailbox/%zz']) {
    assert.deepEqual(await get(path, BROWSER), [404, 'page'], path);
    assert.deepEqual(await get(path, 'application/json'), [400, 'problem'], path);
  }
  for (const path of ['/v1', '/v1/nothing', '/v1/orders/1/2', '/mailbox/messages/1']) {
    assert.deepEqual(await get(path, BROWSER), [404, 'problem'], path);
  }
  assert.deepEqual(await get('/v1/%', BROWSER), [400, 'problem']);
});

test('a page goes to those who prefer it to JSON', async (t) => {
  const get = await start(t);
  for (const accept of ['text/html', 'TEXT/HTML;q=0.9', 'text/*', 'text/html, */*']) {
    assert.deepEqual(await get('/nothing', accept), [404, 'page'], accept);
    assert.deepEqual(await get('/orders', accept), [200, 'page'], accept);
  }
  for (const accept of [
    undefined,
    '',
    '*/*',
    'application/json, text/html;q=0.5',
    'application/json, */*',
    'text/html;q=0',
    'text/html;q=x',
    'text/htmlx',
    'x-text/html',
    ',;=,',
  ]) {
    assert.deepEqual(await get('/nothing', accept), [404, 'problem'], String(accept));
    assert.deepEqual(await get('/orders', accept), [404, 'problem'], String(accept));
  }
});
