import { readFile } from 'node:fs/promises';
import { comment, objectOf, type Schema, typeOf } from './schema-types.ts';

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: Schema;
}

interface Content {
  content?: Record<string, { schema?: Schema }>;
}

interface DescribedOperation {
  operationId: string;
  summary?: string;
  security?: unknown[];
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: Content & { required?: boolean };
  responses: Record<string, Content | { $ref: string }>;
}

interface Document {
  security?: unknown[];
  paths: Record<string, Record<string, DescribedOperation>>;
  components: Record<string, Record<string, unknown>> & { schemas: Record<string, Schema> };
}

/** The document of the public API that the contracts publish. */
const PUBLIC_API = new URL('../../contracts/published/gateway.openapi.json', import.meta.url);
export const GENERATED_FOLDER = new URL('../../client/generated/', import.meta.url);

const HEAD = '// Generated from the published contracts: `npm run client:types`.\n';
const METHODS = ['get', 'post', 'put', 'delete'];
// What is undefined is not sent.
const OR_UNDEFINED = ' | undefined';
const KEY_HEADER = 'idempotency-key';

/** The texts of the generated modules, by file name. */
export async function generatedTexts(): Promise<Map<string, string>> {
  const document = JSON.parse(await readFile(PUBLIC_API, 'utf8')) as Document;
  const operations = operationsOf(document);
  return new Map([
    ['operations.ts', operationTable(operations)],
    ['types.ts', typeModule(document, operations)],
  ]);
}

interface Generated {
  id: string;
  method: string;
  path: string;
  isPublic: boolean;
  isKeyed: boolean;
  /** The members of its interface, each a line or more. */
  members: string;
  summary: string | undefined;
}

/** By id, so that an operation which moves changes nothing. */
function operationsOf(document: Document): Generated[] {
  const found = Object.entries(document.paths).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const operation = methods[method];
      return operation === undefined ? [] : generated(document, operation, { method, path });
    }),
  );
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function generated(
  document: Document,
  operation: DescribedOperation,
  { method, path }: { method: string; path: string },
): Generated {
  const parameters = (operation.parameters ?? []).map((each) =>
    resolved<Parameter>(document, each),
  );
  const isKeyed = parameters.some(({ name }) => name.toLowerCase() === KEY_HEADER);
  const answer = answerOf(document, operation);
  const members = [
    ...partOf(
      'params',
      parameters.filter((each) => each.in === 'path'),
    ),
    ...partOf(
      'query',
      parameters.filter((each) => each.in === 'query'),
    ),
    ...bodyOf(operation),
    ...(isKeyed ? ['keyed: true'] : []),
    `answer: ${answer.type}`,
    ...(answer.item === undefined ? [] : [`item: ${answer.item}`]),
  ];
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    isPublic: (operation.security ?? document.security ?? []).length === 0,
    isKeyed,
    members: members.map((member) => `    ${member};\n`).join(''),
    summary: operation.summary,
  };
}

function partOf(name: string, parameters: Parameter[]): string[] {
  if (parameters.length === 0) return [];
  const isNeeded = ({ required }: Parameter) => required === true;
  const schema: Schema = {
    properties: Object.fromEntries(
      parameters.map(({ name, schema, description }) => [
        name,
        description === undefined ? schema : { ...schema, description },
      ]),
    ),
    required: parameters.filter(isNeeded).map((each) => each.name),
  };
  return [
    `${name}${parameters.some(isNeeded) ? '' : '?'}: ${objectOf(schema, '    ', OR_UNDEFINED)}`,
  ];
}

function bodyOf({ requestBody }: DescribedOperation): string[] {
  const schema = requestBody?.content?.['application/json']?.schema;
  if (schema === undefined) return [];
  return [`body${requestBody?.required ? '' : '?'}: ${typeOf(schema, '    ', OR_UNDEFINED)}`];
}

/** The body of success answers, and the item where it is a page. */
function answerOf(document: Document, { responses }: DescribedOperation) {
  const schemas = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, each]) => resolved<Content>(document, each).content?.['application/json']?.schema);
  const types = schemas.map((schema) => (schema === undefined ? 'null' : typeOf(schema, '    ')));
  const [first] = schemas.map((schema) => schema && resolved<Schema>(document, schema));
  const { data, nextCursor } = first?.properties ?? {};
  const isPage = data?.items !== undefined && nextCursor !== undefined;
  return {
    type: [...new Set(types)].join(' | '),
    item: isPage ? typeOf(data.items as Schema, '    ') : undefined,
  };
}

function resolved<T>(document: Document, found: T | { $ref: string }): T {
  if (typeof found !== 'object' || found === null || !('$ref' in found)) return found as T;
  const path = String(found.$ref).slice('#/'.length).split('/');
  return path.reduce(
    (part, name) => (part as Record<string, unknown>)[name],
    document as unknown,
  ) as T;
}

function operationTable(operations: Generated[]): string {
  const rows = operations.map(({ id, method, path, isKeyed, isPublic }) => {
    const marks = `${isKeyed ? ', keyed: true' : ''}${isPublic ? ', public: true' : ''}`;
    return `  ${id}: { method: '${method}', path: '${path}'${marks} },\n`;
  });
  return `${HEAD}
export interface OperationEntry {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its parameters in braces. */
  path: string;
  /** Takes an Idempotency-Key. */
  keyed?: true;
  /** Takes no token. */
  public?: true;
}

export const operations = {
${rows.join('')}} as const satisfies Record<string, OperationEntry>;
`;
}

function typeModule({ components }: Document, operations: Generated[]): string {
  const schemas = Object.entries(components.schemas).map(([name, schema]) => {
    const isObject = schema.type === 'object' && schema.properties !== undefined;
    const declared = isObject
      ? `interface ${name} ${objectOf(schema)}`
      : `type ${name} = ${typeOf(schema)};`;
    return `${comment(schema.description, '')}export ${declared}\n`;
  });
  const members = operations.map(
    ({ id, members, summary }) => `${comment(summary, '  ')}  ${id}: {\n${members}  };\n`,
  );
  return `${HEAD}
${schemas.join('\n')}
/** Every operation of the public API, by its id. */
export interface Operations {
${members.join('')}}
`;
}
