import { setTimeout as delay } from 'node:timers/promises';
import { DiagLogLevel, diag, type ProxyTracerProvider, trace } from '@opentelemetry/api';
import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
// Sets the context manager, without which spans have no parents.
import './tracing.ts';

type Environment = Record<string, string | undefined>;

// Part of the 10 s of a stop: a collector that is away must not delay it.
const FLUSH_TIMEOUT_MS = 2_000;
// Enough to name the fault of an export; its stack does not help an operator.
const FAULT_LENGTH_MAX = 300;

/** The export of this process's spans. */
export interface Tracing {
  /** Sends the spans that wait, for at most 2 s. */
  close(): Promise<void>;
}

/**
 * Loads the SDK of OpenTelemetry and registers it for this thread, if the standard variables ask
 * for traces (docs/how-to/traces-and-logs.md). Does nothing where `--import` has loaded one.
 * @param service name of the service for the collector, unless OTEL_SERVICE_NAME or
 *   OTEL_RESOURCE_ATTRIBUTES names it
 * @throws Error that names the variable with a value that is not supported
 */
export async function startTracing(
  service: string,
  env: Environment,
  log: Logger,
): Promise<Tracing> {
  const exporters = exportersIn(env);
  if (exporters.length === 0 || isRegistered()) return { close: async () => {} };
  const [sdk, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporterOf: Record<string, () => SpanExporter> = {
    otlp: () => new OTLPTraceExporter(),
    console: () => new sdk.ConsoleSpanExporter(),
  };
  const provider = new sdk.TracerProvider({
    sampler: samplerIn(env, sdk),
    resource: resources
      .defaultResource()
      .merge(resources.resourceFromAttributes({ 'service.name': service }))
      .merge(
        resources.detectResources({
          detectors: [resources.resourceAttributesEnvDetector, resources.serviceNameEnvDetector],
        }),
      ),
    spanProcessors: exporters.map(
      (name) =>
        new sdk.BatchSpanProcessor({
          exporter: (exporterOf[name] as () => SpanExporter)(),
          ...batchOptionsIn(env),
        }),
    ),
  });
  trace.setGlobalTracerProvider(provider);
  const say = (text: string) => log.warn(`traces: ${text.slice(0, FAULT_LENGTH_MAX)}`);
  const sink = { error: say, warn: say, info: say, debug: say, verbose: say };
  diag.setLogger(sink, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  return {
    async close() {
      const timer = new AbortController();
      const flushed = provider.shutdown().catch(() => {});
      await Promise.race([flushed, delay(FLUSH_TIMEOUT_MS, null, timer).catch(() => {})]);
      timer.abort();
    },
  };
}

/** Whether a provider is registered: the API returns its own as a proxy without a delegate. */
function isRegistered(): boolean {
  const provider = trace.getTracerProvider() as Partial<ProxyTracerProvider>;
  return provider.getDelegateTracer?.('orderbell') !== undefined;
}

/** The exporters that OTEL_TRACES_EXPORTER names; an endpoint alone asks for `otlp`. */
function exportersIn(env: Environment): string[] {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return [];
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const names = listOf(env.OTEL_TRACES_EXPORTER);
  const wanted = names.length === 0 && endpoint?.trim() ? ['otlp'] : names;
  const unknown = wanted.find((name) => !['otlp', 'console', 'none'].includes(name));
  if (unknown !== undefined) {
    throw new Error(
      `OTEL_TRACES_EXPORTER: ${unknown} is not supported; take otlp, console or none`,
    );
  }
  return wanted.filter((name) => name !== 'none');
}

/** The sampler that OTEL_TRACES_SAMPLER names, as the specification of OpenTelemetry does. */
function samplerIn(env: Environment, sdk: typeof import('@opentelemetry/sdk-trace')): Sampler {
  const name = env.OTEL_TRACES_SAMPLER?.trim() || 'parentbased_always_on';
  const argument = env.OTEL_TRACES_SAMPLER_ARG?.trim() || '1';
  const ratio = Number(argument);
  const ofRoot: Record<string, () => Sampler> = {
    always_on: () => new sdk.AlwaysOnSampler(),
    always_off: () => new sdk.AlwaysOffSampler(),
    traceidratio() {
      if (ratio >= 0 && ratio <= 1) return new sdk.TraceIdRatioBasedSampler(ratio);
      throw new Error('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1');
    },
  };
  const root = ofRoot[name.replace(/^parentbased_/, '')];
  if (root === undefined) throw new Error(`OTEL_TRACES_SAMPLER: ${name} is not supported`);
  return name.startsWith('parentbased_') ? new sdk.ParentBasedSampler({ root: root() }) : root();
}

/** The sizes and times of a batch, where OTEL_BSP_* set them. */
function batchOptionsIn(env: Environment) {
  const options = {
    scheduledDelayMillis: env.OTEL_BSP_SCHEDULE_DELAY,
    exportTimeoutMillis: env.OTEL_BSP_EXPORT_TIMEOUT,
    maxQueueSize: env.OTEL_BSP_MAX_QUEUE_SIZE,
    maxExportBatchSize: env.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
  };
  const set = Object.entries(options).filter(([, text]) => Number(text) > 0);
  return Object.fromEntries(set.map(([name, text]) => [name, Number(text)]));
}

const listOf = (text = '') =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
