import type { FastifyRequest } from 'fastify';
import type { JSONWebKeySet } from 'jose';
import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { withTimeout } from '../async/timeout.ts';
import { AppError, commonProblems, describeError } from '../errors.ts';
import type { Endpoint, EndpointReply } from '../http/endpoint.ts';
import { type Metric, serveMetrics } from '../http/metrics.ts';
import { serveBatch } from '../http/request-batch.ts';
import { type Call, createHttpServer, type HttpServer, listen, serve } from '../http/server.ts';
import { type CallerCheck, createCallerCheck } from '../http/service-token.ts';

export interface RunningService {
  /** Base URL of its HTTP API. */
  url: string;
  /** Finishes running requests, stops background work, closes connections. */
  close(): Promise<void>;
}

export const listenerSettings = {
  LOG_REQUESTS: Type.Boolean({
    default: true,
    description: 'Whether each request, event and letter has a line in the log, at level info.',
  }),
  // Not HOST: some shells and tools export it with another meaning.
  LISTEN_ADDRESS: Type.String({
    default: '127.0.0.1',
    format: 'listen-address',
    description: 'Address to listen on.',
  }),
  PORT: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 65_535,
    description: 'Port to listen on; 0 takes any free one.',
  }),
};

/** Settings of every service with internal callers. */
export const calleeSettings = {
  ...listenerSettings,
  SERVICE_PUBLIC_KEYS: Type.String({
    format: 'jwks',
    description: 'JWKS (JSON) of the calling services; the kid of each key is the caller.',
  }),
};

const CalleeSettings = Type.Object(calleeSettings);

interface InternalServiceOptions {
  name: string;
  config: Static<typeof CalleeSettings>;
  log: Logger;
  /** Without it the service is not ready. Closed last. */
  database: { query(text: string): Promise<unknown>; close(): Promise<void> };
  /** Metrics in addition to those of the process. */
  metrics?: Metric[];
  routes: (api: InternalApi) => void;
  /** Stops background work. Called after the last request. */
  close?: () => Promise<void>;
}

/** Registers operations that only the declared callers may use. */
export interface InternalApi {
  app: HttpServer;
  serve<E extends Endpoint, const R extends EndpointReply<E>>(
    endpoint: E,
    handle: (call: Call<E, string>) => Promise<R>,
  ): void;
}

/** Starts the HTTP API of a service, which requires service tokens (docs/reference/security.md). */
export async function startInternalService(
  options: InternalServiceOptions,
): Promise<RunningService> {
  const { name, config, log, database } = options;
  const logRequests = config.LOG_REQUESTS;
  const app = createHttpServer({ log, logRequests });
  const keys = JSON.parse(config.SERVICE_PUBLIC_KEYS) as JSONWebKeySet;
  const checkCaller = createCallerCheck(name, keys);
  serveHealth(app, { database: () => database.query('select 1') });
  serveMetrics(app, options.metrics ?? []);
  const identifyBatch = (request: FastifyRequest) => checkCaller(request.headers.authorization);
  const calls = serveBatch(app, identifyBatch, { log, logRequests });
  options.routes({
    app,
    serve(endpoint, handle) {
      const identify = onlyCallersOf(endpoint, checkCaller);
      serve(app, endpoint, { identify }, handle);
      if (endpoint.batchable) calls.add(endpoint, identify, handle);
    },
  });
  const url = await listen(app, config.LISTEN_ADDRESS, config.PORT, 'PORT');
  return {
    url,
    async close() {
      await app.close();
      await options.close?.();
      await database.close();
    },
  };
}

function onlyCallersOf(endpoint: Endpoint, checkCaller: CallerCheck) {
  return async (request: FastifyRequest): Promise<string> => {
    const caller = await checkCaller(request.headers.authorization);
    if (endpoint.callers?.includes(caller)) return caller;
    throw new AppError(commonProblems.forbidden, `${caller} may not ${endpoint.operationId}`);
  };
}

// A check that hangs must not block the answer. As long as a query may take (connections.ts).
const CHECK_TIMEOUT_MS = 2_000;

/**
 * `/livez`: the process answers. `/readyz`: its dependencies answer too; otherwise 503 names the
 * failed ones within 2 s. A stopping service is alive and not ready (graceful-close.ts).
 */
export function serveHealth(app: HttpServer, checks: Record<string, () => Promise<unknown>>): void {
  app.get('/livez', async () => ({ status: 'ok' }));
  app.get('/readyz', async (request, reply) => {
    const failed: string[] = [];
    await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          await withTimeout(CHECK_TIMEOUT_MS, check());
        } catch (error) {
          request.log.warn({ check: name }, `not ready: ${describeError(error)}`);
          failed.push(name);
        }
      }),
    );
    if (failed.length === 0) return { status: 'ok' };
    return reply.code(503).send({ status: 'unavailable', failed: failed.sort() });
  });
}
