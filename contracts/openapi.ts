import type { TSchema } from 'typebox';
import { Problem } from './gateway.ts';

/** What an OpenAPI operation is made from: an endpoint of a contract. */
export interface DescribedEndpoint {
  operationId: string;
  method: string;
  path: string;
  summary: string;
  tags?: readonly string[];
  callers?: readonly string[];
  /** True for operations that need no token. */
  public?: boolean;
  params?: TSchema;
  query?: TSchema;
  headers?: TSchema;
  body?: TSchema;
  responses: Record<number, TSchema>;
  problems?: readonly { code: string; kind: string }[];
}

interface ObjectSchema {
  properties?: Record<string, TSchema>;
  required?: string[];
}

/**
 * The OpenAPI 3.1 document of a service, made from its endpoints, so that it cannot say anything
 * that the server does not do.
 * @param endpoints the module of a contract; values that are no endpoints are passed over
 */
export function openApiOf(
  title: string,
  description: string,
  endpoints: Record<string, unknown>,
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const endpoint of Object.values(endpoints).filter(isEndpoint)) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operationOf(endpoint) };
  }
  return {
    openapi: '3.1.0',
    info: { title, description, version: '1.0.0' },
    paths,
    components: {
      schemas: { Problem },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
    },
  };
}

function isEndpoint(value: unknown): value is DescribedEndpoint {
  return typeof value === 'object' && value !== null && 'operationId' in value;
}

function operationOf(endpoint: DescribedEndpoint): Record<string, unknown> {
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

function parametersOf(place: string, schema: TSchema | undefined): Record<string, unknown>[] {
  const { properties = {}, required = [] } = (schema ?? {}) as ObjectSchema;
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function successesOf({ responses }: DescribedEndpoint): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(responses).map(([status, schema]) => [
      status,
      { description: descriptions[status] ?? 'Done', content: { 'application/json': { schema } } },
    ]),
  );
}

const descriptions: Record<string, string> = {
  200: 'Done',
  201: 'Created, or created before by the same request',
  202: 'Accepted; the outcome is not known yet',
};

const statusOfKind: Record<string, string> = {
  unauthenticated: '401',
  forbidden: '403',
  refused: '406',
  conflict: '409',
  precondition: '412',
  mismatch: '422',
};

/** Each problem of its own, and those that any operation may answer. */
function problemsOf(endpoint: DescribedEndpoint): Record<string, unknown> {
  const codes: Record<string, string[]> = {
    400: ['invalid-request'],
    ...(endpoint.public ? {} : { 401: ['unauthenticated'] }),
    ...(endpoint.callers || endpoint.tags?.includes('operator') ? { 403: ['forbidden'] } : {}),
    ...(endpoint.params ? { 404: ['not-found'] } : {}),
    ...(endpoint.body ? { 413: ['body-too-large'], 415: ['unsupported-media-type'] } : {}),
    429: ['too-many-requests'],
    503: ['unavailable'],
  };
  for (const { code, kind } of endpoint.problems ?? []) {
    const status = statusOfKind[kind] ?? '400';
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
