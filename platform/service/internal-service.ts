import type { FastifyRequest } from 'fastify';
import type { JSONWebKeySet } from 'jose';
import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { createFaultLog } from '../async/fault-log.ts';
import { withTimeout } from '../async/timeout.ts';
import { AppError, commonProblems } from '../errors.ts';
import { checkActor } from '../http/actor.ts';
import type { Endpoint, EndpointReply } from '../http/endpoint.ts';
import { refuseForeignHosts } from '../http/host-check.ts';
import { takeLocalCalls } from '../http/in-process.ts';
import { serveBatch } from '../http/request-batch.ts';
import { type Call, createHttpServer, type HttpServer, listen, serve } from '../http/server.ts';
import { serveMetrics } from '../http/server-metrics.ts';
import { createCallerCheck } from '../http/service-token.ts';
import { createListenerTls, listenerTlsSettings } from '../http/tls.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type MetricsServer, startMetricsServer } from '../metrics/metrics-server.ts';

export interface RunningService {
  /** Base URL of its HTTP API. */
  url: string;
  /** Where the metrics are on a port of their own; absent without METRICS_PORT. */
  metricsUrl?: string | undefined;
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
  METRICS_PORT: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description:
        'Port of GET /metrics alone, for Prometheus; 0 takes any free one, without it there is none.',
    }),
  ),
  STOP_DELAY_MS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 300_000,
    description:
      'How long a stop serves requests while /readyz answers 503, so that load balancers notice.',
  }),
  ...listenerTlsSettings,
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
  /** While it takes no writes, the service is not ready. Closed last. */
  database: { checkWritable(): Promise<unknown>; close(): Promise<void> };
  metrics: Metrics;
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
  const { name, config, log, database, metrics } = options;
  const logRequests = config.LOG_REQUESTS;
  const app = createHttpServer({
    log,
    logRequests,
    metrics,
    stopDelayMs: config.STOP_DELAY_MS,
    tls: createListenerTls(config, log),
  });
  // All other operations ask for a service token.
  refuseForeignHosts(app, { guards: (url) => url === '/metrics' });
  const keys = JSON.parse(config.SERVICE_PUBLIC_KEYS) as JSONWebKeySet;
  const checkToken = createCallerCheck(name, keys);
  const checkCaller: CheckCaller = async (request) => {
    const caller = await checkToken(request.headers.authorization);
    checkActor(caller, request);
    return caller;
  };
  serveHealth(app, { database: () => database.checkWritable() });
  serveMetrics(app, metrics);
  const batchCallers = new Set<string>();
  const identifyBatch: CheckCaller = async (request) => {
    const caller = await checkCaller(request);
    if (batchCallers.has(caller)) return caller;
    throw new AppError(commonProblems.forbidden, `${caller} may not call in batches`);
  };
  // Only a service with a batchable operation has the route, as its OpenAPI document says.
  let calls: ReturnType<typeof serveBatch> | undefined;
  options.routes({
    app,
    serve(endpoint, handle) {
      const identify = onlyCallersOf(endpoint, checkCaller);
      serve(app, endpoint, { identify }, handle);
      if (!endpoint.batchable) return;
      for (const caller of endpoint.callers ?? []) batchCallers.add(caller);
      calls ??= serveBatch(app, identifyBatch, { log, logRequests, metrics });
      calls.add(endpoint, identify, handle);
    },
  });
  const { url, metricsServer } = await startListeners(app, config, metrics, log);
  // Not beside TLS, which may ask the caller for a certificate.
  const endLocalCalls =
    calls && url.startsWith('http:') ? takeLocalCalls(url, calls.runLocal) : undefined;
  return {
    url,
    metricsUrl: metricsServer?.url,
    async close() {
      const localCalls = endLocalCalls?.();
      await app.close();
      await localCalls;
      await options.close?.();
      await metricsServer?.close();
      await database.close();
    },
  };
}

const ListenerSettings = Type.Object(listenerSettings);

/** Where a service listens. */
interface Listeners {
  /** Base URL of its HTTP API. */
  url: string;
  /** The metrics on a port of their own; null without METRICS_PORT. */
  metricsServer: MetricsServer | null;
}

/**
 * Listens for requests, and for scrapes where METRICS_PORT is set. Scrapes first: a service takes no
 * request before it knows that its start succeeds.
 */
export async function startListeners(
  app: HttpServer,
  { LISTEN_ADDRESS: host, PORT, METRICS_PORT: port }: Static<typeof ListenerSettings>,
  metrics: Metrics,
  log: Logger,
): Promise<Listeners> {
  const metricsServer =
    port === undefined ? null : await startMetricsServer({ metrics, host, port, log });
  try {
    return { url: await listen(app, host, PORT, 'PORT'), metricsServer };
  } catch (error) {
    await metricsServer?.close();
    throw error;
  }
}

/** @returns the calling service */
type CheckCaller = (request: FastifyRequest) => Promise<string>;

function onlyCallersOf(endpoint: Endpoint, checkCaller: CheckCaller) {
  return async (request: FastifyRequest): Promise<string> => {
    const caller = await checkCaller(request);
    if (endpoint.callers?.includes(caller)) return caller;
    throw new AppError(commonProblems.forbidden, `${caller} may not ${endpoint.operationId}`);
  };
}

// A check that hangs must not block the answer. As long as a query may take (connections.ts).
const CHECK_TIMEOUT_MS = 2_000;

/**
 * `/livez`: the process answers. `/readyz`: its dependencies answer too; otherwise 503 names the
 * failed ones within 2 s. A stopping service is alive, not ready, and names no check
 * (graceful-close.ts).
 */
export function serveHealth(app: HttpServer, checks: Record<string, () => Promise<unknown>>): void {
  const report = createFaultLog({ log: app.log as unknown as Logger });
  async function listFailed(): Promise<string[]> {
    const failed: string[] = [];
    await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          await withTimeout(CHECK_TIMEOUT_MS, check());
        } catch (error) {
          report('not ready', error, { check: name });
          failed.push(name);
        }
      }),
    );
    return failed.sort();
  }
  // Never refused by admission control, so a flood must not multiply the checks.
  let running: Promise<string[]> | null = null;
  const shareRunning = () => {
    running ??= listFailed().finally(() => {
      running = null;
    });
    return running;
  };
  app.get('/livez', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const failed = await shareRunning();
    if (failed.length === 0) return { status: 'ok' };
    return reply.code(503).send({ status: 'unavailable', failed });
  });
}
