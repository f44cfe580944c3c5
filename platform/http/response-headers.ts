import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

export type AnswerHeaders = (request: FastifyRequest) => Record<string, string>;

/** The unfinished answers of a connection. */
export interface PendingAnswers {
  /** The last answer to a request that was received whole: its handler will write it. */
  running: ServerResponse | null;
  /** Headers for the answer to a request whose body broke off. */
  headers: Record<string, string>;
}

/**
 * Adds headers to every answer of a server: also to refusals before any route, and to requests
 * whose body breaks off, which are answered directly on the socket.
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
    pendingOn(socket: Socket): PendingAnswers {
      const pending = [...(unanswered.get(socket) ?? [])].filter(
        ([, { response }]) => !response.writableEnded,
      );
      const whole = pending.filter(([{ raw }]) => raw.complete);
      return {
        running: whole.at(-1)?.[1].response ?? null,
        headers: pending.find(([{ raw }]) => !raw.complete)?.[1].headers ?? {},
      };
    },
  };
}

interface Pending {
  response: ServerResponse;
  headers: Record<string, string>;
}
