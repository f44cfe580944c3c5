import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { Logger } from 'pino';
import { withTimeout } from '../async/timeout.ts';
import { describeError } from '../errors.ts';

/** One value of a metric. */
export interface Reading {
  value: number;
  labels?: Record<string, string>;
}

/** A metric that is read at each scrape. */
export interface Metric {
  /**
   * Prometheus style: the unit last; a name that ends in `_total` is a counter, any other a gauge.
   */
  name: string;
  /** One sentence. */
  help: string;
  labels?: readonly string[];
  /** A metric that fails or takes over 2 s is missing from the scrape. */
  read: () => Reading[] | Promise<Reading[]>;
}

/** How long things take, by label values. Callers keep the result of `labels`: it is looked up once. */
export type DurationHistogram = Pick<Histogram<string>, 'labels'>;

interface HistogramOptions {
  /** Ends in `_seconds`. */
  name: string;
  help: string;
  labels: readonly string[];
  /** Upper bounds in seconds, ascending. */
  buckets: number[];
}

interface CounterOptions<L extends Record<string, readonly string[]>> {
  /** Ends in `_total`. */
  name: string;
  help: string;
  /** Every label with all its values: each series begins at 0, so that a rate sees the first event. */
  labels: L;
}

type LabelValues<L extends Record<string, readonly string[]>> = { [K in keyof L]: L[K][number] };

/** The metrics of one service. Parts that are given none measure nothing. */
export type Metrics = ReturnType<typeof createMetrics>;

// Bounds a scrape. Alert on absence too: a metric that takes longer is missing from the scrape.
const READ_TIMEOUT_MS = 2_000;

// The longest interval that a timer takes.
const NEVER_MS = 2 ** 31 - 1;

/** Creates the registry of one service. Several in one process do not see each other. */
export function createMetrics(log: Logger) {
  const registry = new Registry();
  const readings = new Map<string, Reader>();
  let watched = false;
  let scraping: Promise<string> | undefined;

  /** Reads first, then replaces all values at once: a slow read leaves no half of a metric. */
  async function refresh(name: string): Promise<void> {
    const { instrument, reads } = readings.get(name) as Reader;
    try {
      const all = await withTimeout(
        READ_TIMEOUT_MS,
        Promise.all(reads.map(async (read) => read())),
      );
      clear(instrument);
      for (const { value, labels = {} } of all.flat()) instrument.inc(labels, value);
    } catch (error) {
      clear(instrument);
      log.warn({ metric: name }, `not measured: ${describeError(error)}`);
    }
  }

  async function scrape(): Promise<string> {
    watchProcess();
    await Promise.all([...readings.keys()].map(refresh));
    return registry.metrics();
  }

  /** Starts to measure the process: event loop, garbage collection, memory, CPU. */
  function watchProcess(): void {
    if (watched) return;
    watched = true;
    collectDefaultMetrics({ register: registry, eventLoopUtilizationTimeout: NEVER_MS });
    for (const { name, type } of registry.getMetricsAsArray() as unknown as Described[]) {
      if (breaksConventions(name, type)) registry.removeSingleMetric(name);
    }
  }

  return {
    contentType: registry.contentType,
    /** Adds metrics that are read at each scrape. One name may be added by several parts. */
    add(metrics: readonly Metric[]): void {
      for (const { name, help, labels = [], read } of metrics) {
        const known = readings.get(name);
        if (known !== undefined) {
          known.reads.push(read);
          continue;
        }
        const options = { name, help, labelNames: [...labels], registers: [registry] };
        const instrument = name.endsWith('_total') ? new Counter(options) : new Gauge(options);
        readings.set(name, { instrument, reads: [read] });
      }
    },
    /** @returns counts one event */
    counter<const L extends Record<string, readonly string[]>>(options: CounterOptions<L>) {
      const { name, help, labels } = options;
      const labelNames = Object.keys(labels);
      const counter = new Counter({ name, help, labelNames, registers: [registry] });
      for (const series of combinations(labels)) counter.inc(series, 0);
      return (values: LabelValues<L>): void => counter.inc(values as Record<string, string>);
    },
    /** The histogram of this name, which several parts may share. */
    histogram({ name, help, labels, buckets }: HistogramOptions): DurationHistogram {
      const known = registry.getSingleMetric(name) as Histogram<string> | undefined;
      const options = { name, help, labelNames: [...labels], buckets, registers: [registry] };
      return known ?? new Histogram(options);
    },
    /**
     * The first scrape does it too, but knows nothing of the time before. It costs a timer and an
     * observer, so a service that nobody scrapes goes without.
     */
    watchProcess,
    /** All metrics in Prometheus' text format. Concurrent scrapes share one reading. */
    scrape(): Promise<string> {
      scraping ??= scrape().finally(() => {
        scraping = undefined;
      });
      return scraping;
    },
  };
}

/** A metric that is read, and all that read it. */
interface Reader {
  instrument: Gauge<string> | Counter<string>;
  reads: Metric['read'][];
}

interface Described {
  name: string;
  type: string;
}

/** Whether the library's own metric has a name that `promtool check metrics` complains about. */
function breaksConventions(name: string, type: string): boolean {
  return name.endsWith(`_${type}`) || (type === 'gauge' && name.endsWith('_total'));
}

/** Looks each key up once: a series costs more to find than to change. */
export function lookUpOnce<K, V>(lookUp: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) {
      value = lookUp(key);
      known.set(key, value);
    }
    return value;
  };
}

/** Removes all series; `reset` leaves one of 0 where there are no labels. */
function clear(instrument: Gauge<string> | Counter<string>): void {
  instrument.reset();
  instrument.remove({});
}

/** All combinations of label values. */
function combinations(labels: Record<string, readonly string[]>): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (found, [label, values]) =>
      found.flatMap((some) => values.map((value) => ({ ...some, [label]: value }))),
    [{}],
  );
}
