import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createClient, NoAnswerError } from './client.ts';

// Mistakes of the caller, and requests that do not go out as they were meant.

const ID = '0198c0de-1111-7000-8000-000000000000';
const CONTENT = {
  items: [{ name: 'Чай', quantity: 1, unitPrice: { amount: 1, currency: 'RUB' } }],
};

/** A client of a server that answers nothing of ours, and the addresses that were asked. */
function clientOf(
  answer: (signal: AbortSignal | null | undefined) => Response | Promise<Response>,
) {
  const asked: string[] = [];
  const fetch = async (url: string, init: RequestInit) => {
    asked.push(new URL(url).pathname);
    return answer(init.signal);
  };
  return { client: createClient({ baseUrl: 'http://shop.example', fetch }), asked };
}

test('a parameter never leads to another operation', () => {
  const { client, asked } = clientOf(() => new Response());
  for (const orderId of ['.', '..']) {
    const ask = () => client.call('readJourney', { params: { orderId } });
    assert.throws(ask, { name: 'TypeError', message: /^the parameter orderId is/ });
  }
  assert.deepEqual(asked, []);
});

test('a request that cannot be written is a mistake at once, not an open outcome', async () => {
  const { client, asked } = clientOf(() => new Response());
  await assert.rejects(client.placeOrder(CONTENT, { key: 'ключ' }), TypeError);
  await assert.rejects(client.placeOrder(CONTENT, { accessToken: 'secret\nsecret' }), (error) => {
    assert.ok(error instanceof TypeError);
    return !error.message.includes('secret');
  });
  const amount = { amount: 1n as unknown as number, currency: 'RUB' };
  await assert.rejects(client.topUp(amount), TypeError);
  assert.deepEqual(asked, []);
});

test('a timeout longer than a timer can be is no timeout', async () => {
  for (const timeoutMs of [2 ** 31, Number.POSITIVE_INFINITY]) {
    let stopped: boolean | undefined;
    const { client } = clientOf(async (signal) => {
      // A timer that is too long for one ends after a millisecond.
      await setTimeout(20);
      stopped = signal?.aborted;
      return new Response();
    });
    await assert.rejects(client.call('readWallet', { timeoutMs, deadlineMs: 0 }), NoAnswerError);
    assert.equal(stopped, false);
  }
});

test('a 304 that nothing asked for is none of ours', async () => {
  const { client } = clientOf(() => new Response(null, { status: 304 }));
  const former = { status: 200, headers: new Headers(), text: '{}', body: {} };
  const read = client.call('readOrder', { params: { orderId: ID }, former, deadlineMs: 0 });
  await assert.rejects(read, { name: 'NoAnswerError', status: 304 });
});

test('a stopped repetition of an earlier request may be done', async () => {
  const { client, asked } = clientOf(() => new Response());
  const options = { key: 'monday', sentBefore: true, signal: AbortSignal.abort() };
  await assert.rejects(client.placeOrder(CONTENT, options), {
    name: 'OutcomeUnknownError',
    key: 'monday',
  });
  assert.deepEqual(asked, []);
});

test('the language does not stand where the command line of 0.1.0 has it', async () => {
  let names: string[] = [];
  const fetch = async (_: string, { headers }: RequestInit) => {
    names = Object.keys(headers as Record<string, string>);
    return new Response();
  };
  const client = createClient({ baseUrl: 'http://shop.example', language: 'en', fetch });
  const { call } = client;
  await assert.rejects(call('readWallet', { accessToken: 'a', deadlineMs: 0 }), NoAnswerError);
  assert.deepEqual(names, ['authorization', 'accept-language']);
  const options = { accessToken: 'a', key: 'monday', deadlineMs: 0 };
  await assert.rejects(client.placeOrder(CONTENT, options), { name: 'OutcomeUnknownError' });
  assert.deepEqual(names, [
    ...['content-type', 'authorization', 'idempotency-key', 'accept-language'],
  ]);
});
