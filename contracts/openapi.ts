import { type TObject, type TSchema, Type } from 'typebox';
import { Problem } from './gateway.ts';
import type { Operation } from './operation.ts';

interface OpenApiOptions {
  title: string;
  description: string;
  /** The module of a contract; values that are no endpoints are ignored. */
  endpoints: Record<string, unknown>;
  /** Schemas with a name: every use of one becomes a reference to it. */
  schemas: Record<string, TSchema>;
  /** In the order in which they are shown. */
  tags?: string[];
}

/**
 * The OpenAPI 3.1 document of a service, made from the endpoints that its server registers, so that
 * the two cannot differ.
 */
export function openApiOf(options: OpenApiOptions): Record<string, unknown> {
  const { title, description, endpoints, tags = [] } = options;
  const paths: Record<string, Record<string, unknown>> = {};
  const described = Object.values(endpoints).filter(isEndpoint);
  const batchable = described.filter((endpoint) => endpoint.batchable);
  if (batchable.length > 0) described.push(batchOf(batchable));
  const rank = (endpoint: Operation) => tags.indexOf(endpoint.tags?.[0] ?? '');
  for (const endpoint of described.sort((a, b) => rank(a) - rank(b))) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operationOf(endpoint) };
  }
  const schemas = { ...options.schemas, Problem };
  const names = new Map(Object.entries(schemas).map(([name, one]) => [JSON.stringify(one), name]));
  return {
    openapi: '3.1.0',
    info: { title, description, version: '1.0.0' },
    ...(tags.length > 0 && { tags: tags.map((name) => ({ name })) }),
    paths: referring(paths, names),
    components: {
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([name, one]) => [name, withReferences(one, names)]),
      ),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
    },
  };
}

/** A copy in which a named schema is a reference to its name. */
function referring(value: unknown, names: Map<string, string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const name = names.get(JSON.stringify(value));
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
  return withReferences(value, names);
}

function withReferences(value: object, names: Map<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => referring(one, names));
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, referring(one, names)]),
  );
}

function isEndpoint(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'operationId' in value;
}

function operationOf(endpoint: Operation): Record<string, unknown> {
  return {
    operationId: endpoint.operationId,
    summary: endpoint.summary,
    ...(endpoint.tags && { tags: endpoint.tags }),
    ...(endpoint.callers && { 'x-callers': endpoint.callers }),
    ...(!endpoint.public && { security: [{ bearer: [] }] }),
    parameters: [
      ...parametersOf('path', endpoint.params),
      ...parametersOf('query', endpoint.query),
      ...parametersOf('header', endpoint.headers),
    ],
    ...(endpoint.body && {
      requestBody: { required: true, content: { 'application/json': { schema: endpoint.body } } },
    }),
    responses: { ...successesOf(endpoint), ...problemsOf(endpoint) },
  };
}

/** The request batch that `platform/http/request-batch.ts` serves. */
function batchOf(endpoints: Operation[]): Operation {
  const call = Type.Object({
    operationId: Type.Enum(endpoints.map(({ operationId }) => operationId)),
    params: Type.Optional(Type.Object({})),
    body: Type.Optional(Type.Unknown()),
    traceId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    traceparent: Type.Optional(Type.String({ description: 'W3C Trace Context of the call.' })),
    tracestate: Type.Optional(Type.String()),
  });
  const answer = Type.Object({
    traceId: Type.String({ description: 'Of the call that this answers.' }),
    status: Type.Integer(),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
    body: Type.Unknown(),
  });
  return {
    operationId: 'callTogether',
    method: 'POST',
    path: '/calls',
    summary:
      'Several calls in one request, each answered as if it had come alone, in the order of the calls',
    callers: [...new Set(endpoints.flatMap(({ callers = [] }) => callers))],
    body: Type.Object({ calls: Type.Array(call, { minItems: 1, maxItems: 64 }) }),
    responses: { 200: Type.Object({ answers: Type.Array(answer) }) },
  };
}

function parametersOf(place: string, schema: Partial<TObject> = {}): Record<string, unknown>[] {
  const { properties = {} } = schema;
  const required: readonly string[] = schema.required ?? [];
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function successesOf({ responses }: Operation): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(responses).map(([status, schema]) => [
      status,
      {
        description: descriptions[status] ?? 'Done',
        // 204 has no body (RFC 9110 section 15.3.5).
        ...(status !== '204' && { content: { 'application/json': { schema } } }),
      },
    ]),
  );
}

const descriptions: Record<string, string> = {
  200: 'Done',
  201: 'Created, or created before by the same request',
  202: 'Accepted; the outcome is not known yet',
};

/**
 * The status of each kind of problem that an operation declares. `platform/http/problem.ts` has the
 * table that answers are made by; neither folder may import the other, so a test compares them.
 */
export const statusOfKind: Record<string, number> = {
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  refused: 406,
  conflict: 409,
  precondition: 412,
  mismatch: 422,
};

/** The problems that an endpoint declares, and those of every operation. */
function problemsOf(endpoint: Operation): Record<string, unknown> {
  const codes: Record<number, string[]> = {
    400: ['invalid-request'],
    ...(endpoint.public ? {} : { 401: ['unauthenticated'] }),
    ...(endpoint.callers || endpoint.tags?.includes('operator') ? { 403: ['forbidden'] } : {}),
    ...(endpoint.params ? { 404: ['not-found'] } : {}),
    ...(endpoint.body ? { 413: ['body-too-large'], 415: ['unsupported-media-type'] } : {}),
    429: ['too-many-requests'],
    // Only the public API refuses early.
    503: ['unavailable', ...(endpoint.path.startsWith('/v1/') ? ['overloaded'] : [])],
  };
  for (const { code, kind } of endpoint.problems ?? []) {
    const status = statusOfKind[kind] ?? 400;
    codes[status] = [...(codes[status] ?? []), code];
  }
  const content = {
    'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
  };
  return Object.fromEntries(
    Object.entries(codes).map(([status, list]) => [
      status,
      { description: list.join(', '), content },
    ]),
  );
}
