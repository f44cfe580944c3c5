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
import { limitRequests } from '#platform/http/admission.ts';
import type { HttpServer } from '#platform/http/server.ts';
import type { Metric } from '#platform/metrics/metrics.ts';

// No setting refuses 64 connections.
const MINIMUM = 64;
const MAXIMUM = 10_000;

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
};

const LimitSettings = Type.Object(limitSettings);

type RequestClass = 'orders' | 'sign-ins' | 'requests';

/** Limits each class of requests under /v1; health and metrics are never refused. */
export function limitWork(
  app: HttpServer,
  config: Static<typeof LimitSettings>,
  log: Logger,
): Metric[] {
  return limitRequests<RequestClass>(app, {
    limits: {
      orders: config.ORDERS_IN_FLIGHT_MAX,
      'sign-ins': config.SIGN_INS_IN_FLIGHT_MAX,
      requests: config.REQUESTS_IN_FLIGHT_MAX,
    },
    classOf: ({ method, routeOptions: { url } }) => {
      if (url === undefined || !url.startsWith('/v1/')) return null;
      if (method === 'POST' && url === placeOrder.path) return 'orders';
      return signIns.has(`${method} ${url}`) ? 'sign-ins' : 'requests';
    },
    log,
  });
}

// What hashes a password. A renewal does not: signed-in devices go on in a flood of sign-ins.
const signIns = new Set(
  [signIn, register, changePassword, requestPasswordReset, redeemPasswordReset].map(
    ({ method, path }) => `${method} ${path}`,
  ),
);
