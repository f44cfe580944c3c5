import { randomUUID } from 'node:crypto';
import { placeOrder } from '#contracts/gateway.ts';
import { bodyBytesMax } from '#platform/http/body-limit.ts';
import { ORDER } from './connection-loads.ts';
import type { HostileContext, HostileLoad } from './context.ts';
import { isUsable, oneByOne, openSocket, requestText, times } from './sockets.ts';

const CONNECTIONS = 64;
const BRACKETS = 100_000;
const ENDLESS_CHUNK = `10000\r\n${' '.repeat(0x10000)}\r\n`;

const post = (context: HostileContext, path: string, body: object) =>
  requestText(context, { method: 'POST', path, body: JSON.stringify(body) });

const signIns: HostileLoad = {
  name: 'sign-ins',
  title: `${CONNECTIONS} connections sign in with wrong passwords and unknown addresses`,
  async prepare(context) {
    const { email } = await context.createCustomer(0);
    const next = (index: number) => {
      const address = index % 2 === 0 ? email : `${randomUUID()}@example.com`;
      return post(context, '/v1/sessions', { email: address, password: randomUUID() });
    };
    return () => times(CONNECTIONS, (index) => oneByOne(context, () => next(index)));
  },
};

const registrations: HostileLoad = {
  name: 'registrations',
  title: `${CONNECTIONS} connections register customers`,
  prepare: async (context) => () => {
    const next = () =>
      post(context, '/v1/registrations', {
        email: `${randomUUID()}@example.com`,
        password: randomUUID(),
        name: 'Анна',
      });
    return times(CONNECTIONS, () => oneByOne(context, next));
  },
};

const bigBodies: HostileLoad = {
  name: 'big-bodies',
  title: 'bodies at the limit, above it, and without an end',
  async prepare(context) {
    const { token } = await context.createCustomer(0);
    const limit = bodyBytesMax(placeOrder.body);
    const bytes = Buffer.byteLength(ORDER);
    const order = (length: number) => `${ORDER}${' '.repeat(length - bytes)}`;
    const text = (body: string) =>
      requestText(context, { method: 'POST', path: '/v1/orders', token, body });
    const [atLimit, above] = [text(order(limit)), text(order(limit + 1))];
    return async () => {
      await Promise.all([
        times(8, () => oneByOne(context, () => atLimit)),
        times(8, () => oneByOne(context, () => above)),
        times(8, () => endless(context, token)),
      ]);
    };
  },
};

/** A chunked body that goes on as long as the server reads it. */
async function endless(context: HostileContext, token: string): Promise<void> {
  const head =
    `POST /v1/orders HTTP/1.1\r\nhost: ${context.host}:${context.port}\r\n` +
    `authorization: Bearer ${token}\r\ncontent-type: application/json\r\n` +
    'transfer-encoding: chunked\r\n\r\n';
  while (!context.over.aborted) {
    const socket = openSocket(context);
    socket.write(head);
    while (isUsable(context, socket)) {
      socket.write(ENDLESS_CHUNK);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

const deepJson: HostileLoad = {
  name: 'deep-json',
  title: `JSON of ${BRACKETS.toLocaleString('en')} brackets on 16 connections`,
  async prepare(context) {
    const { token } = await context.createCustomer(0);
    const bodies = ['['.repeat(BRACKETS), '{"a":'.repeat(BRACKETS), '[[],'.repeat(BRACKETS)];
    const texts = bodies.map((body) =>
      requestText(context, { method: 'POST', path: '/v1/orders', token, body }),
    );
    // Without a token too: a registration is open to anybody.
    texts.push(
      requestText(context, {
        method: 'POST',
        path: '/v1/registrations',
        body: bodies[0] as string,
      }),
    );
    let turn = 0;
    const next = () => texts[turn++ % texts.length] as string;
    return () => times(16, () => oneByOne(context, next));
  },
};

export const REQUEST_LOADS = [signIns, registrations, bigBodies, deepJson];
