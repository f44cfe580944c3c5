import { setTimeout as delay } from 'node:timers/promises';
import type { HostileLoad } from './context.ts';
import { oneByOne, openSocket, pipeline, requestText, slowly, times } from './sockets.ts';

const IDLE = 2_000;
const SLOW = 300;
const SLOW_MS = 200;
const RICH = 1_000_000_000;
const FLOOD_CONNECTIONS = 100;
const BIG_ORDERS = 100;

const item = (name: string) => ({
  name,
  quantity: 1,
  unitPrice: { amount: 100, currency: 'RUB' },
});
export const ORDER = JSON.stringify({ items: [item('Книга')] });
// About 47 KB, as large as an order may be that is stored.
const BIG_ORDER = JSON.stringify({
  items: Array.from({ length: 100 }, (_, i) => item(`${i}${'Ж'.repeat(190)}`)),
});

const PATHS = ['/docs/assets/swagger-ui-bundle.js', '/', '/mailbox/messages', '/openapi.json'];

const unreadFiles: HostileLoad = {
  name: 'unread-files',
  title: '10 connections pipeline files, pages and lists, and read nothing',
  prepare: async (context) => () => {
    const requests = PATHS.map((path) => requestText(context, { method: 'GET', path }));
    return times(10, () => pipeline(context, requests, { reads: false }));
  },
};

const pipelinedOrders: HostileLoad = {
  name: 'pipelined-orders',
  title: 'one customer pipelines thousands of orders on 4 connections',
  async prepare(context) {
    const { token } = await context.createCustomer(RICH);
    const order = requestText(context, { method: 'POST', path: '/v1/orders', token, body: ORDER });
    return () => times(4, () => pipeline(context, [order], { reads: true }));
  },
};

const pipelinedLists: HostileLoad = {
  name: 'pipelined-lists',
  title: 'one customer pipelines lists of 100 orders of 47 KB on 2 connections',
  async prepare(context) {
    const { token } = await context.createCustomer(0);
    for (let placed = 0; placed < BIG_ORDERS; placed++) {
      const answer = await fetch(`${context.url}/v1/orders`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: BIG_ORDER,
      });
      if (answer.status !== 406) throw new Error(`a declined order was answered ${answer.status}`);
      await answer.arrayBuffer();
    }
    const list = requestText(context, { method: 'GET', path: '/v1/orders?limit=100', token });
    return () => times(2, () => pipeline(context, [list], { reads: true }));
  },
};

const flood: HostileLoad = {
  name: 'flood',
  title: `one customer places orders on ${FLOOD_CONNECTIONS} connections`,
  async prepare(context) {
    const { token } = await context.createCustomer(RICH);
    const order = requestText(context, { method: 'POST', path: '/v1/orders', token, body: ORDER });
    return () => times(FLOOD_CONNECTIONS, () => oneByOne(context, () => order));
  },
};

const declinedOrders: HostileLoad = {
  name: 'declined-orders',
  title: 'one customer without money places orders on 16 connections',
  async prepare(context) {
    const { token } = await context.createCustomer(0);
    const order = requestText(context, { method: 'POST', path: '/v1/orders', token, body: ORDER });
    return () => times(16, () => oneByOne(context, () => order));
  },
};

const idle: HostileLoad = {
  name: 'idle',
  title: `${IDLE.toLocaleString('en')} connections that send nothing`,
  prepare: async (context) => async () => {
    for (let opened = 0; opened < IDLE && !context.over.aborted; opened++) {
      openSocket(context);
      // In bursts: the backlog of a listener is limited.
      if (opened % 50 === 49) await delay(20);
    }
  },
};

const slowHeaders: HostileLoad = {
  name: 'slow-headers',
  title: `${SLOW} connections send a header of a character every ${SLOW_MS} ms`,
  prepare: async (context) => () => {
    const head = requestText(context, { method: 'GET', path: '/' }).trimEnd();
    return times(SLOW, () => slowly(context, `${head}\r\nx-slow: ${'x'.repeat(1_000)}`, SLOW_MS));
  },
};

const slowBodies: HostileLoad = {
  name: 'slow-bodies',
  title: `${SLOW} connections send a body of a character every ${SLOW_MS} ms`,
  async prepare(context) {
    const { token } = await context.createCustomer(0);
    const whole = { method: 'POST', path: '/v1/orders', token, body: ' ', length: 10_000 } as const;
    const head = requestText(context, whole);
    return () =>
      times(SLOW, async () => {
        while (!context.over.aborted) {
          const socket = openSocket(context);
          socket.write(head, 'latin1');
          while (!context.over.aborted && !socket.destroyed) {
            socket.write(' ');
            await delay(SLOW_MS);
          }
        }
      });
  },
};

export const CONNECTION_LOADS: HostileLoad[] = [
  ...[unreadFiles, pipelinedOrders, pipelinedLists, flood, declinedOrders],
  ...[idle, slowHeaders, slowBodies],
];
