import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
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
  const { run } = await startStranger(t, (_request, response) => {
    const type = 'application/problem+json';
    response.writeHead(400, { 'content-type': type }).end(JSON.stringify(problem));
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

test('a text of others is printed with escapes, aligned, and sent back as it came', async (t) => {
  const unseen =
    '\u202eevil\u2066\u200b\u061c\u{e0041}\u001b]8;;https://evil.example\u0007x\u009b2J\u2028';
  const profile = {
    customerId: 'anna',
    email: 'anna@example.com',
    name: `👨\u200d👩\u200d👧 ${unseen}`,
    locale: 'ru',
  };
  const sent: Promise<unknown>[] = [];
  const { run } = await startStranger(t, (request, response) => {
    if (request.method === 'PUT') sent.push(text(request).then(JSON.parse));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(profile));
  });
  const unprintable = /[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u;
  const people = await run('profile');
  assert.equal(people.code, 0, people.stderr);
  assert.doesNotMatch(people.stdout, unprintable);
  assert.match(
    people.stdout,
    /👨\\u200d👩.* \\u202eevil.*\\u\{e0041\}\\u001b\]8;;.*\\u0007x\\u009b2J/,
  );
  const programs = await run('profile', '--json');
  assert.doesNotMatch(programs.stdout, unprintable);
  assert.deepEqual(JSON.parse(programs.stdout), profile);
  profile.name = '👨\u200d👩\u200d👧';
  await run('profile', '--email', 'anna@example.org');
  const { customerId: _own, ...contact } = profile;
  assert.deepEqual(await Promise.all(sent), [{ ...contact, email: 'anna@example.org' }]);
});

test('arguments are repeated with escapes, in a form that a shell reads back', async (t) => {
  const { run } = await startStranger(t, (_request, response) => response.writeHead(503).end());
  const item = "It's 👨\u200d👩\\ \u202e@1";
  const order = await run('order', item, '--wait', '0');
  assert.equal(order.code, 5);
  const [command = ''] = /npm run orderbell .*/.exec(order.stderr) ?? [];
  assert.doesNotMatch(order.stderr, /[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
  const [, quoted = ''] = /order (\$'.*') --/.exec(command) ?? [];
  assert.equal(
    execFileSync('bash', ['-c', `printf %s ${quoted}`], {
      encoding: 'utf8',
      env: { LC_ALL: 'C.UTF-8', PATH: process.env.PATH },
    }),
    item,
  );
  const unknown = await run('\u202egnp', '--\u009bx');
  assert.match(unknown.stderr, /\\u/);
  assert.doesNotMatch(unknown.stderr, /[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
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
