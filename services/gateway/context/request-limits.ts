import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import {
  changePassword,
  placeOrder,
  redeemPasswordReset,
  register,
  requestPasswordReset,
  signIn,
} from '#contracts/gateway.ts';
import { type ClassLimit, limitRequests } from '#platform/http/admission.ts';
import { clientAddressOf } from '#platform/http/client-address.ts';
import { type Competition, createCompetition } from '#platform/http/fair-queue.ts';
import type { HttpServer } from '#platform/http/server.ts';
import type { Metric } from '#platform/metrics/metrics.ts';

// No setting refuses 64 connections.
const MINIMUM = 64;
const MAXIMUM = 10_000;
// So that a customer with 64 connections is never refused.
const OF_ONE_CLIENT_MAX = 64;

function limit(byDefault: number, what: string) {
  return Type.Integer({
    default: byDefault,
    minimum: MINIMUM,
    maximum: MAXIMUM,
    description: `${what} at once; more are answered 503.`,
  });
}

export const limitSettings = {
  // Two cores end a thousand orders a second, so the last of 128 waits a fraction of a second.
  ORDERS_IN_FLIGHT_MAX: limit(128, 'Orders at work'),
  // A password takes 0.1 s of a core: on two cores the last of 128 still meets its deadline.
  SIGN_INS_IN_FLIGHT_MAX: limit(128, 'Sign-ins and registrations at work'),
  REQUESTS_IN_FLIGHT_MAX: limit(256, 'Other requests at work under /v1'),
  CONNECTIONS_MAX: Type.Integer({
    // With 68 connections to each of five services it fits 1,024 open files.
    default: 600,
    minimum: MINIMUM,
    maximum: 100_000,
    description: 'Open connections; for one more, the one that is idle longest is closed.',
  }),
};

const LimitSettings = Type.Object(limitSettings);

// Running requests of a client that floods, while another one stays within its share. Each order of
// the others waits for those that run, so this number is how much a flood delays them (decision 35).
const ORDERS_SHARE = 2;
const SIGN_INS_SHARE = 16;
// A page of a list keeps PostgreSQL busier than an order does.
const REQUESTS_SHARE = 2;
// An operator's page sends six at once.
const OPERATOR_SHARE = 4;
const MAILBOX_MAX = 64;
const SCRAPES_MAX = 8;

const CLASSES = [
  'orders',
  'sign-ins',
  'requests',
  'operator',
  'mailbox',
  'metrics',
  'pages',
] as const;
type RequestClass = (typeof CLASSES)[number];

/** Never refused: an orchestrator must not kill a process for being busy. */
const HEALTH = ['/livez', '/readyz'];

// What hashes a password. A renewal does not: signed-in devices go on in a flood of sign-ins.
const signIns = new Set(
  [signIn, register, changePassword, requestPasswordReset, redeemPasswordReset].map(
    ({ method, path }) => `${method} ${path}`,
  ),
);

/** The class of a route; null for health. Unknown addresses are pages, since `/` and files are. */
export function classOf(method: string, url: string | undefined): RequestClass | null {
  if (url === undefined) return 'pages';
  if (HEALTH.includes(url)) return null;
  if (url === '/metrics') return 'metrics';
  if (url.startsWith('/mailbox/')) return 'mailbox';
  if (url.startsWith('/lab/')) return 'operator';
  if (!url.startsWith('/v1/')) return 'pages';
  if (url.startsWith('/v1/operator/')) return 'operator';
  if (method === 'POST' && url === placeOrder.path) return 'orders';
  return signIns.has(`${method} ${url}`) ? 'sign-ins' : 'requests';
}

/** The customer of a request, once its token is checked. */
export type Customers = WeakMap<FastifyRequest, string>;

/** Limits each class of requests, and the share of each customer; of sign-ins, of each address. */
export function limitWork(
  app: HttpServer,
  config: Static<typeof LimitSettings>,
  customers: Customers,
  log: Logger,
): Metric[] {
  const shared = (max: number, ofOneClient: number, competition: Competition): ClassLimit => ({
    runningMax: max,
    share: { runningMax: ofOneClient, totalMax: OF_ONE_CLIENT_MAX, competition },
  });
  // One that reads must not slow down those that only order.
  const customersCompete = createCompetition();
  // Apart: otherwise a customer that signed in would compete with the own address.
  const addressesCompete = createCompetition();
  return limitRequests<RequestClass>(app, {
    limits: {
      orders: shared(config.ORDERS_IN_FLIGHT_MAX, ORDERS_SHARE, customersCompete),
      'sign-ins': shared(config.SIGN_INS_IN_FLIGHT_MAX, SIGN_INS_SHARE, addressesCompete),
      requests: shared(config.REQUESTS_IN_FLIGHT_MAX, REQUESTS_SHARE, customersCompete),
      operator: shared(config.REQUESTS_IN_FLIGHT_MAX, OPERATOR_SHARE, customersCompete),
      mailbox: MAILBOX_MAX,
      metrics: SCRAPES_MAX,
      pages: config.REQUESTS_IN_FLIGHT_MAX,
    },
    classOf: ({ method, routeOptions: { url } }) => classOf(method, url),
    clientOf: (request) => customers.get(request) ?? clientAddressOf(request),
    log,
  });
}
