import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryCli } from '#harness/system/cli.ts';
import { defaultUrl, runningUrl } from './running-system.ts';

/** A data folder that says where its system runs. */
async function homeWith(t: TestContext, note?: string): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'orderbell-home-'));
  t.after(() => rm(home, { recursive: true }));
  if (note !== undefined) await writeFile(join(home, 'running.json'), note);
  return home;
}

const running = (url: string, pid: number = process.pid) => JSON.stringify({ url, pid });
// Larger than any process id of Linux or macOS.
const GONE = 2 ** 30;

test('the system that runs in the data folder is found by its note', async (t) => {
  const home = await homeWith(t, running('http://127.0.0.1:9001/'));
  assert.equal(runningUrl(home), 'http://127.0.0.1:9001');
  assert.equal(defaultUrl({ ORDERBELL_HOME: home }), 'http://127.0.0.1:9001');
  const env = { ORDERBELL_HOME: home, ORDERBELL_URL: ' http://orders.example ' };
  assert.equal(defaultUrl(env), 'http://orders.example');
});

test('without a note, with a damaged one or one of a dead process it is the default', async (t) => {
  const notes = ['', '{', '{}', 'null', '[]', '"x"', running('ftp://x'), running('x'), '{"pid":1}'];
  for (const note of [undefined, ...notes, running('http://127.0.0.1:9001', GONE)]) {
    const home = await homeWith(t, note);
    assert.equal(defaultUrl({ ORDERBELL_HOME: home }), 'http://127.0.0.1:8080', note ?? 'no note');
  }
  for (const pid of [0, -1, 1.5]) {
    assert.equal(runningUrl(await homeWith(t, running('http://127.0.0.1:9001', pid))), null);
  }
});

test('the command line asks the system that runs on another port', async (t) => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"customerId":"x","balance":{"amount":700,"currency":"RUB"}}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const home = await homeWith(t, running(url));
  const cli = await temporaryCli(t);
  const env = { ORDERBELL_URL: '', ORDERBELL_HOME: home, ORDERBELL_TOKEN: 'x' };
  const { stderr } = await cli.runWith({ env }, 'wallet');
  assert.deepEqual(asked.slice(0, 1), ['/v1/wallet'], stderr);
  // The command that it suggests needs no address: the same system is found again.
  const signedOut = await cli.runWith({ env: { ...env, ORDERBELL_TOKEN: '' } }, 'wallet');
  assert.match(signedOut.stderr, new RegExp(`${url}.*login anna@example\\.com$`, 'm'));
});
