import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, commonProblems, describeError } from '../errors.ts';
import { newTraceId } from '../telemetry/trace-context.ts';
import { printableJson } from '../values/printable.ts';
import { languageOf } from './language.ts';
import {
  PROBLEM_MEDIA_TYPE,
  type ProblemDocument,
  statusOf,
  toAppError,
  toProblem,
} from './problem.ts';

/** How a server shows a problem; without a request where its head could not be read. */
export type PresentProblem = (
  problem: ProblemDocument,
  request: FastifyRequest | null,
) => ProblemDocument;

/** Answers an error with its problem document. */
export type SendError = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply;

export function createSendError(present: PresentProblem): SendError {
  return (error, request, reply) => {
    const { status, headers, body } = problemAnswer(error, request, request.id);
    return reply
      .code(status)
      .headers(headers)
      .type(PROBLEM_MEDIA_TYPE)
      .serializer(serialize)
      .send(present(body, request));
  };
}

/** A problem repeats names of members that the caller sent, and is read on a terminal. */
function serialize(body: unknown): string {
  return printableJson(JSON.stringify(body));
}

/** The answer to any thrown error; a defect or an outage of ours is logged. */
export function problemAnswer(
  error: unknown,
  request: FastifyRequest,
  traceId: string,
): { status: number; headers: Record<string, string>; body: ProblemDocument } {
  const known = toAppError(error, request.routeOptions?.bodyLimit);
  const status = statusOf(known.problem);
  if (status >= 500 && !known.expected) {
    request.log.error(
      { code: known.problem.code, traceId, stack: stackOf(known) },
      describeError(known),
    );
  }
  const body = toProblem(known, {
    language: languageOf(request.headers['accept-language']),
    instance: referenceTo(request.url?.split('?', 1)[0] ?? '/'),
    traceId,
  });
  const headers = {
    // By the date, a caller whose token was refused can see that its clock is wrong, not its key.
    ...(status === 401 && { 'www-authenticate': 'Bearer', date: new Date().toUTCString() }),
    ...(body.retryable && { 'retry-after': '1' }),
    ...known.headers,
  };
  return { status, headers, body };
}

/** A path as a URI reference: an address that is malformed is refused, and its path is none. */
function referenceTo(path: string): string {
  return path.replace(NOT_IN_A_PATH, encodeURIComponent);
}

// What RFC 3986 does not allow in a path; a percent sign only before two hexadecimal digits.
const NOT_IN_A_PATH = /%(?![\da-f]{2})|[^\w\-.~!$&'()*+,;=:@/%]/gi;

function stackOf(error: AppError): string | undefined {
  return error.cause instanceof Error ? error.cause.stack : error.stack;
}

/**
 * Answers a request that Node's HTTP parser gave up on, directly on its socket.
 * @param last the answer to the last request before it, where that is not written yet
 * @param headers those of its answer, where its head was read
 * @param present how the server shows a problem
 */
export function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Socket,
  {
    last,
    headers,
    present,
  }: {
    last: ServerResponse | null;
    headers: Record<string, string>;
    present: PresentProblem;
  },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  if (last !== null) {
    // An earlier request is still running: the client would take this refusal for its answer.
    last.shouldKeepAlive = false;
    last.once('close', () => socket.destroySoon());
    // The rest of the bytes cannot be parsed.
    socket.pause();
    return;
  }
  const [status, phrase] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout']
        : [400, 'Bad Request'];
  const traceId = headers['x-trace-id'] ?? newTraceId();
  const problem = toProblem(new AppError(commonProblems.invalidRequest, phrase), {
    language: 'ru',
    instance: '/',
    traceId,
  });
  const body = JSON.stringify(present({ ...problem, status }, null));
  const more = Object.entries({ ...headers, 'x-trace-id': traceId }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\nContent-Type: ${PROBLEM_MEDIA_TYPE}\r\n` +
      `${more.join('')}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
