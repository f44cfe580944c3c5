import type { DeclaredProblem, Operation } from '../operation.ts';

// Which problems an operation answers with: those that it declares, and those of every operation.

/**
 * The status of each kind of problem. `platform/http/problem.ts` has the table that answers are made
 * by; neither folder may import the other, so a test compares them.
 */
export const statusOfKind: Record<string, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'not-allowed': 405,
  refused: 406,
  conflict: 409,
  precondition: 412,
  'too-large': 413,
  'uri-too-long': 414,
  unsupported: 415,
  misdirected: 421,
  mismatch: 422,
  'too-many': 429,
  internal: 500,
  unavailable: 503,
};

const common = (code: string, kind: string, title: string, detail: string) => ({
  code,
  kind,
  en: { title, detail },
});

/** Problems of every service, as `platform/errors.ts` has them; a test compares the two. */
export const commonProblems = {
  invalidRequest: common(
    'invalid-request',
    'invalid',
    'Invalid request',
    'Correct the listed faults and send it again.',
  ),
  unauthenticated: common(
    'unauthenticated',
    'unauthenticated',
    'Sign-in required',
    'A valid access token is needed.',
  ),
  forbidden: common('forbidden', 'forbidden', 'Forbidden', 'You are not allowed to do this.'),
  notFound: common('not-found', 'not-found', 'Not found', 'There is nothing at this address.'),
  methodNotAllowed: common(
    'method-not-allowed',
    'not-allowed',
    'Method not allowed',
    'The header Allow names the methods.',
  ),
  tooLarge: common(
    'body-too-large',
    'too-large',
    'Request too large',
    'The body is larger than allowed.',
  ),
  uriTooLong: common(
    'uri-too-long',
    'uri-too-long',
    'Address too long',
    'A part of the address is longer than allowed.',
  ),
  unsupportedMediaType: common(
    'unsupported-media-type',
    'unsupported',
    'Unsupported media type',
    'A body is accepted only as application/json without Content-Encoding.',
  ),
  unknownHost: common(
    'unknown-host',
    'misdirected',
    'Unknown host name',
    'The server answers as localhost, 127.0.0.1 and [::1]. PUBLIC_URL adds another name.',
  ),
  tooMany: common(
    'too-many-requests',
    'too-many',
    'Too many attempts',
    'Try again later, see Retry-After.',
  ),
  unavailable: common(
    'unavailable',
    'unavailable',
    'Temporarily unavailable',
    'Repeat the request with the same Idempotency-Key: it is resumed, not done twice.',
  ),
  overloaded: common(
    'overloaded',
    'unavailable',
    'Too many requests at once',
    'Nothing was done. Try again later, see Retry-After; with the same Idempotency-Key, if any.',
  ),
  internal: common(
    'internal',
    'internal',
    'Internal error',
    'A fault on our side; it has been recorded.',
  ),
};

export const isPublic = ({ path }: Operation) => path.startsWith('/v1/');
export const isForOperators = ({ tags = [] }: Operation) => tags.includes('operator');

/** The problems of addresses that are no operation. */
export const problemsElsewhere = [commonProblems.notFound, commonProblems.methodNotAllowed];

/** The problems of an operation by status. */
export function problemsOf(operation: Operation): Map<number, DeclaredProblem[]> {
  const problems = [
    commonProblems.invalidRequest,
    ...(operation.public ? [] : [commonProblems.unauthenticated]),
    ...(operation.callers || isForOperators(operation) ? [commonProblems.forbidden] : []),
    ...(mayBeMissing(operation) ? [commonProblems.notFound] : []),
    // Also where none is expected: it is read before it is refused.
    ...(operation.method === 'GET'
      ? []
      : [commonProblems.tooLarge, commonProblems.unsupportedMediaType]),
    ...(operation.params ? [commonProblems.uriTooLong] : []),
    ...(operation.rateLimited ? [commonProblems.tooMany] : []),
    ...(operation.problems ?? []),
    commonProblems.internal,
    commonProblems.unavailable,
    // Only the gateway checks host names and refuses early.
    ...(isPublic(operation) ? [commonProblems.unknownHost, commonProblems.overloaded] : []),
  ];
  const byStatus = new Map<number, DeclaredProblem[]>();
  for (const problem of problems) {
    const status = statusOfKind[problem.kind];
    if (status === undefined) throw new Error(`${problem.code} has the kind ${problem.kind}`);
    const others = byStatus.get(status) ?? [];
    byStatus.set(status, [...others.filter(({ code }) => code !== problem.code), problem]);
  }
  return new Map([...byStatus].sort(([a], [b]) => a - b));
}

/** Where an id is given; and operations of accounts, which an external issuer replaces. */
const mayBeMissing = ({ params, tags = [] }: Operation) =>
  params !== undefined || tags.includes('account');
