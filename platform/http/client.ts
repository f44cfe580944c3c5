import type { Logger } from 'pino';
import type { Pool } from 'undici';
import { backoffMs, pause } from '../async/backoff.ts';
import { type Batcher, createBatcher } from '../async/batcher.ts';
import { type Deadline, deadlineIn } from '../async/deadline.ts';
import { AppError, commonProblems, describeError } from '../errors.ts';
import type { Endpoint, EndpointReply, EndpointRequest } from './endpoint.ts';
import {
  type AttemptedReplicas,
  createLoadBalancer,
  limitIn,
  type TimeLimit,
} from './load-balancer.ts';
import { type ProblemDocument, toProblem } from './problem.ts';
import { CALLS_MAX, CALLS_PATH, type TogetherAnswer, type TogetherCall } from './request-batch.ts';
import type { Credentials } from './service-token.ts';
import { newTraceId, traceparent } from './trace.ts';

// One attempt: longer than the callee's statement time-out, shorter than a request's budget, so
// that a lost answer still leaves time for another attempt (ARCHITECTURE.md, time).
const ATTEMPT_TIMEOUT_MS = 2_500;
const RETRY = { firstMs: 50, maxMs: 400 };
// Requests with several calls on their way to one replica: few, so that they carry many, and more
// than one, so that a call that waits for a lock holds up only those beside it.
const REQUESTS_TOGETHER_MAX = 2;
const CALLS_WAITING_MAX = 1_024;
// Far below the callee's limit (calls.ts): a larger request would delay those that share it.
const CALLS_BYTES_MAX = 1024 * 1024;
// A limit of the callee, or of something in front of it, that is lower than ours: repeating the
// call cannot help, whatever the answer's body is.
const LIMIT_STATUSES = [413, 414, 431];
// Below, a token of five minutes is accepted all the same (service-token.ts).
const SKEW_MIN_S = 30;
const SKEW_MAX_S = 24 * 3_600;
// Of a failed answer, for the log: enough to name its problem.
const FAULT_TEXT_MAX = 300;

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
  /** Gives up then; without one, a single attempt is made. */
  deadline?: Deadline;
  /** For operations that may take longer than most, such as hashing a password. */
  attemptTimeoutMs?: number;
  traceId?: string;
  headers?: Record<string, string>;
}

/** Calls the operations of one service. */
export interface HttpClient {
  /**
   * Calls an operation. Every internal operation may be repeated safely, so connection errors,
   * lost answers, time-outs and 5xx are retried until the deadline, on another replica where
   * there is one (`replicas.ts`).
   * @returns the answer, also when it is a 4xx problem
   * @throws AppError `unavailable` when no answer came in time; the effect is then unknown
   */
  call<E extends Endpoint>(
    endpoint: E,
    request: EndpointRequest<E>,
    options?: CallOptions,
  ): Promise<Answer<E>>;
  /**
   * Whether calls can succeed, as far as the service itself tells; at most one second old.
   * @throws Error when none of its replicas answers 200 to `/readyz` within a second
   */
  checkReady(): Promise<void>;
  close(): Promise<void>;
}

export interface HttpClientOptions {
  /** Name of the called service: audience of the token, word in messages. */
  callee: string;
  /** Base URLs of its replicas: calls are balanced over those that answer. */
  urls: string[];
  credentials: Credentials;
  log: Logger;
}

/** Creates a client; connections are opened when needed. */
export function createHttpClient({
  callee,
  urls,
  credentials,
  log,
}: HttpClientOptions): HttpClient {
  const replicas = createLoadBalancer(callee, urls, log);

  const batchers = new Map<Pool, Batcher<Outgoing, Incoming>>();
  /** How far a replica's clock is ahead of ours, where it refused a token for that. */
  const skews = new Map<Pool, number>();

  /** One request. @throws Error when no answer came, or one that says that the callee is not able */
  async function exchange(pool: Pool, outgoing: Outgoing, signal: AbortSignal): Promise<Incoming> {
    const { method, path, body, traceId } = outgoing;
    const answer = await pool.request({
      method,
      path,
      headers: {
        authorization: await credentials(callee, skews.get(pool)),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(traceId !== undefined && { traceparent: traceparent(traceId) }),
        ...outgoing.headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
      // The signal bounds the whole attempt, the wait for a connection included.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const status = answer.statusCode;
    if (status === 401 && followClock(pool, answer.headers.date)) {
      await answer.body.dump();
      return exchange(pool, outgoing, signal);
    }
    if (status >= 500) {
      // Not parsed: what stands before a service answers with HTML when the service is down.
      throw new Error(faultOf(callee, status, await answer.body.text()));
    }
    const headers = answer.headers as Record<string, string>;
    if (LIMIT_STATUSES.includes(status)) {
      const text = await answer.body.text();
      log.error(`limits disagree: ${faultOf(callee, status, text)}`);
      return { status, headers, body: TOO_LARGE };
    }
    return { status, headers, body: await answer.body.json() };
  }

  /**
   * A token is valid for minutes of the callee's clock, and either clock may be wrong by an hour.
   * @returns whether the clock differs from what was known, so that another token may be accepted
   */
  function followClock(pool: Pool, date: unknown): boolean {
    const skewS = Math.round((Date.parse(String(date)) - Date.now()) / 1_000);
    const known = skews.get(pool) ?? 0;
    // Further than that nobody is followed: a token for another year would be valid for a year.
    if (!(Math.abs(skewS - known) > SKEW_MIN_S && Math.abs(skewS) <= SKEW_MAX_S)) return false;
    skews.set(pool, skewS);
    log.error({ callee, skewS }, 'the clock of a service differs from ours');
    return true;
  }

  /** What several wait for, in one request; what comes alone goes as it is. */
  async function exchangeTogether(pool: Pool, outgoing: Outgoing[]): Promise<Incoming[]> {
    const limit = limitIn(ATTEMPT_TIMEOUT_MS);
    const alone = (one: Outgoing) => exchange(pool, one, limit.signal());
    try {
      const [first, ...others] = outgoing as [Outgoing, ...Outgoing[]];
      if (others.length === 0) return [await alone(first)];
      const calls = outgoing.map(({ call }) => call);
      const request = { method: 'POST', path: CALLS_PATH, body: { calls } } as const;
      const { status, body } = await alone(request as Outgoing);
      // A callee of an older version, or one whose limit the request passed.
      if (status === 404 || LIMIT_STATUSES.includes(status))
        return await Promise.all(outgoing.map(alone));
      if (status !== 200) throw new Error(faultOf(callee, status, JSON.stringify(body)));
      const { answers } = body as { answers: Incoming[] };
      if (!calls.every((call, index) => isAnswerTo(call, answers[index]))) {
        // An alarm, and no answer: the calls are repeated.
        log.error({ callee }, 'answers to several calls are mixed up');
        throw new Error(`${callee} answered other calls`);
      }
      return answers;
    } finally {
      limit.clear();
    }
  }

  function batcherOf(pool: Pool): Batcher<Outgoing, Incoming> {
    const batcher =
      batchers.get(pool) ??
      createBatcher({
        run: (outgoing: Outgoing[]) => exchangeTogether(pool, outgoing),
        isItemError: () => false,
        batchMax: CALLS_MAX,
        weightOf: ({ bytes }) => bytes,
        weightMax: CALLS_BYTES_MAX,
        maxConcurrency: REQUESTS_TOGETHER_MAX,
        waitingMax: CALLS_WAITING_MAX,
      });
    batchers.set(pool, batcher);
    return batcher;
  }

  async function send<E extends Endpoint>(
    endpoint: E,
    request: EndpointRequest<E>,
    options: CallOptions & { pool: Pool; limit: TimeLimit },
  ): Promise<Answer<E>> {
    const { params, query, body } = request as Record<string, Record<string, unknown> | undefined>;
    const { pool, limit, traceId, headers: given } = options;
    const outgoing: Outgoing = {
      method: endpoint.method,
      path: pathOf(endpoint.path, params ?? {}, query ?? {}),
      body,
      traceId,
      headers: given,
      bytes: endpoint.batchable ? Buffer.byteLength(JSON.stringify(body ?? null)) : 0,
      call: { operationId: endpoint.operationId, params, body, traceId: traceId ?? newTraceId() },
    };
    const together = endpoint.batchable && given === undefined;
    const {
      status,
      headers,
      body: content,
    } = together
      ? await limit.within(batcherOf(pool)(outgoing))
      : await exchange(pool, outgoing, limit.signal());
    if (status >= 500) throw new Error(faultOf(callee, status, JSON.stringify(content)));
    const retryAfter = headers?.['retry-after'];
    return {
      status,
      body: content,
      headers,
      problem: status >= 400,
      ...(retryAfter !== undefined && { retryAfter }),
    } as unknown as Answer<E>;
  }

  return {
    async call(endpoint, request, options = {}) {
      const once = options.deadline === undefined;
      const attemptTimeoutMs = options.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS;
      const deadline = options.deadline ?? deadlineIn(attemptTimeoutMs);
      const attempted: AttemptedReplicas = new Set();
      for (let number = 1; ; number++) {
        const timeoutMs = Math.min(attemptTimeoutMs, deadline.remainingMs());
        let fault: unknown = new Error('no time left');
        if (timeoutMs > 0) {
          try {
            return await replicas.attempt(attempted, timeoutMs, (pool, limit) =>
              send(endpoint, request, { ...options, pool, limit }),
            );
          } catch (error) {
            fault = error;
          }
        }
        const waitMs = backoffMs(number, RETRY);
        if (once || waitMs >= deadline.remainingMs()) {
          throw new AppError(
            commonProblems.unavailable,
            `${callee} ${endpoint.operationId} gave no answer after ${number} attempts`,
            { cause: fault },
          );
        }
        log.debug({ callee, operation: endpoint.operationId, number }, describeError(fault));
        await pause(waitMs);
      }
    },
    checkReady: replicas.checkReady,
    close: replicas.close,
  };
}

/** A request on its way: alone, or as one call of several. */
interface Outgoing {
  method: Endpoint['method'];
  path: string;
  headers?: Record<string, string> | undefined;
  body?: unknown;
  traceId?: string | undefined;
  /** Of the body, for an operation whose calls may travel together. */
  bytes: number;
  call: TogetherCall;
}

type Incoming = TogetherAnswer;

/** An older version does not say which call it answers. */
function isAnswerTo(call: TogetherCall, answer: Incoming | undefined): boolean {
  return answer !== undefined && (answer.traceId ?? call.traceId) === call.traceId;
}

// The callee or a proxy refused the request, in whatever form: nothing was done.
const TOO_LARGE: ProblemDocument = toProblem(
  new AppError(commonProblems.tooLarge, 'limits disagree'),
  { language: 'en', instance: '/', traceId: '' },
);

function faultOf(callee: string, status: number, text: string): string {
  return `${callee} answered ${status} ${text.slice(0, FAULT_TEXT_MAX)}`;
}

/** Fills `:parameters` in and appends the query; undefined query members are left out. */
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
