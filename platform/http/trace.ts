import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

// W3C Trace Context: version-traceid-parentid-flags; all-zero ids are invalid.
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace id of a request, or a new one where the header is missing or invalid. */
export function traceIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const header = request.headers.traceparent;
  const match = typeof header === 'string' ? TRACEPARENT.exec(header) : null;
  return match?.[1] ?? newTraceId();
}

/** A new trace id. Node caches random UUIDs, so most cost no call into OpenSSL. */
export function newTraceId(): string {
  return randomUUID().replaceAll('-', '');
}

/** `traceparent` for a call made on behalf of a trace, with a new parent id. */
export function traceparent(traceId: string): string {
  return `00-${traceId}-${newTraceId().slice(16)}-01`;
}
