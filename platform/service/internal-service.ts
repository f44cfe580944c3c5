import type { FastifyRequest } from 'fastify';
import type { JSONWebKeySet } from 'jose';
import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { within } from '../async/deadline.ts';
import { AppError, commonProblems, describeError } from '../errors.ts';
import type { Endpoint, EndpointReply } from '../http/endpoint.ts';
import { type Metric, serveMetrics } from '../http/metrics.ts';
import { serveBatch } from '../http/request-batch.ts';
import { type Call, createHttpServer, type HttpServer, listen, serve } from '../http/server.ts';
import { type CallerCheck, createCallerCheck } from '../http/service-token.ts';

/** A started service. */
export interface RunningService {
  /** Base URL of its HTTP API. */
  url: string;
  /** Finishes what runs, stops background work, closes connections. */
  close(): Promise<void>;
}

/** Where every service listens. */
export const listenerSettings = {
  // Not HOST: some shells and tools export that with the machine's or the compiler's name.
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

/** What every service that others call needs. */
export const calleeSettings = {
  ...listenerSettings,
  SERVICE_PUBLIC_KEYS: Type.String({
    format: 'jwks',
    description: 'JWKS (JSON) of the calling services; the kid of each key is the caller.',
  }),
};

const CalleeSettings = Type.Object(calleeSettings);

export interface InternalServiceOptions {
  name: string;
  config: Static<typeof CalleeSettings>;
  log: Logger;
  /** What must work for the service to be ready, by name. */
  ready: Record<string, () => Promise<unknown>>;
  /** What `/metrics` tells beside the process itself. */
  metrics?: Metric[];
  routes: (api: InternalApi) => void;
  /** Called when the last request is done. */
  close: () => Promise<void>;
}

/** Registers operations that only the declared callers may use. */
export interface InternalApi {
  app: HttpServer;
  serve<E extends Endpoint, const R extends EndpointReply<E>>(
    endpoint: E,
    handle: (call: Call<E, string>) => Promise<R>,
  ): void;
}

/** Starts the HTTP side of a service behind service credentials (docs/reference/security.md). */
export async function startInternalService(
  options: InternalServiceOptions,
): Promise<RunningService> {
  const { name, config, log } = options;
  const app = createHttpServer({ log });
  const keys = JSON.parse(config.SERVICE_PUBLIC_KEYS) as JSONWebKeySet;
  const checkCaller = createCallerCheck(name, keys);
  serveHealth(app, options.ready);
  serveMetrics(app, options.metrics ?? []);
  const calls = serveBatch(app, (request) => checkCaller(request.headers.authorization));
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
      await options.close();
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

// A probe that is not answered is repeated by who asks; one that hangs holds it up. As long as a
// statement may take (database.ts).
const CHECK_TIMEOUT_MS = 2_000;

/**
 * `/livez`: the process answers. `/readyz`: what it needs to do its work answers too; 503 names
 * what does not, within 2 s. A service that stops is alive and not ready (http-closing.ts).
 */
export function serveHealth(app: HttpServer, checks: Record<string, () => Promise<unknown>>): void {
  app.get('/livez', async () => ({ status: 'ok' }));
  app.get('/readyz', async (request, reply) => {
    const failed: string[] = [];
    await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          await within(CHECK_TIMEOUT_MS, check());
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
