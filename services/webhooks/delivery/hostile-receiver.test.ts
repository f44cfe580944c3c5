import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startWebhookBench } from '#harness/system/webhook-bench.ts';
import { startWebhookReceiver } from '#harness/system/webhook-receiver.ts';
import { PER_ENDPOINT_MAX } from './claim-store.ts';
import { createPostWebhook } from './post-webhook.ts';
import { newWebhookSecret } from './sign.ts';

// Long enough for a busy machine to see what comes before the time-out.
const TIMEOUT_MS = 2_000;
const HEAD = 'HTTP/1.1 200 OK\r\n';

/** A server that writes what it likes once a request has come. @returns one attempt to post to it */
async function startHostile(t: TestContext, write: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    socket.once('data', () => write(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sender = createPostWebhook({ allowPrivate: true }, TIMEOUT_MS);
  t.after(async () => {
    await sender.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const message = { id: 'a', timestamp: 1, body: '{}' };
  const options = { secrets: [newWebhookSecret()], signal: new AbortController().signal };
  return {
    sockets,
    post: () => sender.post(`http://127.0.0.1:${port}/`, message, options),
  };
}

/** Writes the same piece until the other side has gone. */
const forever = (piece: string, everyMs: number) => async (socket: Socket) => {
  while (!socket.destroyed) {
    // Rejects where the other side resets the connection.
    const drained = () => Promise.race([once(socket, 'drain'), once(socket, 'close')]);
    if (!socket.write(piece)) await drained().catch(() => {});
    await pause(everyMs);
  }
};

const REFUSED: Record<string, [write: (socket: Socket) => unknown, error: RegExp]> = {
  'headers byte by byte': [forever('a', 20), /no answer within|HTTP/],
  'a header that goes on byte by byte': [
    (socket) => {
      socket.write(`${HEAD}x: `);
      return forever('a', 20)(socket);
    },
    /no answer within/,
  ],
  'endless headers': [
    (socket) => {
      socket.write(HEAD);
      return forever(`x: ${'a'.repeat(1_000)}\r\n`, 0)(socket);
    },
    /Headers Overflow/i,
  ],
  'endless 1xx answers': [forever('HTTP/1.1 103 Early Hints\r\n\r\n', 0), /no answer within/],
  'another protocol': [
    (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'),
    /upgrade|no answer within/i,
  ],
  'no HTTP': [(socket) => socket.write('220 mail.example.com ESMTP\r\n'), /HTTP/],
  'two lengths': [
    (socket) => socket.write(`${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nab`),
    /Content-Length/i,
  ],
};

test('a receiver that answers no HTTP, or without an end, fails in time', {
  concurrency: true,
}, async (t) => {
  await Promise.all(
    Object.entries(REFUSED).map(([name, [write, error]]) =>
      t.test(name, async (t) => {
        const { post } = await startHostile(t, write);
        await assert.rejects(post(), error);
      }),
    ),
  );
});

test('a body that never ends changes nothing about the answer, and costs its connection', async (t) => {
  const drip = forever('1\r\na\r\n', 20);
  const { post, sockets } = await startHostile(t, (socket) => {
    socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
    return drip(socket);
  });
  assert.equal((await post()).status, 200);
  for (const socket of sockets) {
    // Not `once`, which an error on the way to the end would reject.
    if (!socket.destroyed) await new Promise((resolve) => socket.on('close', resolve));
  }
});

test('endpoints of one host do not wait for each other', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const bench = await startWebhookBench(t);
  await bench.endpoint(receiver.url);
  await bench.endpoint(`${receiver.url}/other`);
  await bench.events(2 * PER_ENDPOINT_MAX);
  receiver.answer(({ path }) => (path === '/hook' ? 'hang' : { status: 204 }));
  bench.worker();
  await bench.until('delivered', 2 * PER_ENDPOINT_MAX);
  await bench.until('delivering', PER_ENDPOINT_MAX);
});
