import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProxyTracerProvider, trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { startTracing } from './tracing-sdk.ts';

const log = pino({ level: 'silent' });
const isRegistered = () =>
  (trace.getTracerProvider() as ProxyTracerProvider).getDelegateTracer('x') !== undefined;

test('no SDK is registered unless the variables ask for one', async () => {
  for (const env of [
    {},
    { OTEL_SERVICE_NAME: 'orders', OTEL_TRACES_SAMPLER: 'always_on' },
    { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' },
    { OTEL_SDK_DISABLED: 'true', OTEL_TRACES_EXPORTER: 'otlp' },
  ]) {
    await (await startTracing('orders', env, log)).close();
    assert.equal(isRegistered(), false, JSON.stringify(env));
  }
});

test('a value that is not supported is named with its variable', async () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, /^OTEL_TRACES_EXPORTER: zipkin is not supported/],
    [{ OTEL_TRACES_SAMPLER: 'sometimes' }, /^OTEL_TRACES_SAMPLER: sometimes is not supported/],
    [
      { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '10' },
      /^OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1/,
    ],
  ];
  for (const [env, message] of wrong) {
    const asking = { OTEL_TRACES_EXPORTER: 'otlp', ...env };
    await assert.rejects(startTracing('orders', asking, log), { message });
  }
  assert.equal(isRegistered(), false);
});
