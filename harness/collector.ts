import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { TestContext } from 'node:test';

/** A span as a collector got it, with the service of its process and the name of its scope. */
export interface CollectedSpan {
  service: string;
  scope: string;
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: Record<string, unknown>;
  links: { traceId: string; spanId: string }[];
  failed: boolean;
}

interface OtlpValue {
  stringValue?: string;
  intValue?: number | string;
  boolValue?: boolean;
}
interface OtlpAttribute {
  key: string;
  value: OtlpValue;
}
interface OtlpSpan extends Omit<CollectedSpan, 'attributes' | 'service' | 'scope' | 'links'> {
  attributes?: OtlpAttribute[];
  links?: CollectedSpan['links'];
  status?: { code?: number };
}
interface OtlpTraces {
  resourceSpans: {
    resource: { attributes: OtlpAttribute[] };
    scopeSpans: { scope: { name: string }; spans: OtlpSpan[] }[];
  }[];
}

const STATUS_ERROR = 2;

/** A collector of traces that takes OTLP as JSON over HTTP. */
export async function startCollector(t: TestContext) {
  const spans: CollectedSpan[] = [];
  const server = createServer(async (request, response) => {
    const { resourceSpans } = (await json(request)) as OtlpTraces;
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = String(valuesOf(resource.attributes)['service.name']);
      for (const { scope, spans: some } of scopeSpans) {
        spans.push(...some.map((span) => spanOf(span, service, scope.name)));
      }
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return {
    spans,
    /** Variables by which a process sends its traces here, soon. */
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    },
    of: (traceId: string) => spans.filter((span) => span.traceId === traceId),
  };
}

function spanOf({ status, ...span }: OtlpSpan, service: string, scope: string): CollectedSpan {
  return {
    ...span,
    service,
    scope,
    attributes: valuesOf(span.attributes),
    links: span.links ?? [],
    failed: status?.code === STATUS_ERROR,
  };
}

function valuesOf(attributes: OtlpAttribute[] = []): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, Object.values(value as object)[0] as unknown]),
  );
}
