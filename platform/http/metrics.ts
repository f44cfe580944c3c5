import { Gauge, Registry } from 'prom-client';
import { withTimeout } from '../async/timeout.ts';
import { describeError } from '../errors.ts';
import type { HttpServer } from './server.ts';

/** One value of a metric. */
export interface Reading {
  value: number;
  labels?: Record<string, string>;
}

/** Something that a service can tell a number of, in the units of its name. */
export interface Metric {
  /** Prometheus style: `orderbell_…`, with the unit last. */
  name: string;
  /** One sentence. */
  help: string;
  labels?: readonly string[];
  /** Asked at each scrape. One that fails or takes over 2 s is left out. */
  read: () => Promise<Reading[]>;
}

// A scrape waits for the slowest; what cannot be told in time is told by its absence.
const READ_TIMEOUT_MS = 2_000;

/**
 * Serves `/metrics` in the text format of Prometheus: what the service tells of its work, and what
 * its process takes.
 */
export function serveMetrics(app: HttpServer, metrics: Metric[]): void {
  const registry = new Registry();
  const all = [...metrics, ...ofTheProcess()].map((metric) => ({
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

/** Names as Prometheus' own client libraries have them. */
function ofTheProcess(): Metric[] {
  return [
    {
      name: 'process_resident_memory_bytes',
      help: 'Resident memory size in bytes.',
      read: async () => [{ value: process.memoryUsage.rss() }],
    },
    {
      name: 'process_cpu_seconds_total',
      help: 'Total user and system CPU time spent in seconds.',
      read: async () => {
        const { user, system } = process.cpuUsage();
        return [{ value: (user + system) / 1_000_000 }];
      },
    },
    {
      name: 'process_start_time_seconds',
      help: 'Start time of the process since unix epoch in seconds.',
      read: async () => [{ value: performance.timeOrigin / 1_000 }],
    },
  ];
}
