import { type TObject, type TSchema, Type } from 'typebox';
import { PAGE_SIZE_DEFAULT } from '../common.ts';
import type { Operation } from '../operation.ts';
import { descriptions } from './descriptions.ts';
import { createExamples } from './examples.ts';
import {
  type HeaderName,
  headerComponents,
  headerReferences,
  headersOfSuccess,
  isList,
  mayBeUnmodified,
} from './headers.ts';
import {
  createSharedAnswers,
  type ProblemContext,
  type ProblemMembers,
  problemAnswersOf,
  problemSchema,
} from './problem-answers.ts';
import { problemsElsewhere, problemsOf } from './problems.ts';
import { withComponents } from './schemas.ts';

export interface OpenApiOptions {
  title: string;
  description: string;
  /** The module of a contract; values that are no endpoints are ignored. */
  endpoints: Record<string, unknown>;
  /** Schemas with a name: every use of one becomes a reference to it. */
  schemas: Record<string, TSchema>;
  /** Tags and what their operations are for, in the order in which they are shown. */
  tags: Record<string, string>;
  /** The tag of operations that name none. */
  defaultTag?: string;
  problemMembers?: ProblemMembers;
}

const LICENCE = { name: 'Apache License 2.0', identifier: 'Apache-2.0' };
/** Placeholders: each installation has contacts of its own. */
export const CONTACT = {
  name: 'Support of the installation',
  url: 'https://orderbell.example/support',
  email: 'support@orderbell.example',
};
export const LICENCE_URL = 'https://www.apache.org/licenses/LICENSE-2.0';

/**
 * The OpenAPI 3.1 document of a service, made from the endpoints that its server registers, so that
 * the two cannot differ.
 */
export function openApiOf(options: OpenApiOptions): Record<string, unknown> {
  const { title, description, tags } = options;
  const operations = operationsOf(options);
  const ofOperations = operations.flatMap((one) => [...problemsOf(one).values()].flat());
  const codes = [...problemsElsewhere, ...ofOperations];
  const problem = problemSchema([...new Set(codes.map(({ code }) => code))].sort());
  const schemas = { ...options.schemas, Problem: problem };
  const { written, schemas: published } = withComponents(schemas, (components) => {
    const usedHeaders = new Set<HeaderName>();
    const examples = createExamples(options.schemas);
    const context: Context = {
      components,
      problem,
      examples,
      answers: createSharedAnswers(),
      members: options.problemMembers ?? {},
      useHeaders: (keys) => keys.forEach((key) => void usedHeaders.add(key)),
      exampleOf: (code, name, schema) => examples.ofMember(code, name, schema),
    };
    const paths: Record<string, Record<string, unknown>> = {};
    for (const one of operations) {
      const path = one.path.replace(/:(\w+)/g, '{$1}');
      paths[path] = { ...paths[path], [one.method.toLowerCase()]: operationOf(one, context) };
    }
    return { paths, responses: context.answers.all(), headers: headerComponents(usedHeaders) };
  });
  return {
    openapi: '3.1.0',
    info: { title, description, version: '1.0.0', contact: CONTACT, license: LICENCE },
    servers: [{ url: '/', description: 'The server that this document was read from.' }],
    tags: Object.entries(tags).map(([name, text]) => ({ name, description: text })),
    paths: written.paths,
    components: {
      schemas: published,
      responses: written.responses,
      headers: written.headers,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

interface Context extends ProblemContext {
  examples: ReturnType<typeof createExamples>;
}

/** The operations in the order in which they are shown, each with a tag. */
export function operationsOf(options: OpenApiOptions): Operation[] {
  const { endpoints, tags, defaultTag } = options;
  const described = Object.values(endpoints).filter(isEndpoint);
  const batchable = described.filter((endpoint) => endpoint.batchable);
  if (batchable.length > 0) described.push(batchOf(batchable));
  const names = Object.keys(tags);
  const rank = (endpoint: Operation) => names.indexOf(endpoint.tags?.[0] ?? '');
  return described
    .map((one) => (one.tags || defaultTag === undefined ? one : { ...one, tags: [defaultTag] }))
    .sort((a, b) => rank(a) - rank(b));
}

function isEndpoint(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'operationId' in value;
}

/** What a person reads below the summary. */
export const descriptionOf = (operation: Operation): string | undefined =>
  operation.description ?? descriptions[operation.operationId];

function operationOf(operation: Operation, context: Context): Record<string, unknown> {
  const { operationId, summary, tags, callers, body } = operation;
  const description = descriptionOf(operation);
  const { components, examples } = context;
  return {
    operationId,
    summary,
    ...(description !== undefined && { description }),
    ...(tags && { tags }),
    ...(callers && { 'x-callers': callers }),
    security: operation.public ? [] : [{ bearer: [] }],
    parameters: parametersOf(operation, context),
    ...(body && {
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: components.publish(body, 'request'),
            example: examples.ofBody(operation),
          },
        },
      },
    }),
    responses: { ...successesOf(operation, context), ...problemAnswersOf(operation, context) },
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

/** Headers reach schemas in lower case; people know them by these names. */
const headerNames: Record<string, string> = {
  'idempotency-key': 'Idempotency-Key',
  'if-match': 'If-Match',
  'if-none-match': 'If-None-Match',
};

const IfNoneMatch = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: 'An `ETag` of before: 304 where the answer is still the same.' }),
  ),
});

function parametersOf(operation: Operation, context: Context): Record<string, unknown>[] {
  const { params, query, headers } = operation;
  const conditions = mayBeUnmodified(operation) ? IfNoneMatch.properties : {};
  const ofHeaders = { ...headers, properties: { ...conditions, ...headers?.properties } };
  const listed = (place: string, { properties = {}, required }: Partial<TObject> = {}) =>
    Object.entries<TSchema>(properties).map(([name, schema]) => ({
      name: headerNames[name] ?? name,
      in: place,
      required: place === 'path' || ((required ?? []) as readonly string[]).includes(name),
      schema: {
        ...(context.components.publish(schema, 'request') as object),
        ...(name === 'limit' && isList(operation) && { default: PAGE_SIZE_DEFAULT }),
      },
      example: context.examples.ofParameter(operation, name, schema),
    }));
  return [
    ...listed('path', params),
    ...listed('query', query),
    ...listed('header', ofHeaders as Partial<TObject>),
  ];
}

const outcomes: Record<string, string> = {
  200: 'Done',
  201: 'Created, or created before by the same request',
  202: 'Accepted; the outcome is not known yet',
  204: 'Done',
};

function successesOf(operation: Operation, context: Context): Record<string, unknown> {
  const answers = Object.entries(operation.responses).map(([status, schema]) => {
    const headers = headersOfSuccess(Number(status), operation);
    context.useHeaders(headers);
    const content = {
      schema: context.components.publish(schema, 'answer'),
      example: context.examples.ofAnswer(operation, Number(status), schema),
    };
    const answer = {
      description: outcomes[status] ?? 'Done',
      headers: headerReferences(headers),
      // 204 has no body (RFC 9110 section 15.3.5).
      ...(status !== '204' && { content: { 'application/json': content } }),
    };
    return [status, answer];
  });
  return {
    ...Object.fromEntries(answers),
    ...(mayBeUnmodified(operation) && { 304: notModified(operation, context) }),
  };
}

function notModified({ operationId }: Operation, context: Context): object {
  context.useHeaders(['TraceId', 'ETag']);
  const headers = headerReferences(['TraceId', 'ETag']);
  const answer = { description: 'The answer has not changed since that `ETag`', headers };
  return context.answers.refer('NotModified', answer, operationId);
}
