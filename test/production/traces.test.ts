import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Journey } from '#contracts/gateway.ts';
import { startServiceProcess } from '#dev/system/service-process.ts';
import { type CollectedSpan, startCollector } from '#harness/collector.ts';
import { eventually } from '#harness/eventually.ts';
import { orderOf, startTestSystem, type TestCustomer } from '#harness/system/system.ts';

// One order from the client to the mail server's answer, in traces and in logs, with each service as
// a process of its own.

const AUTO = import.meta.resolve('@opentelemetry/auto-instrumentations-node/register');

/** Starts the system with a collector. @returns also the lines of all logs */
async function start(t: TestContext, env: Record<string, string>, instrumented: string[] = []) {
  const collector = await startCollector(t);
  const lines: string[] = [];
  const onLine = (line: string) => void lines.push(line);
  const system = await startTestSystem(t, env, {
    startService: (name, settings) =>
      startServiceProcess(
        name,
        { ...settings, ...collector.env, ...env },
        { onLine, imports: instrumented.includes(name) ? [AUTO] : [] },
      ),
  });
  return { collector, lines, system, customer: await system.customer({ topUp: 1_000_000 }) };
}

interface ClientTrace {
  traceId: string;
  spanId: string;
  headers: Record<string, string>;
}

/** The trace of a client. */
function clientTrace(flags = '01'): ClientTrace {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${flags}` } };
}

async function place(customer: TestCustomer, headers: Record<string, string>): Promise<Placed> {
  const answer = await customer.call('POST', '/v1/orders', orderOf(100), {
    'idempotency-key': randomUUID(),
    ...headers,
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return { id: answer.body.id, traceId: answer.headers.get('x-trace-id') };
}

interface Placed {
  id: string;
  traceId: string | null;
}

function delivered(customer: TestCustomer, id: string): Promise<Journey> {
  return eventually('the letter of the order', async () => {
    const { body } = await customer.call('GET', `/v1/orders/${id}/journey`);
    return body.complete && body.letter.attempts.length > 0 && (body as Journey);
  });
}

const HOPS = [
  'gateway POST /v1/orders',
  'gateway orders createOrder',
  'orders POST /orders',
  'gateway billing decidePayment',
  'billing PUT /payments/:orderId',
  'gateway orders recordPayment',
  'orders PUT /orders/:orderId/payment',
  'orders publish orders',
  'notifications process orders',
  'notifications send letter',
];

// Lines of the log by which a paid order can be followed.
const STEPS = [
  'gateway: POST /v1/orders 201',
  'orders: POST /orders 201',
  'billing: PUT /payments/:orderId 201',
  'orders: PUT /orders/:orderId/payment 200',
  'orders: published to orders',
  'notifications: received from orders',
  'notifications: letter sent',
];

const hopOf = ({ scope, name }: CollectedSpan) => `${scope.replace('orderbell.', '')} ${name}`;
const isOurs = ({ scope }: CollectedSpan) => scope.startsWith('orderbell.');

/** All spans of a trace, once those of all hops have come; each has its parent in the trace. */
async function wholeTrace(
  { of }: Awaited<ReturnType<typeof startCollector>>,
  { traceId, spanId }: ClientTrace,
): Promise<CollectedSpan[]> {
  const spans = await eventually('the spans of all hops', async () => {
    const ours = of(traceId).filter(isOurs).map(hopOf);
    return HOPS.every((hop) => ours.includes(hop)) && of(traceId);
  });
  const known = [spanId, ...spans.map((span) => span.spanId)];
  for (const span of spans) {
    assert.ok(known.includes(span.parentSpanId ?? ''), `${hopOf(span)} has no parent`);
  }
  return spans;
}

test('an order is one trace from the client to the SMTP answer; a grep finds each of its steps', async (t) => {
  const { collector, lines, customer } = await start(t, {});
  const clients = Array.from({ length: 8 }, () => clientTrace());
  // Together, so that their calls travel in batches.
  const orders = await Promise.all(clients.map(({ headers }) => place(customer, headers)));

  for (const [index, client] of clients.entries()) {
    const { id, traceId } = orders[index] as Placed;
    assert.equal(traceId, client.traceId);
    const spans = await wholeTrace(collector, client);
    for (const hop of HOPS) {
      const [span, ...more] = spans.filter((each) => hopOf(each) === hop);
      assert.deepEqual(more, [], hop);
      assert.equal(span?.failed, false, hop);
      // The name of the process for the collector.
      assert.equal(span?.service, hop.split(' ', 1)[0]);
    }
    const parentOf = (hop: string) => {
      const parent = spans.find((each) => hopOf(each) === hop)?.parentSpanId;
      const [found] = spans.filter(({ spanId }) => spanId === parent).map(hopOf);
      return parent === client.spanId ? 'client' : found;
    };
    assert.deepEqual(
      HOPS.map((hop) => parentOf(hop)),
      [
        'client',
        'gateway POST /v1/orders',
        'gateway orders createOrder',
        'gateway POST /v1/orders',
        'gateway billing decidePayment',
        'gateway POST /v1/orders',
        'gateway orders recordPayment',
        'orders PUT /orders/:orderId/payment',
        'orders PUT /orders/:orderId/payment',
        'notifications process orders',
      ],
    );
    const sent = spans.find((each) => hopOf(each) === 'notifications send letter');
    assert.equal(sent?.attributes.orderId, id);
    assert.match(String(sent?.attributes['smtp.response']), /^250 /);

    const journey = await delivered(customer, id);
    assert.equal(journey.traceId, client.traceId);
    assert.equal(journey.letter?.attempts[0]?.traceId, client.traceId);

    for (const text of [id, client.traceId]) {
      const found = lines.filter((line) => line.includes(text)).map((line) => JSON.parse(line));
      const ofOrder = found.filter((line) => line.traceId === client.traceId);
      const steps = ofOrder.map(({ service, msg }) => `${service}: ${msg}`);
      for (const step of STEPS) {
        assert.ok(steps.includes(step), `${text} finds no "${step}" but ${steps.join('; ')}`);
      }
      for (const { service, msg, level, orderId } of ofOrder) {
        if (STEPS.includes(`${service}: ${msg}`)) assert.deepEqual([level, orderId], ['info', id]);
      }
    }
  }
  const linked = collector.spans.filter(({ links }) => links.length > 0);
  assert.ok(linked.length > 0, 'work for several orders links to all of them');
  const secrets = /Bearer |password|@example\.com/;
  assert.deepEqual(
    lines.filter((line) => secrets.test(line)),
    [],
  );
  assert.doesNotMatch(JSON.stringify(collector.spans), secrets);

  // Not recorded by its client, and recorded nowhere; the next order's spans show that all came.
  const unsampled = clientTrace('00');
  const order = await place(customer, unsampled.headers);
  assert.equal((await delivered(customer, order.id)).traceId, unsampled.traceId);
  const next = clientTrace();
  await place(customer, next.headers);
  await wholeTrace(collector, next);
  assert.deepEqual(collector.of(unsampled.traceId), []);
});

test('under auto-instrumentation an order is one trace too', async (t) => {
  const off = {
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_NODE_RESOURCE_DETECTORS: 'env',
  };
  const { collector, customer } = await start(
    t,
    { ...off, OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http,undici,pg,pino' },
    // These see the most of an order; the bundle takes seconds to load in each process.
    ['gateway', 'orders', 'billing'],
  );
  const clients = Array.from({ length: 8 }, () => clientTrace());
  const orders = await Promise.all(clients.map(({ headers }) => place(customer, headers)));
  for (const [index, client] of clients.entries()) {
    const { id, traceId } = orders[index] as Placed;
    assert.equal(traceId, client.traceId);
    assert.equal((await delivered(customer, id)).traceId, client.traceId);
    const spans = await wholeTrace(collector, client);
    // Our calls have our spans, and the headers of those.
    const undici = spans.filter(({ scope }) => scope.includes('instrumentation-undici'));
    assert.deepEqual(undici, []);
    assert.ok(
      spans.some(({ scope }) => scope.includes('instrumentation-http')),
      'its span of the request',
    );
  }
});
