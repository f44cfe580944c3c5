import type { RouteOptions } from 'fastify';
import { lookUpOnce, type Metrics } from '../metrics/metrics.ts';
import type { HttpServer } from './server.ts';

// Up to the deadline of the slowest operation; most answer within a few milliseconds.
const BUCKETS_S = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** Routes that are no operation of a contract: health, metrics, files of the console. */
const OTHER = 'other';
/** Requests without a route. Their path is the client's choice, so it must not become a label. */
const UNMATCHED = 'unmatched';

/** Records how long one answer took. */
export type RecordAnswer = (status: number, durationMs: number) => void;

/** Measures answers by operation and status. Statuses are looked up once per operation. */
export function measureAnswers(metrics: Metrics): (operation: string) => RecordAnswer {
  const histogram = metrics.histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Time from a request to its answer, by operation and status.',
    labels: ['operation', 'status'],
    buckets: BUCKETS_S,
  });
  return (operation) => {
    const seriesOf = lookUpOnce((status: number) => histogram.labels(operation, String(status)));
    return (status, durationMs) => seriesOf(status).observe(durationMs / 1_000);
  };
}

/**
 * Measures every request until its answer is ready to be sent: a slow client does not count, and one
 * that hung up does. Must be called before routes are registered.
 */
export function measureRequests(app: HttpServer, metrics: Metrics | undefined): void {
  if (metrics === undefined) return;
  const recorderOf = measureAnswers(metrics);
  app.addHook('onRoute', (route) => {
    const record = recorderOf(operationOf(route));
    // Callback hooks: they run for every request, and promises would cost more.
    const measure: NonNullable<RouteOptions['onSend']> = (_request, reply, _payload, done) => {
      record(reply.statusCode, reply.elapsedTime);
      done();
    };
    route.onSend = [measure, ...[route.onSend ?? []].flat()] as (typeof measure)[];
  });
  const recordUnmatched = recorderOf(UNMATCHED);
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (request.is404) recordUnmatched(reply.statusCode, reply.elapsedTime);
    done();
  });
}

function operationOf({ config }: RouteOptions): string {
  return (config as { operationId?: string } | undefined)?.operationId ?? OTHER;
}

/** Serves `/metrics` in the text format of Prometheus. */
export function serveMetrics(app: HttpServer, metrics: Metrics): void {
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.scrape()),
  );
}
