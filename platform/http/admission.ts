import { AsyncResource } from 'node:async_hooks';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AppError, commonProblems } from '../errors.ts';
import type { Metric } from '../metrics/metrics.ts';
import { clientAddressOf } from './client-address.ts';
import { createCompetition, createFairQueue, type Share } from './fair-queue.ts';
import { limitLargeBodies, pauseAfter } from './large-bodies.ts';
import type { HttpServer } from './server.ts';

const LOG_EVERY_MS = 1_000;
// Most clients give up by then. Even on a slow machine, a customer's 64 orders have their turn.
const WAIT_MAX_MS = 30_000;
// A client that floods sends once a second per connection then.
const REFUSAL_DELAY_MS = 1_000;
// Spread out, so that clients that were refused together do not retry together.
const RETRY_AFTER_MAX_S = 3;

/** A number limits the running requests of a class; with a share, its clients wait in turn. */
export type ClassLimit = number | { runningMax: number; share: Share };

interface AdmissionOptions<Class extends string> {
  /** Maximum number of running requests per class; a flood in one class leaves the others alone. */
  limits: Record<Class, ClassLimit>;
  /** The class of a request, null for one that is never refused. */
  classOf: (request: FastifyRequest) => Class | null;
  /** The client whose share a request takes; asked after the token check. */
  clientOf?: (request: FastifyRequest) => string;
  log: Logger;
  nowMs?: () => number;
}

/**
 * Admission control: refuses requests beyond a limit with 503 at once, before their token and body
 * are read, instead of answering all of them late. The running requests bound everything behind
 * them (connections, pools, statements). In a class with shares, a client waits when it has its
 * share already, and is refused when too many of its requests wait.
 *
 * A request counts until its handler has ended, even when its client is gone: otherwise a client
 * that hangs up in a loop would evade the limit. One that waits leaves when its client hangs up. A
 * request does not count while its token is checked or its body is awaited, nor while a slow client
 * reads the answer: otherwise slow or unknown clients could lock the others out.
 * @returns metrics of running and refused requests
 */
export function limitRequests<Class extends string>(
  app: HttpServer,
  options: AdmissionOptions<Class>,
): Metric[] {
  const { nowMs = () => performance.now(), clientOf = clientAddressOf } = options;
  const queues = createQueues(options.limits);
  const { refuse, metric: refused } = createRefusals(options.limits, options.log, nowMs);
  const places = createPlaces({ clientOf, refuse });

  function queueOf(request: FastifyRequest): ClassQueue<Class> | undefined {
    const name = options.classOf(request);
    return name === null ? undefined : queues.get(name);
  }

  /** Before the token or the body are read. */
  function precheck(request: FastifyRequest, key: string | null): AppError | undefined {
    const found = queueOf(request);
    if (found === undefined) return undefined;
    const { name, queue, isShared } = found;
    // A client that has a token may have a share that is free.
    const isUnknown = key === null && (!isShared || request.headers.authorization === undefined);
    if (isUnknown && queue.isBusy()) return refuse(name, name);
    return queue.isFull(key ?? '') ? refuse(name, name) : undefined;
  }

  /** Whether its client takes time from others. */
  const isFlooding = (classQueue: ClassQueue<Class> | undefined, request: FastifyRequest) =>
    classQueue?.isShared === true && classQueue.queue.isCompeting(clientOf(request));

  const acquireBody = limitLargeBodies((request) => {
    const found = queueOf(request);
    return found && refuse(found.name, 'large bodies');
  });

  // Callback hooks: they run for every request, and promises would cost more.
  app.addHook('onRequest', (request, _reply, done) => done(precheck(request, null)));
  app.addHook('preParsing', (request, reply, payload, done) => {
    const classQueue = queueOf(request);
    const refusal = classQueue && precheck(request, keyOf(classQueue, request, clientOf));
    if (refusal === undefined) return void done(acquireBody(request, reply), payload);
    if (!isFlooding(classQueue, request)) return void done(refusal);
    delayRefusal(reply, () => done(refusal));
  });
  app.addHook('preValidation', (request, reply, done) => {
    const classQueue = queueOf(request);
    if (classQueue === undefined) done();
    else places.acquire(classQueue, { request, reply, done });
  });
  // Runs after the handler or a refusing hook, also when the client is gone.
  app.addHook('onSend', (request, reply, payload, done) => {
    const classQueue = queueOf(request);
    const largeMs = pauseAfter(request, payload);
    const pauseMs = largeMs > 0 && isFlooding(classQueue, request) ? largeMs : 0;
    const wasAdmitted = places.has(request);
    if (wasAdmitted && pauseMs > 0) setTimeout(() => places.release(request), pauseMs).unref();
    else places.release(request);
    const isOverLimit = reply.statusCode === 429 && classQueue?.isShared === true;
    if (isOverLimit || (!wasAdmitted && pauseMs > 0)) delayRefusal(reply, done);
    else done();
  });
  return [runningMetric(queues), refused];
}

interface Asking {
  request: FastifyRequest;
  reply: FastifyReply;
  done: Done;
}

/** The places that running requests take in the queues of their classes. */
function createPlaces<Class extends string>(options: {
  clientOf: (request: FastifyRequest) => string;
  refuse: (name: Class, what: string) => AppError;
}) {
  const { clientOf, refuse } = options;
  const admitted = new WeakMap<FastifyRequest, { queue: Queue; key: string }>();
  return {
    has: (request: FastifyRequest): boolean => admitted.has(request),
    /** Calls `done` when it is the request's turn, or with the refusal. */
    acquire(classQueue: ClassQueue<Class>, { request, reply, done }: Asking): void {
      const { name, queue } = classQueue;
      const key = keyOf(classQueue, request, clientOf);
      const admit = () => {
        admitted.set(request, { queue, key });
        done();
      };
      const ticket = queue.acquire(key, () => admitLater());
      if (ticket === null) done(refuse(name, name));
      if (ticket === true) admit();
      if (ticket === null || ticket === true) return;
      // Its turn comes within the work of another request.
      const admitLater = AsyncResource.bind(() => {
        clearTimeout(timer);
        admit();
      });
      const giveUp = () => queue.leave(ticket) && done(refuse(name, name));
      const timer = setTimeout(giveUp, WAIT_MAX_MS);
      reply.raw.once('close', () => {
        clearTimeout(timer);
        queue.leave(ticket);
      });
    },
    release(request: FastifyRequest): void {
      const taken = admitted.get(request);
      if (taken === undefined) return;
      admitted.delete(request);
      taken.queue.release(taken.key);
    },
  };
}

/**
 * A client that repeats a refused request at once would keep the server busy with refusals, also
 * with those of its own limits (429). A connection that waits for one can be closed for a new one
 * (connections.ts).
 */
function delayRefusal({ raw }: FastifyReply, refuse: () => void): void {
  // The mark of such a connection. The answer itself says whether a repetition makes sense.
  raw.setHeader('retry-after', '1');
  const timer = setTimeout(() => {
    raw.removeHeader('retry-after');
    refuse();
  }, REFUSAL_DELAY_MS);
  raw.once('close', () => clearTimeout(timer));
}

type Done = (error?: AppError) => void;
type Queue = ReturnType<typeof createFairQueue>;

interface ClassQueue<Class extends string> {
  name: Class;
  queue: Queue;
  isShared: boolean;
}

function keyOf(
  { isShared }: { isShared: boolean },
  request: FastifyRequest,
  clientOf: (request: FastifyRequest) => string,
): string {
  return isShared ? clientOf(request) : '';
}

function createQueues<Class extends string>(limits: Record<Class, ClassLimit>) {
  const entries = Object.entries<ClassLimit>(limits).map(
    ([key, given]): [Class, ClassQueue<Class>] => {
      const name = key as Class;
      const limit = typeof given === 'number' ? given : given.runningMax;
      // Without shares there is one client for all, and none of its requests waits.
      const whole = { runningMax: limit, totalMax: limit, competition: createCompetition() };
      const share = typeof given === 'number' ? whole : given.share;
      const queue = createFairQueue({ limit, share });
      return [name, { name, queue, isShared: typeof given !== 'number' }];
    },
  );
  return new Map(entries);
}

function runningMetric(queues: Map<string, { queue: Queue }>): Metric {
  return {
    name: 'orderbell_requests_running',
    help: 'Requests at work, by lane.',
    labels: ['lane'],
    read: async () =>
      [...queues].map(([lane, { queue }]) => ({ value: queue.running(), labels: { lane } })),
  };
}

function createRefusals<Class extends string>(
  classes: Record<Class, unknown>,
  log: Logger,
  nowMs: () => number,
) {
  const counts = new Map(Object.keys(classes).map((name) => [name, 0]));
  const logRefusal = logOncePerSecond(log, nowMs);
  return {
    refuse(name: Class, what: string): AppError {
      counts.set(name, (counts.get(name) as number) + 1);
      logRefusal(what);
      const seconds = 1 + Math.floor(Math.random() * RETRY_AFTER_MAX_S);
      return new AppError(commonProblems.overloaded, `too many ${what} at work`, {
        headers: { 'retry-after': String(seconds) },
        expected: true,
      });
    },
    metric: {
      name: 'orderbell_requests_shed_total',
      help: 'Requests refused because too many were at work, by lane.',
      // Dashboards know the class by the label `lane`.
      labels: ['lane'],
      read: async () => [...counts].map(([lane, value]) => ({ value, labels: { lane } })),
    } satisfies Metric,
  };
}

/** At most one line per second: a line per refusal would cost more than the refusal. */
function logOncePerSecond(log: Logger, nowMs: () => number): (what: string) => void {
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
