import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, commonProblems } from '../errors.ts';
import type { SendError } from './error-reply.ts';

// The router refuses an address that it cannot decode (`/%`) before any hook or handler runs.

/** @returns whether it has answered */
type Answer = (request: FastifyRequest, reply: FastifyReply) => boolean;

const answers = new WeakMap<FastifyInstance, Answer>();

/** Lets `answer` come before the problem document, such as with a page for people. */
export function answerMalformedAddresses(app: FastifyInstance, answer: Answer): void {
  answers.set(app, answer);
}

/** @param filePrefixes under them such an address is a 404 like that of any other unknown file */
export function refuseMalformedAddress(
  app: FastifyInstance,
  {
    error,
    filePrefixes = [],
    sendError,
  }: { error: Error; filePrefixes?: readonly string[] | undefined; sendError: SendError },
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (answers.get(app)?.(request, reply)) return;
  const isFile = filePrefixes.some((prefix) => request.url.startsWith(prefix));
  const unknown = new AppError(commonProblems.notFound, 'no such file');
  sendError(isFile ? unknown : error, request, reply);
}
