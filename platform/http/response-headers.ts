import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

export type AnswerHeaders = (request: FastifyRequest) => Record<string, string>;

/** The answers that a connection still owes. */
export interface Owed {
  /** The last of those whose request was received whole: their own answers come. */
  running: ServerResponse | null;
  /** Headers of the answer to a request whose body broke off. */
  headers: Record<string, string>;
}

/**
 * Adds the same kind of headers to every answer of a server: also to refusals before any route and
 * to requests whose body breaks off, where only the connection is left to answer on.
 */
export function createAnswerHeaders(headersOf: AnswerHeaders) {
  const unanswered = new WeakMap<Socket, Map<FastifyRequest, Pending>>();
  return {
    add(request: FastifyRequest, reply: FastifyReply): void {
      const headers = headersOf(request);
      reply.headers(headers);
      const { socket } = request.raw;
      const pending = unanswered.get(socket) ?? new Map<FastifyRequest, Pending>();
      unanswered.set(socket, pending.set(request, { response: reply.raw, headers }));
      reply.raw.once('close', () => pending.delete(request));
    },
    owedOn(socket: Socket): Owed {
      const owed = [...(unanswered.get(socket) ?? [])].filter(
        ([, { response }]) => !response.writableEnded,
      );
      const whole = owed.filter(([{ raw }]) => raw.complete);
      return {
        running: whole.at(-1)?.[1].response ?? null,
        headers: owed.find(([{ raw }]) => !raw.complete)?.[1].headers ?? {},
      };
    },
  };
}

interface Pending {
  response: ServerResponse;
  headers: Record<string, string>;
}
