import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AppError, commonProblems } from '../errors.ts';
import type { Metric } from '../metrics/metrics.ts';
import { BODY_BYTES_MAX } from './body-limit.ts';
import type { HttpServer } from './server.ts';

const LOG_EVERY_MS = 1_000;
// Over a hundred of the largest orders. A request is not counted while its body is awaited, so
// without this limit a few customers could fill the memory with bodies that never end.
const LARGE_BODIES_BYTES_MAX = 64 * 1024 * 1024;
// Spread out, so that clients that were refused together do not retry together.
const RETRY_AFTER_MAX_S = 3;

interface AdmissionOptions<Class extends string> {
  /** Maximum number of running requests per class; a flood in one class leaves the others alone. */
  limits: Record<Class, number>;
  /** The class of a request, null for one that is never refused. */
  classOf: (request: FastifyRequest) => Class | null;
  log: Logger;
  nowMs?: () => number;
}

/**
 * Admission control: refuses requests beyond a limit with 503 at once, before their token and body
 * are read, instead of answering all of them late. There is no queue before the limit: the running
 * requests are the queue, and it bounds everything behind them (connections, pools, statements).
 *
 * A request counts until its handler has ended, even when its client is gone: otherwise a client
 * that hangs up in a loop would evade the limit. It does not count while its body is awaited, nor
 * while a slow client reads the answer: otherwise slow clients could lock the others out.
 * @returns metrics of running and refused requests
 */
export function limitRequests<Class extends string>(
  app: HttpServer,
  options: AdmissionOptions<Class>,
): Metric[] {
  const running = createCounts(options.limits);
  const refused = createCounts(options.limits);
  const admitted = new WeakMap<FastifyRequest, Class>();
  const logRefusal = logOncePerSecond(options);

  function acquire(request: FastifyRequest): AppError | undefined {
    const name = options.classOf(request);
    if (name === null) return undefined;
    if (running.get(name) >= options.limits[name]) return refuse(name, name);
    running.add(name, 1);
    admitted.set(request, name);
    return undefined;
  }

  function release(request: FastifyRequest): void {
    const name = admitted.get(request);
    if (name === undefined) return;
    admitted.delete(request);
    running.add(name, -1);
  }

  function refuse(name: Class, what: string): AppError {
    refused.add(name, 1);
    logRefusal(what);
    const seconds = 1 + Math.floor(Math.random() * RETRY_AFTER_MAX_S);
    return new AppError(commonProblems.overloaded, `too many ${what} at work`, {
      headers: { 'retry-after': String(seconds) },
      expected: true,
    });
  }

  const acquireBody = limitLargeBodies((request) => {
    const name = options.classOf(request);
    return name === null ? undefined : refuse(name, 'large bodies');
  });

  // Callback hooks: they run for every request, and promises would cost more.
  app.addHook('onRequest', (request, _reply, done) => done(acquire(request)));
  app.addHook('preParsing', (request, _reply, payload, done) => {
    release(request);
    done(acquireBody(request), payload);
  });
  app.addHook('preValidation', (request, _reply, done) => done(acquire(request)));
  // Runs after the handler or a refusing hook, also when the client is gone.
  app.addHook('onSend', (request, _reply, _payload, done) => {
    release(request);
    done();
  });
  const help = 'Requests refused because too many were at work, by lane.';
  return [
    { name: 'orderbell_requests_running', help: 'Requests at work, by lane.', ...running.metric },
    { name: 'orderbell_requests_shed_total', help, ...refused.metric },
  ];
}

function createCounts<Class extends string>(classes: Record<Class, unknown>) {
  const names = Object.keys(classes) as Class[];
  const counts = new Map(names.map((name) => [name, 0]));
  const get = (name: Class) => counts.get(name) as number;
  return {
    get,
    add: (name: Class, change: number) => void counts.set(name, get(name) + change),
    metric: {
      // Dashboards know the class by the label `lane`.
      labels: ['lane'],
      read: async () => names.map((name) => ({ value: get(name), labels: { lane: name } })),
    },
  };
}

/**
 * Reserves memory for a large body until it is read.
 * @param refuse the refusal where there is no room; undefined for a request that is never refused
 */
function limitLargeBodies(refuse: (request: FastifyRequest) => AppError | undefined) {
  let reserved = 0;
  return (request: FastifyRequest): AppError | undefined => {
    const bytes = largeBodyBytes(request);
    // A client that hung up during `onRequest` causes no further `close`.
    if (bytes === 0 || request.raw.destroyed) return undefined;
    const refusal = reserved + bytes > LARGE_BODIES_BYTES_MAX ? refuse(request) : undefined;
    if (refusal !== undefined) return refusal;
    reserved += bytes;
    // Emitted when the body has ended, and when the connection has.
    request.raw.once('close', () => {
      reserved -= bytes;
    });
    return undefined;
  };
}

/** Size of a body above the common limit; 0 for a smaller body, or one that is refused anyway. */
function largeBodyBytes({ headers, routeOptions }: FastifyRequest): number {
  const most = routeOptions.bodyLimit ?? BODY_BYTES_MAX;
  const chunked = headers['transfer-encoding'] !== undefined;
  const bytes = chunked ? most : Number(headers['content-length'] ?? 0);
  return bytes > BODY_BYTES_MAX && bytes <= most ? bytes : 0;
}

/** At most one line per second: a line per refusal would cost more than the refusal. */
function logOncePerSecond({
  log,
  nowMs = () => performance.now(),
}: Pick<AdmissionOptions<string>, 'log' | 'nowMs'>): (what: string) => void {
  let unlogged: Record<string, number> = {};
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (what) => {
    unlogged[what] = (unlogged[what] ?? 0) + 1;
    const now = nowMs();
    if (now - loggedAt < LOG_EVERY_MS) return;
    loggedAt = now;
    log.warn({ refused: unlogged }, 'overloaded: requests refused since the last such line');
    unlogged = {};
  };
}
