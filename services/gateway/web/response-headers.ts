import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { bareKeyOf, IDEMPOTENCY_KEY_HEADER, SENT_KEY_MAX } from '#contracts/patterns.ts';

const HEADER = 'idempotency-key';
const KEY = new RegExp(IDEMPOTENCY_KEY_HEADER);

/**
 * Headers of every answer of the gateway. Every answer repeats the key as it came, so that a client
 * knows the key to repeat the request with.
 */
export function answerHeadersOf(request: FastifyRequest): Record<string, string> {
  const key = keyOf(request);
  return {
    // Answers are personal, and a browser must not guess that one is a script or a page.
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // A malformed key is refused when it is validated, not corrected here.
    ...(typeof key === 'string' && KEY.test(key) && { [HEADER]: key }),
  };
}

/** The client's own key; else a new one where the operation takes a key, for its handler to find. */
function keyOf({ method, headers, routeOptions }: FastifyRequest): unknown {
  if (headers[HEADER] === undefined && method === 'POST') {
    const { properties = {} } = (routeOptions.schema?.headers ?? {}) as { properties?: object };
    if (HEADER in properties) headers[HEADER] = randomUUID();
  }
  return headers[HEADER];
}

/**
 * The key of a request that takes one, after validation.
 * @returns the key itself, and the one for the services: with its quotes, by which they find what
 *   former versions stored. Those took no longer ones.
 */
export function requireKey(headers: { 'idempotency-key'?: string }): {
  key: string;
  sentKey: string;
} {
  const sent = headers[HEADER] as string;
  const key = bareKeyOf(sent);
  return { key, sentKey: sent.length > SENT_KEY_MAX ? key : sent };
}
