import type { SpanContext } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Pool } from 'undici';
import { AppError, commonProblems } from '../errors.ts';
import { writeTraceHeaders } from '../telemetry/trace-context.ts';
import { withoutInstrumentation } from '../telemetry/tracing.ts';
import type { Endpoint } from './endpoint.ts';
import { type ProblemDocument, toProblem } from './problem.ts';
import type { BatchedAnswer, BatchedCall } from './request-batch.ts';
import type { Credentials } from './service-token.ts';
import { CertificateNeededError, certificateNeeded } from './tls.ts';

// Limits of the callee, or of a proxy before it, that are lower than ours: a retry cannot help,
// and the answer may have any body.
const LIMIT_STATUSES = [413, 414, 431];
// A smaller skew does not invalidate a token of five minutes (service-token.ts).
const SKEW_MIN_S = 30;
const SKEW_MAX_S = 24 * 3_600;
// Enough of a failed answer to name its problem in the log.
const FAULT_TEXT_MAX = 300;

/** A request to one replica. */
export interface Outgoing {
  method: Endpoint['method'];
  path: string;
  headers?: Record<string, string> | undefined;
  /** The body as JSON. */
  text?: string | undefined;
  /** The span of the call. */
  position: SpanContext;
}

/** A request for one call. */
export interface OutgoingCall extends Outgoing {
  /** The same call as a part of a batch. */
  call: BatchedCall;
}

/**
 * Sends one request.
 * @throws Error when no answer came, or one that shows that the callee cannot serve
 */
export type Exchange = (
  pool: Pool,
  outgoing: Outgoing,
  signal: AbortSignal,
) => Promise<BatchedAnswer>;

/** Requests to one service, with its credentials. */
export function createExchange(callee: string, credentials: Credentials, log: Logger): Exchange {
  /** How far a replica's clock is ahead of ours, once it has refused a token for that. */
  const skews = new Map<Pool, number>();

  /**
   * A token is valid for minutes of the callee's clock, and either clock may be wrong by an hour.
   * @returns whether the skew differs from the known one, so that another token may be accepted
   */
  function adoptSkew(pool: Pool, date: unknown): boolean {
    const skewS = Math.round((Date.parse(String(date)) - Date.now()) / 1_000);
    const known = skews.get(pool) ?? 0;
    // A larger skew is not adopted: a token signed for next year would stay valid until then.
    if (!(Math.abs(skewS - known) > SKEW_MIN_S && Math.abs(skewS) <= SKEW_MAX_S)) return false;
    skews.set(pool, skewS);
    log.error({ callee, skewS }, 'the clock of a service differs from ours');
    return true;
  }

  return async function exchange(pool, outgoing, signal) {
    const { method, path, text, position } = outgoing;
    const request = {
      method,
      path,
      headers: {
        authorization: await credentials(callee, skews.get(pool)),
        ...(text !== undefined && { 'content-type': 'application/json' }),
        ...writeTraceHeaders(position),
        ...outgoing.headers,
      },
      ...(text !== undefined && { body: text }),
      signal,
      // The signal bounds the whole attempt, the wait for a connection included.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const answer = await withoutInstrumentation(() => pool.request(request));
    const status = answer.statusCode;
    if (status === 401 && adoptSkew(pool, answer.headers.date)) {
      await answer.body.dump();
      return exchange(pool, outgoing, signal);
    }
    if (status >= 500) {
      // Not parsed: a proxy answers with HTML when the service is down.
      throw faultOf(callee, status, await answer.body.text());
    }
    const headers = answer.headers as Record<string, string>;
    if (isLimitStatus(status)) {
      const text = await answer.body.text();
      log.error(`limits disagree: ${faultOf(callee, status, text).message}`);
      return { status, headers, body: TOO_LARGE };
    }
    const content = (await answer.body.json()) as { code?: unknown } | null;
    if (status === 403 && content?.code === certificateNeeded.code) {
      throw new CertificateNeededError(callee);
    }
    return { status, headers, body: content };
  };
}

export function isLimitStatus(status: number): boolean {
  return LIMIT_STATUSES.includes(status);
}

export function faultOf(callee: string, status: number, text: string): Error {
  const error = new Error(`${callee} answered ${status} ${text.slice(0, FAULT_TEXT_MAX)}`);
  return Object.assign(error, { status });
}

// The callee or a proxy refused the request, with any body: nothing was done.
const TOO_LARGE: ProblemDocument = toProblem(
  new AppError(commonProblems.tooLarge, 'limits disagree'),
  { language: 'en', instance: '/', traceId: '' },
);
