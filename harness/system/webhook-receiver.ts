import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../eventually.ts';

/** One request as a receiver gets it. */
export interface ReceivedWebhook {
  id: string;
  timestamp: number;
  headers: IncomingHttpHeaders;
  path: string;
  body: string;
}

/** What a receiver does with a request: answers, or keeps the connection open, or ends it. */
export type ReceiverStep =
  | { status: number; headers?: Record<string, string>; body?: string | Buffer }
  | 'hang'
  | 'cut';

/** A receiver of webhooks whose answers a test decides; without a script it answers 204. */
export async function openWebhookReceiver(open: AsyncDisposableStack) {
  const received: ReceivedWebhook[] = [];
  const hanging: ServerResponse[] = [];
  let step: (webhook: ReceivedWebhook) => ReceiverStep = () => ({ status: 204 });
  let connections = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { headers, url: path = '' } = request;
    const webhook = {
      id: String(headers['webhook-id']),
      timestamp: Number(headers['webhook-timestamp']),
      headers,
      path,
      body: Buffer.concat(chunks).toString(),
    };
    received.push(webhook);
    const next = step(webhook);
    if (next === 'hang') hanging.push(response);
    else if (next === 'cut') request.socket.destroy();
    else response.writeHead(next.status, next.headers).end(next.body);
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    connections: () => connections,
    /** Decides the answers from now on. */
    answer(next: ReceiverStep | ((webhook: ReceivedWebhook) => ReceiverStep)): void {
      step = typeof next === 'function' ? next : () => next;
    },
    /** Answers the requests that hang. */
    release(status = 204): void {
      for (const response of hanging.splice(0)) response.writeHead(status).end();
    },
    hanging: () => hanging.length,
    /** Waits for so many requests. */
    async until(count: number): Promise<ReceivedWebhook[]> {
      return eventually(`${count} webhooks`, async () => received.length >= count && received);
    },
  };
}

export type WebhookReceiver = Awaited<ReturnType<typeof openWebhookReceiver>>;

/** The same, ended with the test. */
export async function startWebhookReceiver(t: TestContext): Promise<WebhookReceiver> {
  const open = new AsyncDisposableStack();
  t.after(() => open.disposeAsync());
  return openWebhookReceiver(open);
}

/**
 * Checks a signature by the library of Standard Webhooks.
 * @returns the document; @throws Error for a signature that is not by this secret
 */
export function verifyWebhook({ headers, body }: ReceivedWebhook, secret: string): unknown {
  return new Webhook(secret).verify(body, headers as Record<string, string>);
}
