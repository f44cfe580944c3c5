import { randomUUID } from 'node:crypto';
import { createTraceState, type SpanContext } from '@opentelemetry/api';

// W3C Trace Context: version, trace id, parent id, flags. Zero ids and version ff are invalid. A
// higher version may add fields behind these four, and is read by these four.
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
// `sampled` and `random`: a sender must not pass on flags that it does not know.
const KNOWN_FLAGS = 0x03;

/** Headers of a request or message; also lists, as Node gives some. */
export type TraceHeaders = Record<string, string | string[] | undefined>;

/** The position in a trace that headers name; null where they are missing or invalid. */
export function readTraceHeaders({ traceparent, tracestate }: TraceHeaders): SpanContext | null {
  // A caller's instrumentation can add a second header, which Node joins: ours is the first.
  const [first = ''] = String(traceparent ?? '').split(',', 1);
  const parsed = TRACEPARENT.exec(first.trim());
  if (parsed === null) return null;
  const [, version, traceId, spanId, flags, more] = parsed as unknown as string[];
  if (version === '00' && more !== undefined) return null;
  const state = String(tracestate ?? '');
  return {
    traceId: traceId as string,
    spanId: spanId as string,
    traceFlags: Number.parseInt(flags as string, 16) & KNOWN_FLAGS,
    isRemote: true,
    // It drops what W3C lets it drop: over 512 characters, malformed members.
    ...(state !== '' && { traceState: createTraceState(state) }),
  };
}

/** `traceparent` of a position in a trace. */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & KNOWN_FLAGS}`;
}

/** The headers that carry a position to the next hop. */
export function writeTraceHeaders(position: SpanContext): Record<string, string> {
  const state = position.traceState?.serialize();
  return { traceparent: traceparentOf(position), ...(state && { tracestate: state }) };
}

/** The trace id in a `traceparent`; null where it is missing or invalid. */
export function traceIdIn(traceparent: string | null | undefined): string | null {
  return readTraceHeaders({ traceparent: traceparent ?? undefined })?.traceId ?? null;
}

/**
 * The beginning of a trace that nobody records: not sampled. Node caches random UUIDs, so most
 * cost no call into OpenSSL.
 */
export function newTrace(traceId = newTraceId()): SpanContext {
  return { traceId, spanId: newTraceId().slice(16), traceFlags: 0 };
}

export function newTraceId(): string {
  return randomUUID().replaceAll('-', '');
}
