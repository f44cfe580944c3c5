import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { rawCall } from '#harness/system/raw-http.ts';
import { createHttpServer, listen } from './server.ts';
import { serveFiles } from './static-files.ts';

const SCRIPT = 'console.log("here")';

async function start(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'static-files-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'a-1.js'), SCRIPT);
  await writeFile(join(folder, 'a-1.js.gz'), gzipSync(SCRIPT));
  await writeFile(join(folder, 'b.png'), 'png');
  const app = createHttpServer({
    log: pino({ level: 'silent' }),
    filePrefixes: ['/files/'],
  });
  await serveFiles(app, { folder, prefix: '/files/', cacheControl: 'public, immutable' });
  const url = await listen(app, '127.0.0.1', 0);
  t.after(() => app.close());
  return { url, folder };
}

test('files are answered from memory, with their type, their tag and for how long', async (t) => {
  const { url, folder } = await start(t);
  await writeFile(join(folder, 'a-1.js'), 'changed later');
  const plain = await rawCall(url, { path: '/files/a-1.js' });
  assert.deepEqual([plain.status, plain.body], [200, SCRIPT]);
  assert.equal(plain.headers.get('content-type'), 'text/javascript; charset=utf-8');
  assert.equal(plain.headers.get('cache-control'), 'public, immutable');
  assert.equal(plain.headers.get('vary'), 'accept-encoding');
  const image = await rawCall(url, { path: '/files/b.png?query' });
  assert.equal(image.headers.get('content-type'), 'image/png');
  assert.equal(image.headers.has('vary'), false);

  const head = await rawCall(url, { method: 'HEAD', path: '/files/a-1.js' });
  assert.deepEqual([head.status, head.body], [200, '']);
  assert.equal(head.headers.get('content-length'), String(SCRIPT.length));

  const etag = plain.headers.get('etag') as string;
  for (const tags of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const known = await rawCall(url, { path: '/files/a-1.js', headers: { 'if-none-match': tags } });
    assert.deepEqual([known.status, known.body, known.headers.get('etag')], [304, '', etag], tags);
  }
  const other = await rawCall(url, { path: '/files/a-1.js', headers: { 'if-none-match': '"x"' } });
  assert.equal(other.status, 200);
});

test('a compressed file goes to those who take it', async (t) => {
  const { url } = await start(t);
  for (const [accepted, encoding] of [
    ['gzip, deflate, br', 'gzip'],
    ['br', null],
    ['gzip;q=0', null],
    ['*;q=0', null],
    ['', null],
  ] as const) {
    const response = await fetch(`${url}/files/a-1.js`, {
      headers: { 'accept-encoding': accepted },
    });
    assert.equal(response.headers.get('content-encoding'), encoding, accepted);
    assert.equal(await response.text(), SCRIPT);
  }
  const direct = await fetch(`${url}/files/a-1.js.gz`);
  assert.equal(gunzipSync(Buffer.from(await direct.arrayBuffer())).toString(), SCRIPT);
});

test('an address that is not exactly that of a file is a 404', async (t) => {
  const { url } = await start(t);
  for (const name of [
    '',
    '.',
    '..',
    '/',
    '//',
    'a-1.js/',
    'a-1.js%00',
    '%00',
    '%61-1.js',
    '..%5ca-1.js',
    '..\\a-1.js',
    '%2e%2e/%2e%2e/package.json',
    '%252e%252e%252fpackage.json',
    '..%2f..%2fpackage.json',
    'x/../a-1.js',
    './a-1.js',
    'A-1.js',
    'toString',
    '__proto__',
    'constructor',
    '%zz',
    '%',
    '%E0%A4%A',
    '%c0%ae%c0%ae/',
    'a'.repeat(8_000),
    `${'../'.repeat(500)}etc/passwd`,
  ]) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await rawCall(url, { method, path: `/files/${name}` });
      assert.equal(answer.status, 404, `${method} ${name.slice(0, 60)}`);
    }
  }
});
