import { Gauge, Registry } from 'prom-client';
import { withTimeout } from '../async/timeout.ts';
import { describeError } from '../errors.ts';
import type { HttpServer } from './server.ts';

/** One value of a metric. */
export interface Reading {
  value: number;
  labels?: Record<string, string>;
}

export interface Metric {
  /** Prometheus style: `orderbell_…`, with the unit last. */
  name: string;
  /** One sentence. */
  help: string;
  labels?: readonly string[];
  /** Runs at each scrape. A metric that fails or takes over 2 s is missing from the scrape. */
  read: () => Promise<Reading[]>;
}

// Bounds a scrape. Alert on absence too: a metric that takes longer is missing from the scrape.
const READ_TIMEOUT_MS = 2_000;

/**
 * Serves `/metrics` in the text format of Prometheus: the metrics of the service and of its
 * process.
 */
export function serveMetrics(app: HttpServer, metrics: Metric[]): void {
  const registry = new Registry();
  const all = [...metrics, ...processMetrics()].map((metric) => ({
    metric,
    gauge: new Gauge({
      name: metric.name,
      help: metric.help,
      labelNames: metric.labels ?? [],
      registers: [registry],
    }),
  }));
  app.get('/metrics', async (request, reply) => {
    await Promise.all(
      all.map(async ({ metric, gauge }) => {
        gauge.reset();
        try {
          for (const { value, labels = {} } of await withTimeout(READ_TIMEOUT_MS, metric.read())) {
            gauge.set(labels, value);
          }
        } catch (error) {
          gauge.remove();
          request.log.warn({ metric: metric.name }, `not measured: ${describeError(error)}`);
        }
      }),
    );
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

/** With the names that Prometheus' client libraries use. */
function processMetrics(): Metric[] {
  const gauge = (name: string, help: string, value: () => number): Metric => ({
    name,
    help,
    read: async () => [{ value: value() }],
  });
  const cpuSeconds = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000_000;
  };
  const startSeconds = () => performance.timeOrigin / 1_000;
  return [
    gauge(
      'process_resident_memory_bytes',
      'Resident memory size in bytes.',
      process.memoryUsage.rss,
    ),
    gauge(
      'process_cpu_seconds_total',
      'Total user and system CPU time spent in seconds.',
      cpuSeconds,
    ),
    gauge(
      'process_start_time_seconds',
      'Start time of the process since unix epoch in seconds.',
      startSeconds,
    ),
  ];
}
