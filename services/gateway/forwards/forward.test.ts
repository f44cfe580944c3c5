import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLetters } from '#contracts/gateway.ts';
import { listAllLetters, listLetters } from '#contracts/notifications.ts';
import type { HttpClient } from '#platform/http/client.ts';
import { createHttpServer } from '#platform/http/server.ts';
import { createLog } from '#platform/telemetry/log.ts';
import type { Gateway } from '../context/context.ts';
import { forwardFor } from './forward.ts';

const page = { data: [], nextCursor: null };

/** A server that forwards the letters of a caller named anna, and the requests that it sent on. */
function start(t: { after: (close: () => unknown) => void }) {
  const app = createHttpServer({ log: createLog('gateway', 'silent') });
  t.after(() => app.close());
  const sent: unknown[] = [];
  const client = {
    async call(_operation: unknown, request: unknown) {
      sent.push(request);
      return { status: 200, problem: false, body: page };
    },
  } as unknown as HttpClient;
  const gateway = {
    identify: async () => ({ customerId: 'anna', operator: false, claims: {} }),
    readDeadline: () => undefined,
  } as unknown as Gateway;
  return { app, client, sent, forward: forwardFor('customer', app, gateway) };
}

test('a call for a customer carries the id of the caller, and nothing but', async (t) => {
  const { app, client, sent, forward } = start(t);
  forward(readLetters, client, listLetters);
  const answer = await app.inject('/v1/letters?limit=3');
  assert.deepEqual([answer.statusCode, answer.json()], [200, page]);
  assert.deepEqual((sent[0] as { query: object }).query, { limit: 3, customerId: 'anna' });
  const foreign = await app.inject('/v1/letters?customerId=boris');
  assert.deepEqual([foreign.statusCode, sent.length], [400, 1]);
});

test('an operation about all customers is not forwarded to one', (t) => {
  const { client, forward } = start(t);
  // Its own optional filter by customer would be set, so one without any shows the refusal.
  const { query: _, ...unfiltered } = listAllLetters;
  assert.throws(
    () => forward(readLetters, client, unfiltered),
    /listAllLetters takes no customerId/,
  );
});
