import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

type Headers = Record<string, string>;
export type AnswerHeaders = (request: FastifyRequest) => Headers;

/**
 * Adds headers to every answer of a server: also to refusals before any route, and to requests
 * whose body breaks off, which are answered directly on the socket.
 */
export function createAnswerHeaders(headersOf: AnswerHeaders) {
  // The requests of a connection are answered one after the other (connections.ts).
  const latest = new WeakMap<Socket, { request: IncomingMessage; headers: Headers }>();
  return {
    add(request: FastifyRequest, reply: FastifyReply): void {
      const headers = headersOf(request);
      reply.headers(headers);
      latest.set(request.raw.socket, { request: request.raw, headers });
    },
    /** Headers for the answer to a request whose body broke off. */
    forBroken(socket: Socket): Headers {
      const pending = latest.get(socket);
      return pending === undefined || pending.request.complete ? {} : pending.headers;
    },
  };
}
