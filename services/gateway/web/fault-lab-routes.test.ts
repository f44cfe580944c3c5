import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { testLog } from '#harness/database.ts';
import { call } from '#harness/requests.ts';
import { loadConfig } from '#platform/config/load-config.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { createHttpServer, listen } from '#platform/http/server.ts';
import { GatewayConfig } from '../context/config.ts';
import { serveFaultLab } from './fault-lab-routes.ts';

const OPERATOR = { authorization: 'Bearer operator' };

/** A lab that answers with what reached it, and a gateway in front of it. */
async function start(t: TestContext) {
  const lab = createHttpServer({ log: testLog });
  lab.all('/key/lab/*', ({ method, url, body }, reply) => {
    reply.code(url.endsWith('no') ? 404 : 200).send({ method, url, body: body ?? null });
  });
  const app = createHttpServer({ log: testLog });
  const identifyOperator = async (request: { headers: { authorization?: string | undefined } }) => {
    if (request.headers.authorization === OPERATOR.authorization) return null as never;
    throw new AppError(commonProblems.forbidden, 'not an operator');
  };
  serveFaultLab(app, { identifyOperator }, `${await listen(lab, '127.0.0.1', 0)}/key`);
  t.after(() => app.close());
  t.after(() => lab.close());
  return { url: await listen(app, '127.0.0.1', 0), lab };
}

test('the gateway passes requests of operators on to the lab, and no others', async (t) => {
  const { url } = await start(t);
  const body = { on: true, forS: 5 };
  const path = '/lab/faults/mail-hangs';
  const put = await call(url, 'PUT', path, { headers: OPERATOR, body });
  assert.deepEqual([put.status, put.body], [200, { method: 'PUT', url: `/key${path}`, body }]);
  const placed = await call(url, 'POST', '/lab/orders', { headers: OPERATOR });
  assert.deepEqual(placed.body, { method: 'POST', url: '/key/lab/orders', body: null });
  // A name never leads to another path of the lab.
  const odd = await call(url, 'PUT', '/lab/faults/%2e%2e%2fno', { headers: OPERATOR, body });
  assert.deepEqual([odd.status, odd.body.url], [404, '/key/lab/faults/..%2Fno']);
  assert.equal((await call(url, 'PUT', path, { body })).status, 403);
  assert.equal((await call(url, 'GET', '/lab/faults')).status, 403);
});

test('without an answer of the lab the gateway says so', async (t) => {
  const { url, lab } = await start(t);
  await lab.close();
  const answer = await call(url, 'GET', '/lab/faults', { headers: OPERATOR });
  assert.deepEqual([answer.status, answer.body.code], [503, 'unavailable']);
});

test('neither the lab nor the gateway in front of it is beyond this machine', () => {
  const problems = (env: Record<string, string>) => {
    try {
      loadConfig('gateway', GatewayConfig, env);
      return '';
    } catch (error) {
      return String(error)
        .split('\n')
        .filter((line) => line.includes('FAULT_LAB_URL'))
        .join();
    }
  };
  const here = { FAULT_LAB_URL: 'http://127.0.0.1:1/key' };
  assert.equal(problems(here), '');
  assert.match(problems({ ...here, LISTEN_ADDRESS: '0.0.0.0' }), /LISTEN_ADDRESS must be 127/);
  assert.match(problems({ FAULT_LAB_URL: 'https://lab.example/key' }), /must be on this machine/);
});
