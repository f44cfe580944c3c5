import assert from 'node:assert/strict';
import { createServer, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { request as undiciRequest } from 'undici';
import { headersOf, reportExchange, watchExchanges } from './watch-exchanges.ts';

const PROBLEM = { 'content-type': 'application/problem+json' };

async function start(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers every request with a success that no document describes. */
const wrong: RequestListener = (_, response) => response.writeHead(299).end('{}');

test('a violation names the operation, the status, what is wrong, the value and the test', async (t) => {
  const url = await start(t, wrong);
  const exchanges = watchExchanges();
  exchanges.add('gateway', url);
  for (const _ of [1, 2]) await (await fetch(`${url}/v1/wallet`)).text();
  assert.throws(exchanges.end, ({ message }: Error) => {
    assert.match(message, /gateway readWallet 299: the status is not declared \(2 ×\)/);
    assert.match(message, /GET \/v1\/wallet in "a violation names .*": \{\}/);
    return true;
  });
});

test('requests of fetch, of undici and reported ones are seen, with their bodies', async (t) => {
  const url = await start(t, (incoming, response) => {
    incoming.resume();
    response.writeHead(204).end();
  });
  const send: Record<string, () => Promise<unknown>> = {
    fetch: () => fetch(`${url}/v1/sessions`, { method: 'POST', body: '{"email":5}' }),
    undici: () => undiciRequest(`${url}/v1/sessions`, { method: 'POST', body: '{"email":5}' }),
    reported: async () =>
      reportExchange(url, {
        ...{ method: 'POST', path: '/v1/sessions', requestBody: '{"email":5}', requestHeaders: {} },
        ...{ status: 204, headers: {}, body: '' },
      }),
  };
  for (const [name, ask] of Object.entries(send)) {
    const exchanges = watchExchanges();
    exchanges.add('gateway', url);
    await ask();
    assert.throws(exchanges.end, /signIn 204: an accepted request: .*content type/, name);
  }
});

test('an exchange that fits is no violation, nor is one with another server', async (t) => {
  const problem = {
    type: 'urn:orderbell:problem:not-found',
    ...{ title: 'a', status: 404, detail: 'b', instance: '/v1/x', code: 'not-found' },
    ...{ traceId: '0'.repeat(32), retryable: false },
  };
  const url = await start(t, (_, response) => {
    response.writeHead(404, PROBLEM).end(JSON.stringify(problem));
  });
  const other = await start(t, wrong);
  const exchanges = watchExchanges();
  exchanges.add('gateway', url);
  await (await fetch(`${url}/v1/x`)).text();
  await (await fetch(`${other}/v1/wallet`)).text();
  exchanges.end();
});

test('after its end a watch sees nothing, and an answer that breaks off is not checked', async (t) => {
  const url = await start(t, (incoming, response) => {
    const end = () => (incoming.url === '/v1/wallet' ? response.destroy() : response.end());
    response.writeHead(299).write('{', end);
  });
  const exchanges = watchExchanges();
  exchanges.add('gateway', url);
  await assert.rejects((await fetch(`${url}/v1/wallet`)).text());
  exchanges.end();
  await (await fetch(`${url}/v1/orders`)).text();
  exchanges.end();
});

test('what node:http sends is not seen, so it reports itself', async (t) => {
  const url = await start(t, wrong);
  const exchanges = watchExchanges();
  exchanges.add('gateway', url);
  await new Promise((resolve) => {
    request(`${url}/v1/wallet`, (incoming) => incoming.resume().on('end', resolve)).end();
  });
  exchanges.end();
});

test('headers of one name are joined, in lower case', () => {
  assert.deepEqual(headersOf(['Vary', 'a', 'vary', 'b', 'ETag', '"c"']), {
    vary: 'a, b',
    etag: '"c"',
  });
});
