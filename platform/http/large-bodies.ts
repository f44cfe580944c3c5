import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError } from '../errors.ts';
import { BODY_BYTES_MAX, bodyBytesOf } from './body-limit.ts';

// Over a hundred of the largest orders. A request is not counted while its body is awaited, so
// without this limit a few customers could fill the memory with bodies that never end.
const LARGE_BODIES_BYTES_MAX = 64 * 1024 * 1024;
// In large bodies and answers, for each running request of a client that competes: 2 MB a second.
const BYTES_PER_MS = 2 * 1024;

/**
 * Reserves memory for a large body until it is read.
 * @param refuse the refusal where there is no room; undefined for a request that is never refused
 */
export function limitLargeBodies(refuse: (request: FastifyRequest) => AppError | undefined) {
  let reserved = 0;
  return (request: FastifyRequest, reply: FastifyReply): AppError | undefined => {
    const bytes = largeBodyBytes(request);
    // A client that hung up during `onRequest` causes no further `close`.
    if (bytes === 0 || request.raw.destroyed) return undefined;
    const refusal = reserved + bytes > LARGE_BODIES_BYTES_MAX ? refuse(request) : undefined;
    if (refusal !== undefined) return refusal;
    reserved += bytes;
    let isReserved = true;
    const release = () => {
      if (isReserved) reserved -= bytes;
      isReserved = false;
    };
    // Emitted when the body has ended; not for one whose refusal ends the connection.
    request.raw.once('close', release);
    reply.raw.once('close', release);
    return undefined;
  };
}

/** Size of a body above the common limit; 0 for a smaller body, or one that is refused anyway. */
function largeBodyBytes(request: FastifyRequest): number {
  const [bytes, most] = declaredBytes(request);
  return bytes > BODY_BYTES_MAX && bytes <= most ? bytes : 0;
}

/** Size of a body as its head says, at most that of the route for a body in chunks; and the route's. */
function declaredBytes({ headers, routeOptions }: FastifyRequest): [number, number] {
  const most = routeOptions.bodyLimit ?? BODY_BYTES_MAX;
  const chunked = headers['transfer-encoding'] !== undefined;
  return [chunked ? most : Number(headers['content-length'] ?? 0), most];
}

/**
 * How long a client keeps its place after a large body or a large answer, ms. Otherwise one client
 * could fill the time of all with bytes, however few of its requests run at once.
 */
export function pauseAfter(request: FastifyRequest, payload: unknown): number {
  const answerBytes = typeof payload === 'string' ? payload.length : 0;
  const bodyBytes = largeBytesOf(request);
  return (bodyBytes + Math.max(0, answerBytes - BODY_BYTES_MAX)) / BYTES_PER_MS;
}

/** Size of a body above the common limit, as far as it can have been read. */
function largeBytesOf(request: FastifyRequest): number {
  const { headers } = request;
  const chunked = headers['transfer-encoding'] !== undefined;
  // Of nearly all requests: they shall not pay for the others.
  if (!chunked && Number(headers['content-length'] ?? 0) <= BODY_BYTES_MAX) return 0;
  const bytes = bodyBytesOf(request) ?? Math.min(...declaredBytes(request));
  return bytes > BODY_BYTES_MAX ? bytes : 0;
}
