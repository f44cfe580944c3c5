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
  const idle = Promise.withResolvers<void>();
  let running = 0;
  let closing = false;
  const counted: LocalCallee = async (call) => {
    running += 1;
    try {
      return copyOf(await callee(call));
    } finally {
      running -= 1;
      if (closing && running === 0) idle.resolve();
    }
  };
  callees.set(url, counted);
  return async () => {
    if (callees.get(url) === counted) callees.delete(url);
    closing = true;
    if (running > 0) await idle.promise;
  };
}

/**
 * The service of this thread that has one replica, at this base URL; undefined where it is to be
 * called by HTTP.
 */
export function localCallee(urls: string[]): LocalCallee | undefined {
  return urls.length === 1 ? callees.get(urls[0] as string) : undefined;
}

/**
 * What HTTP makes of a body: caller and callee share no object, and JSON has no `undefined`. Plain
 * data is copied member by member, in a third of the time; what else there is goes through JSON.
 */
export function copyOf<T>(value: T): T {
  return copyOfAny(value) as T;
}

function copyOfAny(value: unknown): unknown {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  // As JSON, which has no -0.
  if (Number.isFinite(value)) return (value as number) + 0;
  if (value === null || value === undefined) return value;
  if (Array.isArray(value)) {
    const copies: unknown[] = [];
    for (const element of value) copies.push(copyOfAny(element) ?? null);
    return copies;
  }
  if (!isPlain(value)) {
    const text = JSON.stringify(value);
    return text === undefined ? undefined : JSON.parse(text);
  }
  const copy: Record<string, unknown> = {};
  // A plain object inherits nothing that this would list.
  for (const name in value) {
    const member = copyOfAny(value[name]);
    if (member !== undefined) copy[name] = member;
  }
  return copy;
}

/** Whether its own members are all that JSON sees, and can be assigned. */
function isPlain(value: object): value is Record<string, unknown> {
  return (
    Object.getPrototypeOf(value) === Object.prototype &&
    !('toJSON' in value) &&
    !Object.hasOwn(value, '__proto__')
  );
}
