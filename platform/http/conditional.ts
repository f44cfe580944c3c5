import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

const TAG_LENGTH = 22;

/** A strong entity tag of bytes (RFC 9110 section 8.8.3). */
export function entityTagOf(content: string | Uint8Array): string {
  return `"${hash('sha256', content, 'base64url').slice(0, TAG_LENGTH)}"`;
}

/** RFC 9110 section 13.1.2: compared weakly, since a proxy that compresses weakens the tag. */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = etag.replace(/^W\//, '');
  // A tag may contain a comma, so the header is not split at commas.
  return ifNoneMatch.match(/"[\x21\x23-\x7e\x80-\xff]*"/g)?.includes(opaque) ?? false;
}

/**
 * Sends a success answer with the tag of its bytes, or 304 to a client that has them. The bytes
 * depend on `Accept-Language`, and on the token: a shared cache must not store them.
 */
export function sendConditional(
  request: FastifyRequest,
  reply: FastifyReply,
  body: unknown,
): FastifyReply {
  const text = reply.serialize(body as never) as string;
  const etag = entityTagOf(text);
  reply.header('etag', etag);
  varyBy(reply, 'Accept-Language');
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(text);
}

/** Adds a name to `Vary`. */
export function varyBy(reply: FastifyReply, name: string): void {
  const before = reply.getHeader('vary');
  reply.header('vary', before === undefined ? name : `${before}, ${name}`);
}
