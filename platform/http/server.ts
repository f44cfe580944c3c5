import { lookup } from 'node:dns/promises';
import type { Server } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import type { Logger } from 'pino';
import { AppError, commonProblems, describeListenFault, type Violation } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { idsIn } from '../telemetry/request-log.ts';
import { annotate } from '../telemetry/tracing.ts';
import { hostInUrl } from '../values/host-names.ts';
import { BODY_BYTES_MAX, bodyBytesMax, noteBodyBytes } from './body-limit.ts';
import { readClientAddresses } from './client-address.ts';
import { sendConditional } from './conditional.ts';
import { boundConnections, type Connections } from './connections.ts';
import type { Endpoint, EndpointInput, EndpointReply } from './endpoint.ts';
import { answerBrokenRequest, createSendError, type PresentProblem } from './error-reply.ts';
import { drainWhenClosing } from './graceful-close.ts';
import { parseJson } from './json.ts';
import { refuseMalformedAddress } from './malformed-address.ts';
import { isList, nextPageLink } from './next-page.ts';
import { createRequestTracing } from './request-tracing.ts';
import { type AnswerHeaders, createAnswerHeaders } from './response-headers.ts';
import { measureRequests } from './server-metrics.ts';
import type { ListenerTls } from './tls.ts';
import { refuseUnknownRoutes } from './unknown-route.ts';
import { createValidatorCompiler, unwantedBody, violationsOf } from './validation.ts';

// A customer id has up to 255 characters, each up to three when percent-encoded.
const PATH_PARAMETER_LENGTH_MAX = 1024;
const HEADER_BYTES_MAX = 16 * 1024;
// Against clients that send slowly to hold connections (slowloris).
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
const CONNECTIONS_CHECK_MS = 5_000;
// Longer than our clients keep an idle connection (load-balancer.ts): the client must close first,
// since it knows whether it is about to use the connection (nodejs/undici#3492).
const KEEP_ALIVE_MS = 72_000;

// Of a service inside: its callers have 64 connections per process.
const CONNECTIONS_MAX = 4_096;
const NODE_OPTIONS = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
  maxHeaderSize: HEADER_BYTES_MAX,
};

export type HttpServer = FastifyInstance;

interface HttpServerOptions {
  log: Logger;
  /** The proxies whose X-Forwarded-For counts, as in TRUST_PROXY; none when absent. */
  trustProxy?: string;
  /** Headers of every answer, also of early refusals. */
  answerHeaders?: AnswerHeaders;
  /** How it shows problems (default: as services inside do). */
  presentProblem?: PresentProblem;
  metrics?: Metrics;
  /** How long it serves requests as not ready before it closes (default 0). */
  stopDelayMs?: number;
  /** Whether each request has a line in the log. */
  logRequests?: boolean;
  /** Prefixes of static files: under them, an address that is malformed is a 404. */
  filePrefixes?: readonly string[];
  /** Connections beyond this close idle ones (connections.ts). */
  connectionsMax?: number;
  /** Plain HTTP without. */
  tls?: ListenerTls | null;
}

/**
 * A Fastify server with this system's rules: bodies are not coerced, unknown fields are refused,
 * every error is a problem document (docs/reference/api.md).
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { log, answerHeaders: headersOf = () => ({}), logRequests = false } = options;
  const tracing = createRequestTracing(log, logRequests);
  const connectionsMax = options.connectionsMax ?? CONNECTIONS_MAX;
  const present: PresentProblem = options.presentProblem ?? ((problem) => problem);
  const sendError = createSendError(present);
  const answerHeaders = createAnswerHeaders((request) => ({
    'x-trace-id': request.id,
    ...headersOf(request),
  }));
  const app: FastifyInstance = Fastify({
    loggerInstance: log,
    // Ours is one line (request-tracing.ts), and our log knows the request without a child logger.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger) => logger,
    genReqId: tracing.begin,
    requestIdHeader: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: PATH_PARAMETER_LENGTH_MAX },
    forceCloseConnections: 'idle',
    // Ours is a problem document, and lets /livez through (graceful-close.ts).
    return503OnClosing: false,
    ...(options.tls
      ? { https: { ...NODE_OPTIONS, ...options.tls.options } }
      : { http: NODE_OPTIONS }),
    // Hooks do not run for these errors.
    frameworkErrors: (error, request, reply) => {
      answerHeaders.add(request, reply);
      tracing.endWith(request, reply);
      const { filePrefixes } = options;
      refuseMalformedAddress(app, { error, filePrefixes, sendError }, request, reply);
    },
    clientErrorHandler: (error, socket) =>
      answerBrokenRequest(error, socket, {
        last: connections.lastOn(socket),
        headers: answerHeaders.forBroken(socket),
        present,
      }),
  }) as unknown as FastifyInstance;
  const connections: Connections = boundConnections(app.server, {
    max: connectionsMax,
    log,
  });

  measureRequests(app, options.metrics);
  readClientAddresses(app, log, options.trustProxy);
  options.metrics?.add(connections.metrics);
  // A server may ignore an unknown expectation (RFC 9110 section 10.1.1). Node's default is an
  // empty 417.
  app.server.on('checkExpectation', (request, response) =>
    app.server.emit('request', request, response),
  );

  // Must be registered before every hook that may refuse, so that refusals have the headers too.
  app.addHook('onRequest', (request, reply, done) => {
    answerHeaders.add(request, reply);
    tracing.endWith(request, reply);
    tracing.enter(request, done);
  });
  // Again: the events of the connection, which bring the body, have lost the request's context.
  app.addHook('preValidation', (request, _reply, done) => tracing.enter(request, done));
  // Must be the first hook that refuses, so that requests rejected by later hooks are counted too.
  drainWhenClosing(app, options.stopDelayMs ?? 0, connections);
  options.tls?.attach(app);
  app.setValidatorCompiler(createValidatorCompiler());
  parseJsonBodies(app);
  app.setErrorHandler(sendError);
  refuseUnknownRoutes(app, sendError);
  return app;
}

function parseJsonBodies(app: HttpServer): void {
  app.removeContentTypeParser(['text/plain', 'application/json']);
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      // An operation without a body accepts an empty one with any Content-Type.
      const none = body.length === 0 && request.routeOptions.schema?.body === undefined;
      if (request.headers['transfer-encoding'] !== undefined) noteBodyBytes(request, body.length);
      return none ? undefined : parseJson(body);
    },
  );
  app.addHook('onRequest', async (request) => {
    // Fastify ignores the header and would parse compressed bytes as JSON.
    if (request.headers['content-encoding'] !== undefined) {
      throw new AppError(commonProblems.unsupportedMediaType, 'Content-Encoding on a request');
    }
  });
}

/** Argument of a handler: the validated input, the caller, and the raw request for its headers. */
export interface Call<E extends Endpoint, Caller> extends EndpointInput<E> {
  caller: Caller;
  request: FastifyRequest;
}

interface ServeOptions<Caller> {
  /** Authenticates the caller, or throws; runs before the body is read. */
  identify: (request: FastifyRequest) => Promise<Caller>;
  /**
   * Rules that a schema cannot express; gets the raw body, even if it violates the schema, and the
   * violations of the schema.
   */
  check?: (body: unknown, found: readonly Violation[]) => Violation[];
}

export function serve<E extends Endpoint, Caller, const R extends EndpointReply<E>>(
  app: HttpServer,
  endpoint: E,
  options: ServeOptions<Caller>,
  handle: (call: Call<E, Caller>) => Promise<R>,
): void {
  const callers = new WeakMap<FastifyRequest, Caller>();
  const check = endpoint.body === undefined ? unwantedBody : options.check;
  const listed = isList(endpoint);
  app.route({
    method: endpoint.method,
    url: endpoint.path,
    bodyLimit: bodyBytesMax(endpoint.body),
    attachValidation: true,
    config: { operationId: endpoint.operationId },
    schema: {
      ...(endpoint.params && { params: endpoint.params }),
      ...(endpoint.query && { querystring: endpoint.query }),
      ...(endpoint.headers && { headers: endpoint.headers }),
      ...(endpoint.body && { body: endpoint.body }),
      response: endpoint.responses,
    },
    onRequest: async (request) => {
      callers.set(request, await options.identify(request));
    },
    handler: async (request, reply) => {
      refuseViolations(request, check);
      annotate(idsIn(request.params));
      const answer = await handle({
        params: request.params,
        query: request.query,
        headers: request.headers,
        body: request.body,
        caller: callers.get(request) as Caller,
        request,
      } as unknown as Call<E, Caller>);
      if (answer.headers !== undefined) reply.headers(answer.headers);
      if (listed) {
        const link = nextPageLink(request.url, answer.body);
        if (link !== null) reply.header('link', link);
      }
      reply.code(answer.status);
      if (endpoint.conditional) return sendConditional(request, reply, answer.body);
      return reply.send(answer.body as never);
    },
  });
}

/** `identify` of public operations. */
export async function anyone(): Promise<null> {
  return null;
}

function refuseViolations(request: FastifyRequest, check?: ServeOptions<unknown>['check']): void {
  const violations = request.validationError ? violationsOf(request.validationError) : [];
  violations.push(...(check?.(request.body, violations) ?? []));
  if (violations.length > 0) {
    throw new AppError(commonProblems.invalidRequest, 'the request breaks its schema', {
      violations,
    });
  }
}

/**
 * Starts listening.
 * @param setting name of the setting that chooses the port
 * @returns the base URL with the real port
 * @throws Error that names host and port when the port is taken or not allowed
 */
export async function listen(
  app: HttpServer,
  host: string,
  port: number,
  setting?: string,
): Promise<string> {
  // Several for `localhost`: 127.0.0.1 and ::1. Fastify would make a server of its own for each
  // further one, which boundConnections does not know.
  const hosts =
    host === 'localhost' ? (await lookup(host, { all: true })).map((each) => each.address) : [host];
  try {
    await app.listen({ host: hosts[0] as string, port });
  } catch (error) {
    throw describeListenFault(error, { host, port, setting });
  }
  const address = (app.server as Server).address() as AddressInfo;
  for (const further of hosts.slice(1)) listenAlso(app.server, further, address.port);
  const scheme = 'setSecureContext' in app.server ? 'https' : 'http';
  return `${scheme}://${hostInUrl(host)}:${address.port}`;
}

/** Takes connections at a further address; one that cannot be listened on is left out. */
function listenAlso(server: Server, host: string, port: number): void {
  const also = createServer((socket) => server.emit('connection', socket));
  also.on('error', () => {});
  also.listen({ host, port });
  also.unref();
  server.once('close', () => also.close());
}
