import type { Span } from '@opentelemetry/api';
import type { Logger } from 'pino';
import { backoffMs, pause } from '../async/backoff.ts';
import { type Deadline, deadlineIn } from '../async/deadline.ts';
import { startTimeout } from '../async/timeout.ts';
import { AppError, commonProblems, describeError } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { serviceOf } from '../telemetry/log.ts';
import { endSpan, SpanKind, startSpan } from '../telemetry/tracing.ts';
import { createSender, isBatchable, pathOf, type RequestParts } from './call-sender.ts';
import type { CallTls } from './call-tls.ts';
import { type CallMetrics, measureCalls } from './client-metrics.ts';
import type { Endpoint, EndpointReply, EndpointRequest } from './endpoint.ts';
import { createExchange, faultOf } from './exchange.ts';
import { copyOf, type LocalCallee, localCallee } from './in-process.ts';
import { type AttemptedReplicas, createLoadBalancer } from './load-balancer.ts';
import type { ProblemDocument } from './problem.ts';
import type { BatchedAnswer } from './request-batch.ts';
import type { Credentials } from './service-token.ts';

// One attempt: longer than the callee's statement time-out, and shorter than the deadline of a
// request, so that a lost answer leaves time for a retry.
const ATTEMPT_TIMEOUT_MS = 2_500;
const TELLING_TIMEOUT_MS = 250;
const RETRY = { firstMs: 50, maxMs: 400 };
/** An answer that is an error: a problem document of the callee. */
export interface ProblemReply {
  status: number;
  body: ProblemDocument;
  problem: true;
  /** The `Retry-After` header, where the callee sent one. */
  retryAfter?: string;
}

export type Answer<E extends Endpoint> =
  | (EndpointReply<E> & {
      problem: false;
      /** More than one where earlier attempts had no answer: each may have been carried out. */
      attempts?: number;
    })
  | ProblemReply;

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
  const attempt = createAttempts(options, replicas, measured);

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
          const one = { span, timeoutMs, attempted };
          const parts = request as RequestParts;
          return answerOf(callee, await attempt(endpoint, parts, callOptions, one), number);
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
  /** Of the call. */
  span: Span;
  timeoutMs: number;
  attempted: AttemptedReplicas;
}

/** Attempts of calls: at a service of this thread without HTTP, else at one of its replicas. */
function createAttempts(
  { callee, urls, credentials, log }: HttpClientOptions,
  replicas: ReturnType<typeof createLoadBalancer>,
  measured: CallMetrics,
) {
  const send = createSender(callee, createExchange(callee, credentials, log), log);

  async function askLocally(
    local: LocalCallee,
    endpoint: Endpoint,
    request: RequestParts,
    { span, timeoutMs }: Attempt,
  ): Promise<BatchedAnswer> {
    const authorization = await credentials(callee);
    const timeout = startTimeout(timeoutMs);
    try {
      const answer = local({
        operationId: endpoint.operationId,
        params: copyOf(request.params),
        body: copyOf(request.body),
        position: span.spanContext(),
        pathOf: () => pathOf(endpoint.path, request),
        authorization,
      });
      return await measured.attempt(endpoint.operationId, timeout, timeout.race(answer));
    } finally {
      timeout.clear();
    }
  }

  return (
    endpoint: Endpoint,
    request: RequestParts,
    options: CallOptions,
    one: Attempt,
  ): Promise<BatchedAnswer> => {
    const local = isBatchable(endpoint, options) ? localCallee(urls) : undefined;
    if (local !== undefined) return askLocally(local, endpoint, request, one);
    const { attempted, span, timeoutMs } = one;
    return replicas.attempt(attempted, timeoutMs, (pool, timeout) =>
      measured.attempt(
        endpoint.operationId,
        timeout,
        send(endpoint, request, { ...options, span, pool, timeout }),
      ),
    );
  };
}

/** @throws Error for an answer that shows that the callee cannot serve */
function answerOf<E extends Endpoint>(
  callee: string,
  { status, body, headers }: BatchedAnswer,
  attempts: number,
): Answer<E> {
  if (status >= 500) throw faultOf(callee, status, JSON.stringify(body));
  const retryAfter = headers?.['retry-after'];
  return {
    status,
    body,
    headers,
    problem: status >= 400,
    ...(attempts > 1 && { attempts }),
    ...(retryAfter !== undefined && { retryAfter }),
  } as unknown as Answer<E>;
}

/** The later fault, but the rest of a deadline mostly ends in a timeout, which hides the cause. */
function tellingFault(before: unknown, fault: unknown, timeoutMs: number): unknown {
  return before === undefined || timeoutMs >= TELLING_TIMEOUT_MS ? fault : before;
}
