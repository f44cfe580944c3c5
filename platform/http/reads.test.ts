import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { Type } from 'typebox';
import { isKnown } from './conditional.ts';
import type { Endpoint } from './endpoint.ts';
import { anyone, createHttpServer, listen, serve } from './server.ts';

// What a server adds to reads: tags, links to the next page, and the methods of a path.

const getThing = {
  operationId: 'getThing',
  method: 'GET',
  path: '/things/:id',
  summary: 'One thing',
  params: Type.Object({ id: Type.String() }),
  conditional: true,
  responses: { 200: Type.Object({ text: Type.String() }) },
} as const satisfies Endpoint;

const listThings = {
  operationId: 'listThings',
  method: 'GET',
  path: '/things',
  summary: 'Things',
  query: Type.Object({ name: Type.Optional(Type.String()), cursor: Type.Optional(Type.String()) }),
  responses: {
    200: Type.Object({
      data: Type.Array(Type.String()),
      nextCursor: Type.Union([Type.String(), Type.Null()]),
    }),
  },
} as const satisfies Endpoint;

async function startThings(t: TestContext) {
  const app = createHttpServer({
    log: pino({ level: 'silent' }),
    answerHeaders: () => ({ 'cache-control': 'no-store', vary: 'Origin' }),
  });
  const thing = { text: 'one' };
  serve(app, getThing, { identify: anyone }, async () => ({ status: 200, body: thing }));
  serve(app, listThings, { identify: anyone }, async ({ query }) => ({
    status: 200,
    body: { data: [] as string[], nextCursor: query.cursor === undefined ? 'a+/b' : null },
  }));
  const url = await listen(app, '127.0.0.1', 0);
  t.after(() => app.close());
  return { url, thing };
}

test('a client that has the bytes gets 304, and the new ones once they change', async (t) => {
  const { url, thing } = await startThings(t);
  const read = (tag?: string, method = 'GET') =>
    fetch(`${url}/things/1`, {
      method,
      headers: { ...(tag !== undefined && { 'if-none-match': tag }) },
    });
  const first = await read();
  const etag = first.headers.get('etag') ?? '';
  assert.match(etag, /^"[\w-]{22}"$/);
  assert.deepEqual(await first.json(), { text: 'one' });
  assert.equal(first.headers.get('content-type'), 'application/json; charset=utf-8');
  for (const tag of [etag, `W/${etag}`, `"a,b", ${etag}`, '*']) {
    for (const method of ['GET', 'HEAD']) {
      const known = await read(tag, method);
      assert.deepEqual([known.status, await known.text()], [304, ''], tag);
      assert.equal(known.headers.get('etag'), etag);
      assert.equal(known.headers.get('vary'), 'Origin, Accept-Language');
      assert.equal(known.headers.get('cache-control'), 'no-store');
      assert.match(known.headers.get('x-trace-id') ?? '', /^[0-9a-f]{32}$/);
    }
  }
  for (const tag of ['"other"', etag.slice(1, -1), '']) assert.equal((await read(tag)).status, 200);
  thing.text = 'two';
  const changed = await read(etag);
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.get('etag'), etag);
});

test('tags are compared weakly, whole, and with commas in them', () => {
  assert.equal(isKnown(undefined, '"a"'), false);
  assert.equal(isKnown('"a,b"', '"a,b"'), true);
  assert.equal(isKnown('"a,b"', '"b"'), false);
  assert.equal(isKnown('W/"a"', '"a"'), true);
  assert.equal(isKnown('"a"', 'W/"a"'), true);
  assert.equal(isKnown('"x*"', '"a"'), false);
});

test('a page that is not the last one links to the next, with the same query', async (t) => {
  const { url } = await startThings(t);
  const linkOf = async (path: string) => (await fetch(url + path)).headers.get('link');
  assert.equal(
    await linkOf('/things?name=%3E%22%D0%B0%20b'),
    '</things?name=%3E%22%D0%B0+b&cursor=a%2B%2Fb>; rel="next"',
  );
  assert.equal(await linkOf('/things'), '</things?cursor=a%2B%2Fb>; rel="next"');
  assert.equal(await linkOf('/things?cursor=x'), null);
  assert.equal(await linkOf('/things/1'), null);
});

test('OPTIONS of a known path names its methods, of another one it is 404', async (t) => {
  const { url } = await startThings(t);
  const ask = (path: string) => fetch(url + path, { method: 'OPTIONS' });
  const known = await ask('/things/1?x=1');
  assert.deepEqual([known.status, await known.text()], [204, '']);
  assert.equal(known.headers.get('allow'), 'GET, HEAD, OPTIONS');
  assert.equal((await ask('/nothing')).status, 404);
});
