import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { Type } from 'typebox';
import type { Endpoint } from './endpoint.ts';
import { anyone, createHttpServer, listen, serve } from './server.ts';

const notify = {
  operationId: 'notify',
  method: 'POST',
  path: '/bells/notify',
  summary: 'Rings',
  responses: { 200: Type.Object({ rung: Type.Boolean() }) },
} as const satisfies Endpoint;

test('an operation without a body takes none, an empty one or an empty object, and nothing else', async (t) => {
  const app = createHttpServer({ log: pino({ level: 'silent' }) });
  t.after(() => app.close());
  let rung = 0;
  serve(app, notify, { identify: anyone }, async () => {
    rung++;
    return { status: 200, body: { rung: true } };
  });
  const url = await listen(app, '127.0.0.1', 0);
  const post = async (body?: string, type: string | null = 'application/json') => {
    const answer = await fetch(`${url}/bells/notify`, {
      method: 'POST',
      headers: type === null ? {} : { 'content-type': type },
      ...(body !== undefined && { body }),
    });
    return {
      status: answer.status,
      violations: ((await answer.json()) as { errors?: object[] }).errors,
    };
  };

  assert.equal((await post(undefined, null)).status, 200);
  for (const body of [undefined, '', '{}', 'null']) {
    assert.equal((await post(body)).status, 200, `body ${body}`);
  }
  assert.equal(rung, 5);

  for (const [body, pointer, rule] of [
    ['{"loud":true}', '/loud', 'additionalProperties'],
    ['{"a/b~c":1}', '/a~1b~0c', 'additionalProperties'],
    ['[]', '', 'type'],
    ['7', '', 'type'],
    ['{', '', 'json'],
  ] as const) {
    const { status, violations } = await post(body);
    assert.equal(status, 400, body);
    const [first] = violations as { pointer: string; rule: string }[];
    assert.deepEqual([first?.pointer, first?.rule], [pointer, rule], body);
  }
  assert.equal((await post('x', 'text/plain')).status, 415);
  assert.equal(rung, 5);
});
