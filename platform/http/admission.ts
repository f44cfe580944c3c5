import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AppError, commonProblems } from '../errors.ts';
import { BODY_BYTES_MAX } from './body-limit.ts';
import type { Metric } from './metrics.ts';
import type { HttpServer } from './server.ts';

const LOG_EVERY_MS = 1_000;
// A hundred and more of the largest orders. A request does not count while its body is awaited, so
// without this limit a few customers could fill the memory with bodies that never end.
const LARGE_BODIES_BYTES_MAX = 64 * 1024 * 1024;
// Spread out, or those that were refused together would come back together.
const RETRY_AFTER_MAX_S = 3;

export interface AdmissionOptions<Lane extends string> {
  /** How many requests of each lane may be at work; a flood in one lane leaves the others alone. */
  limits: Record<Lane, number>;
  /** The lane of a request, null for one that is never refused. */
  laneOf: (request: FastifyRequest) => Lane | null;
  log: Logger;
  /** A monotonic clock. */
  nowMs?: () => number;
}

/**
 * Refuses requests beyond a limit with 503 at once, before their token and body are looked at,
 * instead of answering all of them late. There is no queue before the limit: the requests at work
 * are the queue, and everything behind them (connections, pools, statements) is bounded with it.
 *
 * A request counts until its handler has ended, also when its client is gone: else a client that
 * hangs up in a loop would get around the limit. It does not count while its body is awaited, nor
 * while a slow client reads the answer: else slow clients could keep the others out.
 * @returns metrics of what is at work and what was refused
 */
export function limitRequests<Lane extends string>(
  app: HttpServer,
  options: AdmissionOptions<Lane>,
): Metric[] {
  const names = Object.keys(options.limits) as Lane[];
  const running = new Map(names.map((lane) => [lane, 0]));
  const refused = new Map(names.map((lane) => [lane, 0]));
  const holders = new WeakMap<FastifyRequest, Lane>();
  const tell = tellNowAndThen(options);

  function take(request: FastifyRequest): AppError | undefined {
    const lane = options.laneOf(request);
    if (lane === null) return undefined;
    const count = running.get(lane) as number;
    if (count < options.limits[lane]) {
      running.set(lane, count + 1);
      holders.set(request, lane);
      return undefined;
    }
    return refusal(lane, lane);
  }

  function refusal(lane: Lane, what: string): AppError {
    refused.set(lane, (refused.get(lane) as number) + 1);
    // One line for many refusals, instead of one each.
    tell(what);
    const seconds = 1 + Math.floor(Math.random() * RETRY_AFTER_MAX_S);
    return new AppError(commonProblems.overloaded, `too many ${what} at work`, {
      headers: { 'retry-after': String(seconds) },
      expected: true,
    });
  }

  let largeBodies = 0;

  /** Makes room for a large body until it has been read. */
  function takeBody(request: FastifyRequest): AppError | undefined {
    const bytes = largeBodyBytes(request);
    // Of a client that hung up while it was identified no `close` would come any more.
    if (bytes === 0 || request.raw.destroyed) return undefined;
    const lane = options.laneOf(request);
    if (lane !== null && largeBodies + bytes > LARGE_BODIES_BYTES_MAX) {
      return refusal(lane, 'large bodies');
    }
    largeBodies += bytes;
    // Comes when the body has ended, and when the connection has.
    request.raw.once('close', () => {
      largeBodies -= bytes;
    });
    return undefined;
  }

  function give(request: FastifyRequest): void {
    const lane = holders.get(request);
    if (lane === undefined) return;
    holders.delete(request);
    running.set(lane, (running.get(lane) as number) - 1);
  }

  // With callbacks, which cost nothing: they run for every request.
  app.addHook('onRequest', (request, _reply, done) => done(take(request)));
  app.addHook('preParsing', (request, _reply, payload, done) => {
    give(request);
    done(takeBody(request), payload);
  });
  app.addHook('preValidation', (request, _reply, done) => done(take(request)));
  // Comes when the handler has ended or a hook has refused, also for a client that is gone.
  app.addHook('onSend', (request, _reply, _payload, done) => {
    give(request);
    done();
  });
  const readingsOf = (counts: Map<Lane, number>) => async () =>
    names.map((lane) => ({ value: counts.get(lane) as number, labels: { lane } }));
  return [
    {
      name: 'orderbell_requests_running',
      help: 'Requests at work, by lane.',
      labels: ['lane'],
      read: readingsOf(running),
    },
    {
      name: 'orderbell_requests_shed_total',
      help: 'Requests refused because too many were at work, by lane.',
      labels: ['lane'],
      read: readingsOf(refused),
    },
  ];
}

/** What a body beyond the common limit may take; 0 for a smaller one, or one that is refused. */
function largeBodyBytes({ headers, routeOptions }: FastifyRequest): number {
  const most = routeOptions.bodyLimit ?? BODY_BYTES_MAX;
  const chunked = headers['transfer-encoding'] !== undefined;
  const bytes = chunked ? most : Number(headers['content-length'] ?? 0);
  return bytes > BODY_BYTES_MAX && bytes <= most ? bytes : 0;
}

/** One line a second at most: a line per refusal would cost more than the refusal. */
function tellNowAndThen({
  log,
  nowMs = () => performance.now(),
}: Pick<AdmissionOptions<string>, 'log' | 'nowMs'>): (lane: string) => void {
  const untold: Record<string, number> = {};
  let toldAt = Number.NEGATIVE_INFINITY;
  return (lane) => {
    untold[lane] = (untold[lane] ?? 0) + 1;
    const now = nowMs();
    if (now - toldAt < LOG_EVERY_MS) return;
    toldAt = now;
    log.warn({ refused: { ...untold } }, 'overloaded: requests refused since the last such line');
    for (const name of Object.keys(untold)) delete untold[name];
  };
}
