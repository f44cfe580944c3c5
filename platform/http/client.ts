import type { Span } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Pool } from 'undici';
import { backoffMs, pause } from '../async/backoff.ts';
import { type Batcher, createBatcher } from '../async/batcher.ts';
import { type Deadline, deadlineIn } from '../async/deadline.ts';
import { startTimeout, type Timeout } from '../async/timeout.ts';
import { AppError, commonProblems, describeError } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { serviceOf } from '../telemetry/log.ts';
import { writeTraceHeaders } from '../telemetry/trace-context.ts';
import { endSpan, SpanKind, startSpan } from '../telemetry/tracing.ts';
import { ACTOR_HEADER } from './actor.ts';
import type { CallTls } from './call-tls.ts';
import { measureCalls } from './client-metrics.ts';
import type { Endpoint, EndpointReply, EndpointRequest } from './endpoint.ts';
import {
  createExchange,
  type Exchange,
  faultOf,
  isLimitStatus,
  type Outgoing,
  type OutgoingCall,
} from './exchange.ts';
import { copyOf, type LocalCallee, localCallee } from './in-process.ts';
import { type AttemptedReplicas, createLoadBalancer } from './load-balancer.ts';
import type { ProblemDocument } from './problem.ts';
import { type BatchedAnswer, type BatchedCall, CALLS_MAX, CALLS_PATH } from './request-batch.ts';
import type { Credentials } from './service-token.ts';

// One attempt: longer than the callee's statement time-out, and shorter than the deadline of a
// request, so that a lost answer leaves time for a retry.
const ATTEMPT_TIMEOUT_MS = 2_500;
const TELLING_TIMEOUT_MS = 250;
const RETRY = { firstMs: 50, maxMs: 400 };
// Concurrent batches to one replica: few, so that each carries many calls, and more than one, so
// that a call that waits for a lock delays only its own batch.
const BATCH_CONCURRENCY_MAX = 2;
const CALLS_WAITING_MAX = 1_024;
// Far below the callee's limit (request-batch.ts): a larger batch would delay the calls in it.
const BATCH_BYTES_MAX = 1024 * 1024;

/** An answer that is an error: a problem document of the callee. */
export interface ProblemReply {
  status: number;
  body: ProblemDocument;
  problem: true;
  /** The `Retry-After` header, where the callee sent one. */
  retryAfter?: string;
}

export type Answer<E extends Endpoint> = (EndpointReply<E> & { problem: false }) | ProblemReply;

export interface CallOptions {
  /** When to give up; without one, a single attempt is made. */
  deadline?: Deadline;
  /** For operations that take longer than most, such as hashing a password. */
  attemptTimeoutMs?: number;
  headers?: Record<string, string>;
  /** The operator who causes the call: a customer id. */
  actor?: string | undefined;
}

/** Calls the operations of one service. */
export interface HttpClient {
  /**
   * Calls an operation. Every internal operation is safe to repeat, so connection errors, lost
   * answers, time-outs and 5xx are retried until the deadline, on another replica where there is
   * one (load-balancer.ts).
   * @returns the answer, also when it is a 4xx problem
   * @throws AppError `unavailable` when no answer came in time; the outcome is then unknown
   */
  call<E extends Endpoint>(
    endpoint: E,
    request: EndpointRequest<E>,
    options?: CallOptions,
  ): Promise<Answer<E>>;
  /**
   * Whether calls can succeed by the service's own health.
   * @throws Error when none of its replicas has answered 200 to `/readyz` for 5 s
   */
  checkReady(): Promise<void>;
  close(): Promise<void>;
}

interface HttpClientOptions {
  /** Name of the called service: audience of the token, word in messages. */
  callee: string;
  /** Base URLs of its replicas: calls are balanced over those that answer. */
  urls: string[];
  credentials: Credentials;
  log: Logger;
  metrics?: Metrics | undefined;
  /** Of https URLs. */
  tls?: CallTls;
}

/** Creates a client; connections are opened on demand. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { callee, log } = options;
  const service = serviceOf(log);
  const replicas = createLoadBalancer(callee, options.urls, log, options.tls);
  options.metrics?.add(replicas.metrics);
  const measured = measureCalls(callee, options.metrics);
  const exchange = createExchange(callee, options.credentials, log);
  const send = createSender(options, exchange);

  async function callReplicas<E extends Endpoint>(
    endpoint: E,
    request: EndpointRequest<E>,
    callOptions: CallOptions,
    span: Span,
  ): Promise<Answer<E>> {
    const once = callOptions.deadline === undefined;
    const attemptTimeoutMs = callOptions.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS;
    const deadline = callOptions.deadline ?? deadlineIn(attemptTimeoutMs);
    const attempted: AttemptedReplicas = new Set();
    let fault: unknown;
    for (let number = 1; ; number++) {
      const timeoutMs = Math.min(attemptTimeoutMs, deadline.remainingMs());
      if (timeoutMs > 0) {
        try {
          return await replicas.attempt(attempted, timeoutMs, ({ url, pool }, timeout) =>
            measured.attempt(
              endpoint.operationId,
              timeout,
              send(endpoint, request, { ...callOptions, url, pool, timeout, span }),
            ),
          );
        } catch (error) {
          fault = tellingFault(fault, error, timeoutMs);
        }
      }
      const waitMs = backoffMs(number, RETRY);
      if (once || waitMs >= deadline.remainingMs()) {
        throw new AppError(
          commonProblems.unavailable,
          `${callee} ${endpoint.operationId} gave no answer after ${number} attempts`,
          { cause: fault ?? new Error('no time left') },
        );
      }
      log.debug({ callee, operation: endpoint.operationId, number }, describeError(fault));
      measured.retry(endpoint.operationId);
      await pause(waitMs);
    }
  }

  return {
    /** One span for all attempts: each may travel with calls of other traces. */
    async call(endpoint, request, callOptions = {}) {
      const name = `${callee} ${endpoint.operationId}`;
      const span = startSpan({ name, kind: SpanKind.CLIENT, service });
      try {
        const answer = await callReplicas(endpoint, request, callOptions, span);
        endSpan(span, false, { 'http.response.status_code': answer.status });
        return answer;
      } catch (error) {
        endSpan(span, true);
        throw error;
      }
    },
    checkReady: replicas.checkReady,
    close: replicas.close,
  };
}

interface Attempt {
  /** Base URL of the replica. */
  url: string;
  pool: Pool;
  timeout: Timeout;
  /** Of the call. */
  span: Span;
}

/**
 * Sends one attempt of a call to one replica: a batchable call in a batch, or to a service of this
 * thread without HTTP; another one alone.
 */
function createSender({ callee, credentials, log }: HttpClientOptions, exchange: Exchange) {
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

  return async <E extends Endpoint>(
    endpoint: E,
    request: EndpointRequest<E>,
    { url, pool, timeout, span, headers, actor }: CallOptions & Attempt,
  ): Promise<Answer<E>> => {
    const given = actor === undefined ? headers : { ...headers, [ACTOR_HEADER]: actor };
    const position = span.spanContext();
    const { traceId } = position;
    const { params, query, body } = request as Record<string, Record<string, unknown> | undefined>;
    const outgoing: OutgoingCall = {
      method: endpoint.method,
      path: pathOf(endpoint.path, params ?? {}, query ?? {}),
      text: body && JSON.stringify(body),
      position,
      headers: given,
      call: {
        operationId: endpoint.operationId,
        params,
        body,
        traceId,
        ...writeTraceHeaders(position),
      },
    };
    const batched = endpoint.batchable && given === undefined;
    const local = batched ? localCallee(url) : undefined;
    const answer = !batched
      ? await exchange(pool, outgoing, timeout.signal())
      : await timeout.race(
          local
            ? sendLocally(local, outgoing, await credentials(callee))
            : batcherOf(pool)(outgoing),
        );
    const { status, body: content } = answer;
    if (status >= 500) throw faultOf(callee, status, JSON.stringify(content));
    const retryAfter = answer.headers?.['retry-after'];
    return {
      status,
      body: content,
      headers: answer.headers,
      problem: status >= 400,
      ...(retryAfter !== undefined && { retryAfter }),
    } as unknown as Answer<E>;
  };
}

/** Hands a call to a service of this thread, which gets copies and checks it as a request. */
async function sendLocally(
  callee: LocalCallee,
  { call, path, text }: OutgoingCall,
  authorization: string,
): Promise<BatchedAnswer> {
  const params = call.params && copyOf(call.params);
  return callee({ ...call, params, body: text && JSON.parse(text), path, authorization });
}

/** Sends the calls of a batch in one request; a single call is sent as it is. */
async function exchangeBatch(
  { callee, exchange, log }: { callee: string; exchange: Exchange; log: Logger },
  pool: Pool,
  batch: OutgoingCall[],
): Promise<BatchedAnswer[]> {
  const timeout = startTimeout(ATTEMPT_TIMEOUT_MS);
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

/** The later fault, but the rest of a deadline mostly ends in a timeout, which hides the cause. */
function tellingFault(before: unknown, fault: unknown, timeoutMs: number): unknown {
  return before === undefined || timeoutMs >= TELLING_TIMEOUT_MS ? fault : before;
}

/** An older version does not say which call it answers. */
function isAnswerTo(call: BatchedCall, answer: BatchedAnswer | undefined): boolean {
  return answer !== undefined && (answer.traceId ?? call.traceId) === call.traceId;
}

/** Fills in `:parameters` and appends the query without undefined members. */
function pathOf(
  template: string,
  params: Record<string, unknown>,
  query: Record<string, unknown>,
): string {
  const path = template.replace(/:(\w+)/g, (_, name) => encodeURIComponent(String(params[name])));
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
