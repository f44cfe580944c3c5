import type { FastifyRequest } from 'fastify';
import { AppError, commonProblems } from '../errors.ts';

/** Header of an internal call that names the operator who causes it. */
export const ACTOR_HEADER = 'x-actor';

/** The one service that knows operators: it checks their tokens. */
const KNOWS_OPERATORS = 'gateway';
/** A customer id, as tokens carry it. */
const CUSTOMER_ID = /^[\x21-\x7e]{1,255}$/;

type Request = Pick<FastifyRequest, 'headers'>;

/**
 * Refuses an actor that the caller may not name, so that no other service can act as an operator.
 * @param caller the service whose token the request has
 * @throws AppError `forbidden` or `invalid-request`
 */
export function checkActor(caller: string, { headers }: Request): void {
  const actor = headers[ACTOR_HEADER];
  if (actor === undefined) return;
  if (caller !== KNOWS_OPERATORS) {
    throw new AppError(commonProblems.forbidden, `${caller} may not name an actor`);
  }
  if (typeof actor === 'string' && CUSTOMER_ID.test(actor)) return;
  throw new AppError(commonProblems.invalidRequest, 'the actor is no customer id', {
    violations: [{ parameter: ACTOR_HEADER, rule: 'pattern' }],
  });
}

/** The operator who causes a call of an internal API, null for any other call. */
export function actorOf({ headers }: Request): string | null {
  return (headers[ACTOR_HEADER] as string | undefined) ?? null;
}
