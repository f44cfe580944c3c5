import type { FastifyBaseLogger } from 'fastify';
import * as billing from '#contracts/billing.ts';
import * as orders from '#contracts/orders.ts';
import {
  AppError,
  commonProblems,
  describeError,
  type ProblemType,
  type Violation,
} from '#platform/errors.ts';
import type { Answer, HttpClient, ProblemReply } from '#platform/http/client.ts';
import type { Endpoint } from '#platform/http/endpoint.ts';

/** How the gateway reaches the other services. */
export interface ServiceClients {
  orders: HttpClient;
  billing: HttpClient;
  profiles: HttpClient;
  notifications: HttpClient;
  /** Absent when an external issuer keeps the accounts. */
  identity: HttpClient | null;
}

/** Problems of other services that reach the customer unchanged. */
const passedOn: ProblemType[] = [
  commonProblems.invalidRequest,
  commonProblems.notFound,
  commonProblems.tooMany,
  commonProblems.tooLarge,
  ...Object.values(orders.orderProblems),
  ...Object.values(billing.billingProblems),
];

/**
 * An internal problem as an error of ours, with its faults (internal bodies have the pointers of
 * the public ones).
 * @param known further problem types that may be passed on
 */
export function problemOf(reply: ProblemReply, known: ProblemType[] = []): AppError {
  const { body } = reply;
  const type = [...known, ...passedOn].find((problem) => problem.code === body.code);
  if (type === undefined) {
    // Our own credentials were refused, or an answer that nobody declared: not the caller's fault,
    // and another replica may know better.
    return new AppError(
      commonProblems.unavailable,
      `an internal call answered ${reply.status} ${body.code}`,
    );
  }
  const retryAfter = reply.retryAfter;
  return new AppError(type, body.detail, {
    violations: (body.errors ?? []) as Violation[],
    ...(retryAfter !== undefined && { headers: { 'retry-after': retryAfter } }),
  });
}

/** What a call answered. @throws AppError when that is a problem (`problemOf`) */
export function bodyOf<E extends Endpoint>(
  answer: Answer<E>,
): Extract<Answer<E>, { problem: false }>['body'] {
  if (answer.problem) throw problemOf(answer);
  return answer.body;
}

/**
 * A part of an answer that cannot be told, for whatever reason, does not keep the others back.
 * @returns `otherwise` where it cannot
 */
export async function partOr<T, O>(
  otherwise: O,
  log: FastifyBaseLogger,
  read: () => Promise<T>,
): Promise<T | O> {
  try {
    return await read();
  } catch (error) {
    log.warn(`a part of an answer is missing: ${describeError(error)}`);
    return otherwise;
  }
}
