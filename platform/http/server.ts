import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import { AppError, commonProblems, describeError, type Violation } from '../errors.ts';
import { BODY_BYTES_MAX, bodyBytesMax } from './body-limit.ts';
import type { Endpoint, EndpointInput, EndpointReply } from './endpoint.ts';
import { drainWhenClosing } from './graceful-close.ts';
import { parseJson } from './json.ts';
import { languageOf } from './language.ts';
import {
  PROBLEM_MEDIA_TYPE,
  type ProblemDocument,
  statusOf,
  toAppError,
  toProblem,
} from './problem.ts';
import { type AnswerHeaders, createAnswerHeaders, type Owed } from './response-headers.ts';
import { traceIdOf } from './trace.ts';
import { createValidatorCompiler, unwantedBody, violationsOf } from './validation.ts';

// A customer id has up to 255 characters, each up to three when percent-encoded.
const PATH_PARAMETER_LENGTH_MAX = 1024;
const HEADER_BYTES_MAX = 16 * 1024;
// Against clients that send slowly to hold connections (slowloris).
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
const CONNECTIONS_CHECK_MS = 5_000;
// Longer than our clients keep an idle connection (http-client.ts), so that the client, which
// knows whether it is about to use one, closes first (nodejs/undici#3492).
const KEEP_ALIVE_MS = 72_000;

export type HttpServer = FastifyInstance;

export interface HttpServerOptions {
  log: Logger;
  /** Whether X-Forwarded-* headers are believed. */
  trustProxy?: boolean;
  /** Headers of every answer, whatever refuses the request and however early. */
  answerHeaders?: AnswerHeaders;
}

/**
 * A Fastify server with this system's rules: nothing coerced in bodies, unknown fields refused,
 * every error a problem document (docs/reference/api.md and docs/reference/security.md).
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const answerHeaders = createAnswerHeaders(options.answerHeaders ?? (() => ({})));
  const app: FastifyInstance = Fastify({
    loggerInstance: options.log,
    // A line per request would cost more than many requests themselves.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: traceIdOf,
    requestIdHeader: false,
    trustProxy: options.trustProxy ?? false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: PATH_PARAMETER_LENGTH_MAX },
    forceCloseConnections: 'idle',
    // Ours is a problem document, and lets /livez through (http-closing.ts).
    return503OnClosing: false,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    // No hook runs for these.
    frameworkErrors: (error, request, reply) => {
      answerHeaders.add(request, reply);
      sendError(error, request, reply);
    },
    clientErrorHandler: (error, socket) =>
      answerBrokenRequest(error, socket, answerHeaders.owedOn(socket)),
  }) as unknown as FastifyInstance;

  // A server may ignore an unknown expectation (RFC 9110 section 10.1.1). By default Node answers it
  // with an empty 417.
  app.server.on('checkExpectation', (request, response) =>
    app.server.emit('request', request, response),
  );

  // Before every hook that may refuse.
  app.addHook('onRequest', (request, reply, done) => {
    answerHeaders.add(request, reply);
    done();
  });
  // The first that refuses: requests that later hooks refuse are under way too.
  drainWhenClosing(app);
  app.setValidatorCompiler(createValidatorCompiler());
  app.removeContentTypeParser(['text/plain', 'application/json']);
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      // Where no body is asked for, an empty one is none, whatever its Content-Type.
      const none = body.length === 0 && request.routeOptions.schema?.body === undefined;
      return none ? undefined : parseJson(body);
    },
  );
  app.addHook('onRequest', async (request) => {
    // Fastify ignores the header and would parse compressed bytes as JSON.
    if (request.headers['content-encoding'] !== undefined) {
      throw new AppError(commonProblems.unsupportedMediaType, 'Content-Encoding on a request');
    }
  });

  app.setErrorHandler(sendError);
  const methodsAt = collectMethods(app);
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsAt(request.url);
    const error =
      methods.length === 0 || methods.includes(request.method)
        ? new AppError(commonProblems.notFound, 'no such route')
        : new AppError(commonProblems.methodNotAllowed, 'no such method', {
            headers: { allow: methods.join(', ') },
          });
    return sendError(error, request, reply);
  });
  return app;
}

/**
 * Remembers which methods each path has, for 405 (RFC 9110 section 15.5.6): the router itself
 * only says that it found nothing.
 */
function collectMethods(app: HttpServer): (url: string) => string[] {
  const routes: { path: RegExp; method: string }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    // Below a wildcard most paths are nothing at all, for any method.
    if (url.includes('*')) return;
    const path = new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}$`);
    for (const one of [method].flat()) routes.push({ path, method: one });
  });
  return (url) => {
    const path = url.split('?', 1)[0] as string;
    return [
      ...new Set(routes.filter((route) => route.path.test(path)).map(({ method }) => method)),
    ];
  };
}

/** What a handler gets: the validated input, who calls, and the raw request for its headers. */
export interface Call<E extends Endpoint, Caller> extends EndpointInput<E> {
  caller: Caller;
  request: FastifyRequest;
  /** W3C trace id, 32 hex digits. */
  traceId: string;
}

export interface ServeOptions<Caller> {
  /** Says who calls, or throws; runs before the body is read. */
  identify: (request: FastifyRequest) => Promise<Caller>;
  /** Rules that a schema cannot say; gets the raw body, also one that broke the schema. */
  check?: (body: unknown) => Violation[];
}

/** Registers one operation of a contract. */
export function serve<E extends Endpoint, Caller, const R extends EndpointReply<E>>(
  app: HttpServer,
  endpoint: E,
  options: ServeOptions<Caller>,
  handle: (call: Call<E, Caller>) => Promise<R>,
): void {
  const callers = new WeakMap<FastifyRequest, Caller>();
  const check = endpoint.body === undefined ? unwantedBody : options.check;
  app.route({
    method: endpoint.method,
    url: endpoint.path,
    bodyLimit: bodyBytesMax(endpoint.body),
    attachValidation: true,
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
      refuseFaults(request, check);
      const answer = await handle({
        params: request.params,
        query: request.query,
        headers: request.headers,
        body: request.body,
        caller: callers.get(request) as Caller,
        request,
        traceId: request.id,
      } as unknown as Call<E, Caller>);
      if (answer.headers !== undefined) reply.headers(answer.headers);
      return reply.code(answer.status).send(answer.body as never);
    },
  });
}

/** For operations that anybody may call. */
export async function anyone(): Promise<null> {
  return null;
}

function refuseFaults(request: FastifyRequest, check?: (body: unknown) => Violation[]): void {
  const violations = request.validationError ? violationsOf(request.validationError) : [];
  violations.push(...(check?.(request.body) ?? []));
  if (violations.length > 0) {
    throw new AppError(commonProblems.invalidRequest, 'the request breaks its schema', {
      violations,
    });
  }
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, headers, body } = problemAnswer(error, request, request.id);
  return reply
    .code(status)
    .headers(headers)
    .type(PROBLEM_MEDIA_TYPE)
    .serializer(JSON.stringify)
    .send(body);
}

/** The answer to whatever a handler threw, and its line in the log where it is a fault of ours. */
export function problemAnswer(
  error: unknown,
  request: FastifyRequest,
  traceId: string,
): { status: number; headers: Record<string, string>; body: ProblemDocument } {
  const known = toAppError(error, request.routeOptions?.bodyLimit);
  const status = statusOf(known.problem);
  if (status >= 500 && !known.expected) {
    request.log.error(
      { code: known.problem.code, traceId, stack: stackOf(known) },
      describeError(known),
    );
  }
  const body = toProblem(known, {
    language: languageOf(request.headers['accept-language']),
    instance: request.url?.split('?', 1)[0] ?? '/',
    traceId,
  });
  const headers = {
    // With the clock that the token was judged by: a caller can tell a wrong clock from a wrong key.
    ...(status === 401 && { 'www-authenticate': 'Bearer', date: new Date().toUTCString() }),
    ...(body.retryable && { 'retry-after': '1' }),
    ...known.headers,
  };
  return { status, headers, body };
}

function stackOf(error: AppError): string | undefined {
  return error.cause instanceof Error ? error.cause.stack : error.stack;
}

/** Requests that Node's HTTP parser gave up on: only the socket is left to answer on. */
function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Socket,
  { running, headers }: Owed,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  if (running !== null) {
    // The fault comes after a request that runs. A refusal written now would pass for its answer.
    running.shouldKeepAlive = false;
    running.once('close', () => socket.destroySoon());
    // What else arrives is nothing that could be read.
    socket.pause();
    return;
  }
  const [status, phrase] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout']
        : [400, 'Bad Request'];
  const body = JSON.stringify({
    ...toProblem(new AppError(commonProblems.invalidRequest, phrase), {
      language: 'ru',
      instance: '/',
      traceId: traceIdOf({ headers: {} }),
    }),
    status,
  });
  const further = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\nContent-Type: ${PROBLEM_MEDIA_TYPE}\r\n` +
      `${further.join('')}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
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
  try {
    await app.listen({ host, port });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE') {
      const remedy = setting === undefined ? '' : `; ${setting} sets another`;
      throw new Error(`port ${port} on ${host} is already in use${remedy}`);
    }
    if (code === 'EACCES') throw new Error(`no permission to listen on ${host}:${port}`);
    throw error;
  }
  const address = (app.server as Server).address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
