import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { temporaryCli } from '#harness/system/cli.ts';

// Answers of a proxy in front of the system, or of another server at its address.

/** A server that is not Orderbell, and the command line signed in at it. */
async function startStranger(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cli = await temporaryCli(t, url);
  const env = { ORDERBELL_TOKEN: 'secret' };
  return { url, run: (...words: string[]) => cli.runWith({ env }, ...words) };
}

test('no character that steers a terminal is printed, and programs get the same value', async (t) => {
  const problem = {
    type: 'urn:orderbell:problem:invalid-request',
    code: 'invalid-request',
    title: 'No',
    detail: 'a\u001b[2Jb\u009bc\nd\u202e\u001b[31m',
    status: 400,
    traceId: 'x',
  };
  const text = JSON.stringify(problem);
  const { run } = await startStranger(t, (_request, response) => {
    response.writeHead(400, { 'content-type': 'application/problem+json' }).end(text);
  });
  const people = await run('wallet');
  assert.deepEqual(
    [people.code, people.stderr],
    [1, 'No. a\\u001b[2Jb\\u009bc\nd\\u202e\\u001b[31m\n'],
  );
  const programs = await run('wallet', '--json');
  assert.deepEqual([programs.code, JSON.parse(programs.stdout)], [1, problem]);
  assert.match(programs.stdout, /^[\n\x20-\x7e]*$/);
});

test('a page instead of an answer is refused: 1; a gateway that says so is no answer: 5', async (t) => {
  let status = 200;
  const { run } = await startStranger(t, (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>hello</h1>');
  });
  const page = await run('profile', '--json');
  assert.deepEqual([page.code, page.stdout], [1, '']);
  assert.match(page.stderr, /ответил 200/);
  status = 502;
  const down = await run('order', 'Чай@1', '--wait', '0');
  assert.equal(down.code, 5);
  assert.match(down.stderr, /HTTP 502[\s\S]*--key /);
});

test('a token goes to no other address', async (t) => {
  const asked: (string | undefined)[] = [];
  const other = await startStranger(t, (request, response) => {
    asked.push(request.headers.authorization);
    response.end();
  });
  const { run } = await startStranger(t, (_request, response) => {
    response.writeHead(307, { location: `${other.url}/v1/profile` }).end();
  });
  assert.equal((await run('profile')).code, 1);
  assert.deepEqual(asked, []);
});

test('Retry-After is honoured, unless it exceeds the time to wait', async (t) => {
  let requests = 0;
  const { run } = await startStranger(t, (_request, response) => {
    requests++;
    const body = JSON.stringify({
      type: 'urn:orderbell:problem:unavailable',
      code: 'unavailable',
      title: 'No',
      detail: 'later',
      status: 503,
      traceId: 'x',
    });
    response
      .writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '3600' })
      .end(body);
  });
  const { code, stderr } = await run('top-up', '5', '--wait', '600');
  assert.equal(code, 5, stderr);
  assert.equal(requests, 1);
});
