import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

export type AnswerHeaders = (request: FastifyRequest) => Record<string, string>;

/**
 * Adds the same kind of headers to every answer of a server: also to refusals before any route and
 * to requests whose body breaks off, where only the connection is left to answer on.
 */
export function createAnswerHeaders(headersOf: AnswerHeaders) {
  const unanswered = new WeakMap<Socket, { reply: FastifyReply; headers: Headers }>();
  return {
    add(request: FastifyRequest, reply: FastifyReply): void {
      const headers = headersOf(request);
      unanswered.set(request.raw.socket, { reply, headers });
      reply.headers(headers);
    },
    /** Headers of the answer that this connection still owes; none between two requests. */
    owedOn(socket: Socket): Headers {
      const owed = unanswered.get(socket);
      return owed === undefined || owed.reply.raw.writableEnded ? {} : owed.headers;
    },
  };
}

type Headers = Record<string, string>;
