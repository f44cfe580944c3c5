import type { Span } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Pool } from 'undici';
import { type Batcher, createBatcher } from '../async/batcher.ts';
import { startTimeout, type Timeout } from '../async/timeout.ts';
import { writeTraceHeaders } from '../telemetry/trace-context.ts';
import { ACTOR_HEADER } from './actor.ts';
import type { CallOptions } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import {
  type Exchange,
  faultOf,
  isLimitStatus,
  type Outgoing,
  type OutgoingCall,
} from './exchange.ts';
import { type BatchedAnswer, type BatchedCall, CALLS_MAX, CALLS_PATH } from './request-batch.ts';

// As long as one attempt (client.ts).
const BATCH_TIMEOUT_MS = 2_500;
// Concurrent batches to one replica: few, so that each carries many calls, and more than one, so
// that a call that waits for a lock delays only its own batch.
const BATCH_CONCURRENCY_MAX = 2;
const CALLS_WAITING_MAX = 1_024;
// Far below the callee's limit (request-batch.ts): a larger batch would delay the calls in it.
const BATCH_BYTES_MAX = 1024 * 1024;

interface Attempt {
  pool: Pool;
  timeout: Timeout;
  /** Of the call. */
  span: Span;
}

/** The parts of a request, of any endpoint. */
export interface RequestParts {
  params?: unknown;
  query?: unknown;
  body?: unknown;
}

/** Whether a call has nothing but its params and body, so that it may travel without a request. */
export function isBatchable(
  endpoint: Endpoint,
  { headers, actor }: Pick<CallOptions, 'headers' | 'actor'>,
): boolean {
  return endpoint.batchable === true && headers === undefined && actor === undefined;
}

/** Sends one attempt of a call to one replica: a batchable call in a batch, another one alone. */
export function createSender(callee: string, exchange: Exchange, log: Logger) {
  const batchers = new Map<Pool, Batcher<OutgoingCall, BatchedAnswer>>();

  function batcherOf(pool: Pool): Batcher<OutgoingCall, BatchedAnswer> {
    const batcher =
      batchers.get(pool) ??
      createBatcher({
        name: `${callee} calls`,
        run: (batch: OutgoingCall[]) => exchangeBatch({ callee, exchange, log }, pool, batch),
        batchMax: CALLS_MAX,
        weightOf: ({ text = '' }) => Buffer.byteLength(text),
        weightMax: BATCH_BYTES_MAX,
        maxConcurrency: BATCH_CONCURRENCY_MAX,
        waitingMax: CALLS_WAITING_MAX,
      });
    batchers.set(pool, batcher);
    return batcher;
  }

  return (
    endpoint: Endpoint,
    request: RequestParts,
    options: CallOptions & Attempt,
  ): Promise<BatchedAnswer> => {
    const { pool, timeout, span, headers, actor } = options;
    const position = span.spanContext();
    const { traceId } = position;
    const { params, body } = request;
    const outgoing: OutgoingCall = {
      method: endpoint.method,
      path: pathOf(endpoint.path, request),
      text: body === undefined ? undefined : JSON.stringify(body),
      position,
      headers: actor === undefined ? headers : { ...headers, [ACTOR_HEADER]: actor },
      call: {
        operationId: endpoint.operationId,
        params,
        body,
        traceId,
        ...writeTraceHeaders(position),
      },
    };
    return isBatchable(endpoint, options)
      ? timeout.race(batcherOf(pool)(outgoing))
      : exchange(pool, outgoing, timeout.signal());
  };
}

/** Sends the calls of a batch in one request; a single call is sent as it is. */
async function exchangeBatch(
  { callee, exchange, log }: { callee: string; exchange: Exchange; log: Logger },
  pool: Pool,
  batch: OutgoingCall[],
): Promise<BatchedAnswer[]> {
  const timeout = startTimeout(BATCH_TIMEOUT_MS);
  const sendAlone = (one: Outgoing) => exchange(pool, one, timeout.signal());
  try {
    const [first, ...others] = batch as [OutgoingCall, ...OutgoingCall[]];
    if (others.length === 0) return [await sendAlone(first)];
    const calls = batch.map(({ call }) => call);
    // An instrumentation of the callee makes a span of the request: in the trace of the first call.
    const { position } = first;
    const text = JSON.stringify({ calls });
    const request = { method: 'POST', path: CALLS_PATH, text, position } as const;
    const { status, body } = await sendAlone(request);
    // A callee of an older version, or one whose limit the batch exceeds.
    if (status === 404 || isLimitStatus(status)) return await Promise.all(batch.map(sendAlone));
    if (status !== 200) throw faultOf(callee, status, JSON.stringify(body));
    const { answers } = body as { answers: BatchedAnswer[] };
    if (!calls.every((call, index) => isAnswerTo(call, answers[index]))) {
      // An alarm, and no answer: the calls are retried.
      log.error({ callee }, 'answers to several calls are mixed up');
      throw new Error(`${callee} answered other calls`);
    }
    return answers;
  } finally {
    timeout.clear();
  }
}

/** An older version does not say which call it answers. */
function isAnswerTo(call: BatchedCall, answer: BatchedAnswer | undefined): boolean {
  return answer !== undefined && (answer.traceId ?? call.traceId) === call.traceId;
}

/** Fills in `:parameters` and appends the query without undefined members. */
export function pathOf(template: string, { params, query }: RequestParts): string {
  const values = (params ?? {}) as Record<string, unknown>;
  const path = template.replace(/:(\w+)/g, (_, name) => encodeURIComponent(String(values[name])));
  const given = Object.entries((query ?? {}) as Record<string, unknown>).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
