import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import {
  isObject,
  type Json,
  READINGS,
  type Reading,
  readSchema,
  schemaId,
} from './schema-readings.ts';

const PUBLISHED = join(import.meta.dirname, '..', '..', 'contracts', 'published');
const COMPONENTS = '/components/schemas';
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
/** Words that OpenAPI 3.1 adds to JSON Schema; they validate nothing. */
const OPENAPI_WORDS = ['discriminator', 'example', 'externalDocs', 'xml'];
const FAULTS_SHOWN = 3;

/** A header or a parameter. */
export interface Described {
  name: string;
  in: string;
  required: boolean;
  /** JSON pointer of its schema. */
  schema: string;
}

export interface DescribedResponse {
  headers: Described[];
  /** JSON pointer of the schema, by media type; empty where there is no body. */
  content: ReadonlyMap<string, string>;
}

export interface DescribedOperation {
  operationId: string;
  method: string;
  secured: boolean;
  parameters: Described[];
  /** The same for what it reads; undefined where it reads no body. */
  body: ReadonlyMap<string, string> | undefined;
  bodyRequired: boolean;
  /** By status, as `200` or `4XX` or `default`. */
  responses: ReadonlyMap<string, DescribedResponse>;
  /** The values of the path's parameters, still escaped; undefined for another path. */
  match: (path: string) => Record<string, string> | undefined;
}

/** What is wrong with a value. */
export interface Fault {
  /** Of the part of the value; empty for all of it. */
  pointer: string;
  text: string;
}

/** An OpenAPI document, by which exchanges are checked. */
export interface ApiDocument {
  service: string;
  operations: DescribedOperation[];
  /** @returns what is wrong with a value, by the schema at this pointer; empty for nothing */
  faultsOf: (pointer: string, value: unknown, reading: Reading) => Fault[];
  /** Pointer of a schema with a name; undefined where there is none. */
  component: (name: string) => string | undefined;
}

const opened = new Map<string, ApiDocument>();

/** The published document of a service, read once in a process. */
export function publishedDocument(service: string): ApiDocument {
  const known = opened.get(service);
  if (known !== undefined) return known;
  const text = readFileSync(join(PUBLISHED, `${service}.openapi.json`), 'utf8');
  const document = createApiDocument(service, JSON.parse(text));
  opened.set(service, document);
  return document;
}

const OPTIONS: Options = {
  allErrors: true,
  strictTypes: false,
  strictRequired: false,
  // Linters of the documents do.
  validateSchema: false,
  // Validators are made sooner than they would be, and named schemas once: most run a few times.
  inlineRefs: false,
  code: { optimize: false },
};

/** Schemas are compiled when a value is first checked by them. */
export function createApiDocument(service: string, document: Json): ApiDocument {
  const ajv = new Ajv2020(OPTIONS);
  formats.default(ajv);
  ajv.addVocabulary([...OPENAPI_WORDS, ...extensionsIn(document)]);
  const at = (pointer: string): Json => {
    const parts = pointer.split('/').slice(1).map(unescapePart);
    return parts.reduce((value, part) => (value?.[part] ?? {}) as Json, document);
  };
  for (const [name, schema] of Object.entries(at(COMPONENTS))) {
    for (const reading of READINGS) {
      ajv.addSchema(readSchema(schema, reading) as Json, schemaId(name, reading));
    }
  }
  const compiled = new Map<string, ValidateFunction>();
  const byText = new Map<string, ValidateFunction>();
  const compile = (pointer: string, reading: Reading): ValidateFunction => {
    const schema = readSchema(at(pointer), reading) as Json;
    // Many answers have the same schema.
    const text = JSON.stringify(schema);
    const validate = byText.get(text) ?? ajv.compile(schema);
    byText.set(text, validate);
    compiled.set(`${reading} ${pointer}`, validate);
    return validate;
  };
  return {
    service,
    operations: operationsOf(document, at),
    faultsOf: (pointer, value, reading) => {
      const validate = compiled.get(`${reading} ${pointer}`) ?? compile(pointer, reading);
      if (validate(value) === true) return [];
      return (validate.errors ?? []).slice(0, FAULTS_SHOWN).map(faultOf);
    },
    component: (name) => {
      const pointer = `${COMPONENTS}/${name}`;
      return Object.keys(at(pointer)).length > 0 ? pointer : undefined;
    },
  };
}

function faultOf({ instancePath, message, params }: ErrorObject): Fault {
  const named = Object.values(params).filter((value) => typeof value === 'string');
  const which = named.length > 0 ? ` (${named.join(', ')})` : '';
  return { pointer: instancePath, text: `${message}${which}` };
}

/** Names of the document's own words in schemas; a strict validator knows no others. */
function extensionsIn(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const part of value) extensionsIn(part, found);
  if (!isObject(value)) return found;
  for (const [key, part] of Object.entries(value)) {
    if (key.startsWith('x-')) found.add(key);
    extensionsIn(part, found);
  }
  return found;
}

type At = (pointer: string) => Json;

function operationsOf(document: Json, at: At): DescribedOperation[] {
  const operations = Object.entries((document.paths ?? {}) as Json).flatMap(([path, item]) =>
    Object.keys(item as Json)
      .filter((key) => METHODS.includes(key))
      .map((method) => ({ literal: literalParts(path), ...operationOf(at, path, method) })),
  );
  // `/letters/resend` is not the letter `resend`.
  return operations.sort((one, other) => other.literal - one.literal);
}

const literalParts = (path: string) =>
  path.split('/').filter((part) => !part.startsWith('{')).length;

function operationOf(at: At, path: string, method: string): DescribedOperation {
  const item = `/paths/${escapePart(path)}`;
  const pointer = `${item}/${method}`;
  const operation = at(pointer);
  const requestBody = resolved(at, `${pointer}/requestBody`);
  const { content } = at(requestBody);
  const statuses = Object.keys((operation.responses ?? {}) as Json);
  const security = (operation.security ?? at('').security ?? []) as Json[];
  return {
    operationId: operation.operationId as string,
    method: method.toUpperCase(),
    secured: security.length > 0 && security.every((each) => Object.keys(each).length > 0),
    parameters: [`${item}/parameters`, `${pointer}/parameters`].flatMap((list) =>
      Object.keys(at(list)).map((index) => describedAt(at, `${list}/${index}`)),
    ),
    body: content === undefined ? undefined : contentAt(at, requestBody),
    bodyRequired: at(requestBody).required === true,
    responses: new Map(
      statuses.map((status) => [status, responseAt(at, `${pointer}/responses/${status}`)]),
    ),
    match: matcherOf(path),
  };
}

function responseAt(at: At, pointer: string): DescribedResponse {
  const response = resolved(at, pointer);
  const headers = Object.keys((at(response).headers ?? {}) as Json);
  return {
    headers: headers.map((name) => ({
      ...describedAt(at, `${response}/headers/${escapePart(name)}`),
      name: name.toLowerCase(),
      in: 'header',
    })),
    content: contentAt(at, response),
  };
}

function describedAt(at: At, given: string): Described {
  const pointer = resolved(at, given);
  const { name = '', in: place = '', required = false } = at(pointer) as unknown as Described;
  const lower = place === 'header' ? name.toLowerCase() : name;
  return { name: lower, in: place, required, schema: `${pointer}/schema` };
}

function contentAt(at: At, pointer: string): Map<string, string> {
  const types = Object.keys((at(pointer).content ?? {}) as Json);
  return new Map(types.map((type) => [type, `${pointer}/content/${escapePart(type)}/schema`]));
}

/** Where a reference leads to. */
function resolved(at: At, pointer: string): string {
  const { $ref } = at(pointer);
  return typeof $ref === 'string' ? resolved(at, $ref.replace(/^#/, '')) : pointer;
}

function matcherOf(path: string): DescribedOperation['match'] {
  const pattern = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  const expression = new RegExp(`^${pattern}$`);
  return (given) => {
    const found = expression.exec(given);
    return found === null ? undefined : { ...found.groups };
  };
}

const escapePart = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1');
const unescapePart = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~');
