import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Agent, request } from 'undici';
import { eventually } from '#harness/eventually.ts';
import { openSmtpServer } from '../faults/smtp-server.ts';
import { openLinks } from './links.ts';

/** A billing that notes what reaches it, behind the link of the lab. */
async function billingBehindLink(t: TestContext) {
  const open = new AsyncDisposableStack();
  t.after(() => open.disposeAsync());
  const arrived: string[] = [];
  const billing = createServer((asked, answer) => {
    asked.resume().on('end', () => {
      arrived.push(`${asked.method} ${asked.url}`);
      answer.end('{}');
    });
  });
  billing.listen(0, '127.0.0.1');
  await once(billing, 'listening');
  open.defer(() => void billing.close());
  const links = await openLinks(open);
  links.target('billing', `http://127.0.0.1:${(billing.address() as AddressInfo).port}`);
  const dispatcher = new Agent({ pipelining: 1 });
  open.defer(() => dispatcher.destroy());
  async function put(path: string, body = '{}', method: 'PUT' | 'POST' = 'PUT'): Promise<boolean> {
    const url = `http://127.0.0.1:${links.portOf('billing')}${path}`;
    try {
      const answer = await request(url, { method, body, dispatcher });
      await answer.body.dump();
      return true;
    } catch {
      return false;
    }
  }
  return { links, arrived, put };
}

const BATCH = '{"calls":[{"operationId":"decidePayment"}]}';

test('a lost payment never arrives, and recovery is not cut off', async (t) => {
  const { links, arrived, put } = await billingBehindLink(t);
  let hits = 0;
  const end = links.begin('payment-lost', () => {
    hits += 1;
  });
  assert.equal(await put('/payments/1'), false);
  assert.equal(await put('/payments/1/void'), true);
  assert.deepEqual([arrived, hits], [['PUT /payments/1/void'], 1]);
  assert.equal(await put('/calls', BATCH, 'POST'), false);
  assert.equal(hits, 2);
  end();
  assert.equal(await put('/payments/1'), true);
});

test('of two answers to payments one is lost after it took effect', async (t) => {
  const { links, arrived, put } = await billingBehindLink(t);
  links.begin('answer-lost', () => {});
  assert.deepEqual([await put('/payments/1'), await put('/payments/1')], [false, true]);
  assert.deepEqual(arrived, ['PUT /payments/1', 'PUT /payments/1']);
  assert.equal(await put('/wallets/1/top-ups'), true);
});

test('a slow answer is kept until the fault ends at the latest, and other calls pass', async (t) => {
  const { links, arrived, put } = await billingBehindLink(t);
  const held = Promise.withResolvers<void>();
  const end = links.begin('billing-slow', held.resolve);
  const slow = put('/payments/1');
  await held.promise;
  assert.equal(await put('/wallets/1/top-ups'), true);
  assert.deepEqual(arrived, ['PUT /payments/1', 'PUT /wallets/1/top-ups']);
  end();
  assert.equal(await slow, true);
});

test('a mail server that hangs takes connections without a greeting, until the fault ends', async (t) => {
  const open = new AsyncDisposableStack();
  t.after(() => open.disposeAsync());
  const server = await openSmtpServer();
  open.defer(() => server.close());
  const links = await openLinks(open);
  links.target('mail', server.url);
  const call = () => {
    const socket = connect(links.portOf('mail'), '127.0.0.1').on('error', () => {});
    open.defer(() => void socket.destroy());
    return socket;
  };
  const early = call();
  const [greeting] = await once(early, 'data');
  assert.match(String(greeting), /^220 /);
  const end = links.begin('mail-hangs', () => {});
  await once(early, 'close');
  const late = call();
  await eventually('the greeting', async () => server.connections === 2);
  end();
  await once(late, 'close');
  assert.equal(late.bytesRead, 0);
  const [again] = await once(call(), 'data');
  assert.match(String(again), /^220 /);
});
