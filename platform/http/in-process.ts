import type { SpanContext } from '@opentelemetry/api';
import type { BatchedAnswer } from './request-batch.ts';

/** One call, as HTTP would bring it. */
export interface LocalCall {
  operationId: string;
  params: unknown;
  body: unknown;
  /** The span of the call. */
  position: SpanContext;
  /** Makes the path, which problem documents name. */
  pathOf: () => string;
  /** The caller's service token, which is checked as in a request. */
  authorization: string;
}

/** Answers a call. */
export type LocalCallee = (call: LocalCall) => Promise<BatchedAnswer>;

// Of this thread: a service in another thread or process is called by HTTP.
const callees = new Map<string, LocalCallee>();

/**
 * Takes calls of the services in this thread without HTTP: the same checks, handler and answer at a
 * tenth of the cost (docs/decisions/0037-calls-in-one-process.md).
 * @param url base URL of the service, by which its callers know it
 * @returns a function that takes no more calls, and resolves when the running ones have ended; later
 *   ones come by HTTP
 */
export function takeLocalCalls(url: string, callee: LocalCallee): () => Promise<void> {
  const running = new Set<Promise<unknown>>();
  const counted: LocalCallee = async (call) => {
    const answer = callee(call);
    running.add(answer);
    try {
      return copyOf(await answer);
    } finally {
      running.delete(answer);
    }
  };
  callees.set(url, counted);
  return async () => {
    if (callees.get(url) === counted) callees.delete(url);
    await Promise.allSettled(running);
  };
}

/**
 * The service of this thread that has one replica, at this base URL; undefined where it is to be
 * called by HTTP.
 */
export function localCallee([url = '', ...others]: string[]): LocalCallee | undefined {
  return others.length === 0 ? callees.get(url) : undefined;
}

/** What HTTP makes of a body: caller and callee share no object, and JSON has no `undefined`. */
export function copyOf<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
