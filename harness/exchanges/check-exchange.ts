import type {
  ApiDocument,
  Described,
  DescribedOperation,
  DescribedResponse,
} from './api-document.ts';
import type { Json, Reading } from './schema-readings.ts';

/** A request and its answer, as they went over the wire. */
export interface Exchange {
  method: string;
  /** With the query. */
  path: string;
  /** Names in lower case; several of one name are joined. */
  requestHeaders: Record<string, string>;
  requestBody: string;
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Violation {
  /** What is wrong. */
  fault: string;
  /** The value that is, shortened. */
  value: string;
}

/** What a check has found. */
export interface Verdict {
  /** Of the document; undefined for a path without one. */
  operationId: string | undefined;
  /** The problem's code; undefined for another answer. */
  code: string | undefined;
  violations: Violation[];
}

/** Paths of a server that no document describes: pages, files, health. */
const OUTSIDE: Record<string, RegExp> = {
  gateway:
    /^\/(?:$|(?:assets|docs|mailbox|problems|orders|letters|operator)(?:\/|$)|(?:sign-in|register|confirm|password|forgot-password|reset-password|profile|wallet|console\.json|letter\.html|favicon\.\w+|openapi\.json|asyncapi\.json|livez|readyz|metrics)$)/,
};
const OUTSIDE_INTERNAL = /^\/(?:livez|readyz|metrics)$/;

const KEY = 'idempotency-key';
/** Headers of ours that a client may use, so a document must declare those that it can get. */
const OWN_HEADERS = [
  ...['location', 'etag', 'link', 'retry-after', 'www-authenticate', 'allow'],
  ...[KEY, 'idempotent-replayed'],
];

/** Refusals of a business rule: the request was accepted as such. */
const REFUSED_BY_RULE = [406, 409, 412, 422];
/** Refusals before the server knows the operation: too slow, too long, malformed, not for this host. */
const BEFORE_ROUTING = [408, 414, 421, 431];
const PROBLEM = 'application/problem+json';
const VALUE_SHOWN = 200;

/** Checks an exchange by the document of the service that answered. */
export function checkExchange(document: ApiDocument, exchange: Exchange): Verdict {
  const [path = ''] = exchange.path.split('?', 1);
  const operation = findOperation(document, exchange.method, path);
  const json = parsed(exchange);
  const code = mediaType(exchange) === PROBLEM ? codeOf(json) : undefined;
  if (operation !== undefined && isFromOperation(operation, exchange)) {
    const violations = [
      ...answerViolations(document, operation, exchange, json),
      ...requestViolations(document, operation, exchange, path),
    ];
    return { operationId: operation.operationId, code, violations };
  }
  const outside = OUTSIDE[document.service] ?? OUTSIDE_INTERNAL;
  const ignored = operation === undefined && outside.test(path);
  const violations = ignored ? [] : refusalViolations(document, exchange, json);
  return { operationId: undefined, code, violations };
}

/** Whether the operation answers for this status, and not the server before it. */
function isFromOperation(operation: DescribedOperation, { status }: Exchange): boolean {
  return responseOf(operation, status) !== undefined || !BEFORE_ROUTING.includes(status);
}

function findOperation({ operations }: ApiDocument, method: string, path: string) {
  const asked = method === 'HEAD' ? 'GET' : method;
  return operations.find((each) => each.method === asked && each.match(path) !== undefined);
}

/** The answer of a path that is no operation: a problem, or that of a browser's preflight. */
function refusalViolations(document: ApiDocument, exchange: Exchange, json: unknown): Violation[] {
  const { method, status, headers, body } = exchange;
  if (method === 'OPTIONS' && status === 204) return body === '' ? [] : [violation('a body', body)];
  if (status < 400) return [violation('the document does not describe this path', body)];
  if (method === 'HEAD') return [];
  const type = mediaType(exchange);
  if (type !== PROBLEM) return [violation(`the content type is not ${PROBLEM}`, type)];
  const schema = document.component('Problem');
  return [
    ...(schema === undefined ? [] : bodyViolations(document, schema, json, 'closed')),
    ...(status === 405 && headers.allow === undefined ? [violation('405 without allow')] : []),
  ];
}

function answerViolations(
  document: ApiDocument,
  operation: DescribedOperation,
  exchange: Exchange,
  json: unknown,
): Violation[] {
  const response = responseOf(operation, exchange.status);
  if (response === undefined) return [violation('the status is not declared', exchange.body)];
  return [
    ...contentViolations(document, response, exchange, json),
    ...headerViolations(document, operation, response, exchange),
  ];
}

function responseOf({ responses }: DescribedOperation, status: number) {
  const range = `${Math.floor(status / 100)}XX`;
  return responses.get(String(status)) ?? responses.get(range) ?? responses.get('default');
}

function contentViolations(
  document: ApiDocument,
  { content }: DescribedResponse,
  exchange: Exchange,
  json: unknown,
): Violation[] {
  const { status, body, method } = exchange;
  if (method === 'HEAD' || status === 304 || content.size === 0) {
    return body === '' ? [] : [violation('a body is not declared', body)];
  }
  const type = mediaType(exchange);
  const schema = content.get(type ?? '');
  if (schema === undefined) {
    return [violation(`the content type is not ${[...content.keys()].join(' or ')}`, type)];
  }
  if (json === undefined) return [violation('the body is no JSON', body)];
  return bodyViolations(document, schema, json, 'closed');
}

function bodyViolations(
  document: ApiDocument,
  schema: string,
  json: unknown,
  reading: Reading,
): Violation[] {
  return document.faultsOf(schema, json, reading).map(({ pointer, text }) => {
    const parts = pointer.split('/').slice(1);
    const value = parts.reduce<unknown>((at, part) => (at as Json | undefined)?.[part], json);
    // One kind for all items of an array.
    const place = pointer.replace(/\/\d+(?=\/|$)/g, '/*');
    return violation(`the body${place && ` at ${place}`} ${text}`, JSON.stringify(value));
  });
}

function headerViolations(
  document: ApiDocument,
  { parameters }: DescribedOperation,
  { headers: described }: DescribedResponse,
  { headers }: Exchange,
): Violation[] {
  const declares = (list: Described[], name: string) => list.some((each) => each.name === name);
  // The gateway repeats the key of any request, also where the operation takes none.
  const takesKey = declares(parameters, KEY);
  const undeclared = OWN_HEADERS.filter(
    (name) =>
      headers[name] !== undefined && !declares(described, name) && (name !== KEY || takesKey),
  );
  return [
    ...undeclared.map((name) => violation(`the header ${name} is not declared`, headers[name])),
    ...described.flatMap((each) => valueViolations(document, each, headers[each.name])),
  ];
}

/** @param given undefined when it is absent */
function valueViolations(document: ApiDocument, each: Described, given?: string): Violation[] {
  const what = `the ${each.in} ${each.name}`;
  if (given === undefined) return each.required ? [violation(`${what} is absent`)] : [];
  const tried = readingsOf(given).map((value) =>
    document.faultsOf(each.schema, value, 'published'),
  );
  if (tried.some((faults) => faults.length === 0)) return [];
  const ofItsType = tried.find((faults) => faults.every(({ text }) => !OTHER_TYPE.test(text)));
  return (ofItsType ?? tried[0] ?? []).map(({ text }) => violation(`${what} ${text}`, given));
}

const OTHER_TYPE = /^must be (?:string|number|integer|boolean)/;

/** What a text may be for a schema: parameters and headers are texts on the wire. */
function readingsOf(text: string): unknown[] {
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return [text, Number(text)];
  if (text === 'true' || text === 'false') return [text, text === 'true'];
  return [text];
}

/** Only of requests that were accepted: one that breaks the document should be refused. */
function requestViolations(
  document: ApiDocument,
  operation: DescribedOperation,
  exchange: Exchange,
  path: string,
): Violation[] {
  const { status, requestHeaders } = exchange;
  if (status >= 400 && !REFUSED_BY_RULE.includes(status)) return [];
  const violations = [
    ...parameterViolations(document, operation, exchange, path),
    ...requestBodyViolations(document, operation, exchange),
  ];
  if (operation.secured && requestHeaders.authorization === undefined) {
    violations.push(violation('the header authorization is absent'));
  }
  return violations.map(({ fault, value }) => violation(`an accepted request: ${fault}`, value));
}

function parameterViolations(
  document: ApiDocument,
  { parameters, match }: DescribedOperation,
  { path: given, requestHeaders }: Exchange,
  path: string,
): Violation[] {
  const query = new URLSearchParams(given.slice(path.length));
  const params = match(path) ?? {};
  const givenFor = ({ name, in: from }: Described) => {
    if (from === 'query') return query.get(name) ?? undefined;
    if (from === 'header') return requestHeaders[name];
    const value = params[name];
    return value === undefined ? undefined : decodeURIComponent(value);
  };
  const declared = parameters.filter((each) => each.in === 'query').map((each) => each.name);
  const unknown = [...query.keys()].filter((each) => !declared.includes(each));
  return [
    ...unknown.map((each) => violation('a query parameter is not declared', each)),
    ...parameters.flatMap((each) => valueViolations(document, each, givenFor(each))),
  ];
}

function requestBodyViolations(
  document: ApiDocument,
  { body, bodyRequired }: DescribedOperation,
  { requestBody, requestHeaders }: Exchange,
): Violation[] {
  if (requestBody === '') return bodyRequired ? [violation('the body is absent')] : [];
  if (body === undefined) return [violation('a body is not declared', requestBody)];
  const type = typeIn(requestHeaders['content-type']);
  const schema = body.get(type ?? '');
  if (schema === undefined) return [violation('the content type is not declared', type)];
  const json = parsedJson(requestBody);
  if (json === undefined) return [violation('the body is no JSON', requestBody)];
  return bodyViolations(document, schema, json, 'published');
}

function violation(fault: string, value = 'nothing'): Violation {
  const short = value.length > VALUE_SHOWN ? `${value.slice(0, VALUE_SHOWN)}…` : value;
  return { fault, value: short };
}

const mediaType = ({ headers }: Exchange) => typeIn(headers['content-type']);
const typeIn = (header: string | undefined) => header?.split(';', 1)[0]?.trim().toLowerCase();
const parsed = (exchange: Exchange): unknown =>
  mediaType(exchange)?.endsWith('json') ? parsedJson(exchange.body) : undefined;

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeOf(json: unknown): string | undefined {
  const code = (json as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
