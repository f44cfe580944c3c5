import assert from 'node:assert/strict';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { Type } from 'typebox';
import { placeOf } from '#contracts/answers.ts';
import type { Endpoint } from '#platform/http/endpoint.ts';
import { anyone, createHttpServer, listen, serve } from '#platform/http/server.ts';
import { fragmentOf, presentProblem } from './present-problem.ts';

const makeThing = {
  operationId: 'makeThing',
  method: 'POST',
  path: '/things',
  summary: 'Makes a thing',
  body: Type.Object({ a: Type.Optional(Type.Integer()) }, { additionalProperties: false }),
  responses: { 200: Type.Object({}) },
} as const satisfies Endpoint;

async function startThings(t: TestContext) {
  const app = createHttpServer({ log: pino({ level: 'silent' }), presentProblem });
  serve(app, makeThing, { identify: anyone }, async () => ({ status: 200, body: {} }));
  const url = await listen(app, '127.0.0.1', 0);
  t.after(() => app.close());
  return url;
}

const BODY = JSON.stringify({ 'b #%/~я': 1 });
const NEW = ['/problems/invalid-request', '#/b%20%23%25~1~0%D1%8F'];
const FORMER = ['urn:orderbell:problem:invalid-request', '/b #%~1~0я'];

type Problem = { type: string; errors: { pointer: string }[] };
const formOf = ({ type, errors }: Problem) => [type, errors[0]?.pointer];

/** A request with exactly these headers, in their order. */
async function rawForm(url: string, headers: [string, string][]) {
  const { promise, resolve, reject } = Promise.withResolvers<Problem>();
  const sent = request(`${url}/things`, { method: 'POST', agent: false }, (answer) =>
    resolve(json(answer) as Promise<Problem>),
  );
  for (const [name, value] of headers) sent.setHeader(name, value);
  sent.on('error', reject).end(BODY);
  return formOf(await promise);
}

test('type leads to the page of a problem, and pointers are fragments', async (t) => {
  const url = await startThings(t);
  const json = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/things`, { method: 'POST', headers: json, body: BODY });
  assert.deepEqual(formOf((await answer.json()) as Problem), NEW);
  const refused = (await (await fetch(`${url}/nothing`)).json()) as Problem;
  assert.equal(refused.type, '/problems/not-found');
  const malformed = (await (await fetch(`${url}/%`)).json()) as Problem;
  assert.equal(malformed.type, '/problems/invalid-request');
});

test('the command line of a former version gets the former form', async (t) => {
  const url = await startThings(t);
  // As it builds its requests (cli/client/api.ts of that version).
  for (const language of ['ru', 'en']) {
    const headers = { 'accept-language': language, 'content-type': 'application/json' };
    const answer = await fetch(`${url}/things`, { method: 'POST', headers, body: BODY });
    assert.deepEqual(formOf((await answer.json()) as Problem), FORMER);
  }
  const read = { 'accept-language': 'en', authorization: 'Bearer x' };
  const { type } = (await (await fetch(`${url}/nothing`, { headers: read })).json()) as Problem;
  assert.equal(type, 'urn:orderbell:problem:not-found');
});

test('the console of a former version gets the former form, a shop of another origin does not', async (t) => {
  const url = await startThings(t);
  const { host } = new URL(url);
  const browser: [string, string][] = [
    ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64)'],
    ['content-type', 'application/json'],
    ['accept-language', 'ru'],
  ];
  assert.deepEqual(await rawForm(url, browser), FORMER);
  assert.deepEqual(await rawForm(url, [...browser, ['sec-fetch-site', 'same-origin']]), FORMER);
  assert.deepEqual(await rawForm(url, [...browser, ['origin', `http://${host}`]]), FORMER);
  for (const foreign of [
    ['sec-fetch-site', 'cross-site'],
    ['sec-fetch-site', 'same-site'],
    ['origin', 'https://shop.example'],
    ['origin', 'null'],
  ] as [string, string][]) {
    assert.deepEqual(await rawForm(url, [...browser, foreign]), NEW, String(foreign));
  }
});

test('no other program gets the former form', async (t) => {
  const url = await startThings(t);
  const type: [string, string] = ['content-type', 'application/json'];
  for (const headers of [
    [type],
    [type, ['accept-language', 'en'], ['user-agent', 'node']],
    [['accept-language', 'en'], type, ['user-agent', 'curl/8.0']],
    [['accept-language', 'en-GB'], type, ['user-agent', 'node']],
    [['accept-language', 'ru-RU,ru;q=0.9'], type, ['user-agent', 'Mozilla/5.0']],
  ] as [string, string][][]) {
    assert.deepEqual(await rawForm(url, headers), NEW, String(headers));
  }
});

test('a client reads the place of either form', () => {
  for (const pointer of ['', '/items/0/quantity', '/a b#%~1~0я', '/"<>^`{|}\\']) {
    assert.match(fragmentOf(pointer), /^#(?:[\w/?:@!$&'()*+,;=.~-]|%[0-9A-F]{2})*$/);
    assert.equal(placeOf(fragmentOf(pointer)), pointer);
    assert.equal(placeOf(pointer), pointer);
  }
  assert.equal(placeOf(fragmentOf('/\ud800')), '/\ufffd');
  assert.equal(placeOf('#/%zz'), '/%zz');
});
