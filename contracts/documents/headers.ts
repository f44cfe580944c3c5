import type { Operation } from '../operation.ts';

// Headers of answers: what an operation's answer of a status carries.

const header = (description: string, example: string | number, schema: object = {}) => ({
  description,
  schema: { type: typeof example === 'number' ? 'integer' : 'string', ...schema },
  example,
});

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

/** Every header that a document describes, by the name of its component. */
export const headers = {
  TraceId: {
    name: 'X-Trace-Id',
    required: true,
    ...header('The trace of the request, as logs and traces name it.', TRACE_ID, {
      pattern: '^[0-9a-f]{32}$',
    }),
  },
  Location: {
    name: 'Location',
    ...header(
      'Where to read what was created or accepted, relative to the request.',
      '/v1/orders/0198c1f2-7d3a-7c52-9a41-3f6d0b5e8c11',
      { format: 'uri-reference' },
    ),
  },
  ETag: {
    name: 'ETag',
    required: true,
    ...header('Version of the answer. Send it back in `If-None-Match` or `If-Match`.', '"5"'),
  },
  Link: {
    name: 'Link',
    ...header(
      'The next page (RFC 8288, `rel="next"`); absent on the last one.',
      '</v1/orders?limit=20&cursor=MDE5OGMxZjI>; rel="next"',
    ),
  },
  RetryAfter: {
    name: 'Retry-After',
    required: true,
    ...header('Seconds to wait before the request is repeated.', 1, { minimum: 0 }),
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    ...header(
      'The key of the request, or the one that was made for it; absent where the key was refused.',
      '6b1f0a52-order-1',
    ),
  },
  IdempotentReplayed: {
    name: 'Idempotent-Replayed',
    ...header('`true` where the answer repeats a stored result; otherwise absent.', 'true', {
      enum: ['true'],
    }),
  },
  WwwAuthenticate: {
    name: 'WWW-Authenticate',
    required: true,
    ...header('How to authenticate (RFC 6750).', 'Bearer'),
  },
} as const;

export type HeaderName = keyof typeof headers;

/** The components of these headers: without their names, which are given where they are used. */
export function headerComponents(used: Iterable<string>): Record<string, object> {
  return Object.fromEntries(
    [...new Set(used)].sort().map((key) => {
      const { name: _, ...described } = headers[key as HeaderName];
      return [key, described];
    }),
  );
}

/** References to headers, as an answer lists them. */
export function headerReferences(keys: readonly HeaderName[]): Record<string, object> {
  return Object.fromEntries(
    keys.map((key) => [headers[key].name, { $ref: `#/components/headers/${key}` }]),
  );
}

export const takesKey = ({ headers }: Operation) =>
  headers !== undefined && 'idempotency-key' in headers.properties;

const isConditionalRead = ({ conditional, method }: Operation) =>
  conditional === true && method === 'GET';

/** Whether 304 is an answer. */
export const mayBeUnmodified = isConditionalRead;

const hasVersion = (operation: Operation) =>
  operation.conditional === true ||
  operation.versioned === true ||
  (operation.headers !== undefined && 'if-match' in operation.headers.properties);

export const isList = ({ query, responses }: Operation) =>
  query !== undefined && 'cursor' in query.properties && hasNextCursor(responses[200]);

const hasNextCursor = (schema: unknown) =>
  'nextCursor' in ((schema as { properties?: object } | undefined)?.properties ?? {});

/** Where 201 says that the outcome is known, 202 says that it is not yet. */
const isOpenOutcome = (status: number, { responses }: Operation) =>
  status === 202 && responses[201] !== undefined;

/** The headers of a success answer. */
export function headersOfSuccess(status: number, operation: Operation): HeaderName[] {
  const isCreation = status === 201 || status === 202;
  return [
    'TraceId',
    ...(operation.location && isCreation ? (['Location'] as const) : []),
    ...(hasVersion(operation) && (status === 200 || status === 201) ? (['ETag'] as const) : []),
    ...(isList(operation) ? (['Link'] as const) : []),
    ...(isOpenOutcome(status, operation) ? (['RetryAfter'] as const) : []),
    ...(takesKey(operation) ? (['IdempotencyKey'] as const) : []),
    ...(takesKey(operation) || operation.repeatable ? (['IdempotentReplayed'] as const) : []),
  ];
}

/**
 * The headers of a problem.
 * @param isFinal whether it is the stored outcome of what was created
 */
export function headersOfProblem(
  status: number,
  operation: Operation,
  { isFinal, forScope }: { isFinal: boolean; forScope: boolean },
): HeaderName[] {
  return [
    'TraceId',
    ...(status === 401 || forScope ? (['WwwAuthenticate'] as const) : []),
    ...(status === 429 || status === 503 ? (['RetryAfter'] as const) : []),
    ...(takesKey(operation) ? (['IdempotencyKey'] as const) : []),
    ...(isFinal && operation.location ? (['Location'] as const) : []),
    ...(isFinal && takesKey(operation) ? (['IdempotentReplayed'] as const) : []),
  ];
}
