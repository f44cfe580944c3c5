import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiDocument, publishedDocument } from './api-document.ts';
import { checkExchange, type Exchange } from './check-exchange.ts';

const problem = (...codes: string[]) => ({
  description: codes.join(', '),
  content: {
    'application/problem+json': {
      schema: {
        allOf: [
          { $ref: '#/components/schemas/Problem' },
          { type: 'object', properties: { code: { enum: codes } } },
        ],
      },
    },
  },
});

const DOCUMENT = {
  openapi: '3.1.0',
  paths: {
    '/v1/cups/{cupId}': {
      get: {
        operationId: 'readCup',
        security: [{ bearer: [] }],
        parameters: [
          { $ref: '#/components/parameters/CupId' },
          { name: 'limit', in: 'query', schema: { type: 'integer', maximum: 9 } },
        ],
        responses: {
          200: {
            headers: {
              ETag: { required: true, schema: { type: 'string', pattern: '^"\\w+"$' } },
              'X-Left': { schema: { type: 'integer' } },
            },
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Cup' } } },
          },
          304: { headers: { ETag: { schema: { type: 'string' } } } },
          404: { $ref: '#/components/responses/NotFound' },
          '5XX': problem('unavailable'),
        },
      },
    },
    '/v1/cups': {
      post: {
        operationId: 'makeCup',
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: { colour: { type: 'string' } },
                required: ['colour'],
                additionalProperties: false,
              },
            },
          },
        },
        responses: { 204: { description: 'Made' }, 400: problem('invalid-request') },
      },
    },
    '/v1/cups/largest': {
      get: {
        operationId: 'readLargestCup',
        responses: { 200: { content: { 'application/json': { schema: { type: 'null' } } } } },
      },
    },
  },
  components: {
    parameters: {
      CupId: {
        name: 'cupId',
        in: 'path',
        required: true,
        schema: { type: 'string', format: 'uuid' },
      },
    },
    responses: { NotFound: problem('not-found') },
    schemas: {
      Cup: {
        type: 'object',
        required: ['madeAt'],
        properties: {
          madeAt: { type: 'string', format: 'date-time', 'x-note': 'UTC' },
          handles: { type: 'array', items: { $ref: '#/components/schemas/Handle' } },
        },
      },
      Handle: { type: 'object', properties: { cm: { type: 'integer' } } },
      Problem: {
        type: 'object',
        required: ['code'],
        properties: { code: { type: 'string' }, status: { type: 'integer' } },
      },
    },
  },
};

const CUP = '/v1/cups/01a227c4-ef1d-7dcf-8fb3-7c44a835e0bf';
const document = createApiDocument('gateway', DOCUMENT);

function check(changes: Partial<Exchange> & { json?: unknown } = {}) {
  const { json = { madeAt: '2026-11-29T14:00:00Z' }, ...others } = changes;
  const exchange: Exchange = {
    method: 'GET',
    path: CUP,
    requestHeaders: { authorization: 'Bearer a' },
    requestBody: '',
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', etag: '"a"' },
    body: json === '' ? '' : JSON.stringify(json),
    ...others,
  };
  return checkExchange(document, exchange);
}

const faultsOf = (changes: Parameters<typeof check>[0]) =>
  check(changes).violations.map(({ fault }) => fault);
const asProblem = (status: number, code: unknown, more: Partial<Exchange> = {}) => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  json: { code, status },
  ...more,
});

test('an exchange that fits its document has no violation', () => {
  assert.deepEqual(check(), { operationId: 'readCup', code: undefined, violations: [] });
  assert.deepEqual(faultsOf({ path: `${CUP}?limit=9` }), []);
  assert.deepEqual(faultsOf({ status: 304, json: '' }), []);
  const missing = check(asProblem(404, 'not-found'));
  assert.deepEqual(missing, { operationId: 'readCup', code: 'not-found', violations: [] });
  assert.deepEqual(faultsOf(asProblem(503, 'unavailable')), []);
});

test('an answer with an undeclared status, content type or body is a violation', () => {
  assert.deepEqual(faultsOf({ status: 202 }), ['the status is not declared']);
  assert.deepEqual(faultsOf({ headers: { 'content-type': 'text/html', etag: '"a"' } }), [
    'the content type is not application/json',
  ]);
  assert.deepEqual(faultsOf({ body: '{' }), ['the body is no JSON']);
  assert.deepEqual(faultsOf({ status: 304 }), ['a body is not declared']);
});

test('a member of another type, format or name is a violation, however deep it is', () => {
  assert.deepEqual(faultsOf({ json: { madeAt: 5 } }), [
    'the body at /madeAt must be string (string)',
  ]);
  assert.deepEqual(faultsOf({ json: { madeAt: 'today' } }), [
    'the body at /madeAt must match format "date-time" (date-time)',
  ]);
  const handles = [{ cm: 1 }, { cm: 1, inches: 1 }];
  assert.deepEqual(faultsOf({ json: { madeAt: '2026-11-29T14:00:00Z', handles } }), [
    'the body at /handles/* must NOT have unevaluated properties (inches)',
  ]);
  assert.deepEqual(faultsOf({ json: {} }), [
    "the body must have required property 'madeAt' (madeAt)",
  ]);
});

test('a header that is absent, of another form or not declared is a violation', () => {
  const type = { 'content-type': 'application/json' };
  assert.deepEqual(faultsOf({ headers: type }), ['the header etag is absent']);
  assert.equal(faultsOf({ headers: { ...type, etag: 'a' } }).length, 1);
  assert.deepEqual(faultsOf({ headers: { ...type, etag: '"a"', 'x-left': '5' } }), []);
  assert.deepEqual(faultsOf({ headers: { ...type, etag: '"a"', 'x-left': 'many' } }), [
    'the header x-left must be integer (integer)',
  ]);
  assert.deepEqual(faultsOf({ headers: { ...type, etag: '"a"', location: '/v1/cups' } }), [
    'the header location is not declared',
  ]);
  // The operation takes no key.
  assert.deepEqual(faultsOf({ headers: { ...type, etag: '"a"', 'idempotency-key': 'k' } }), []);
  // A header that is not ours.
  assert.deepEqual(faultsOf({ headers: { ...type, etag: '"a"', date: 'today' } }), []);
});

test('a problem has one of the codes that are declared for its status', () => {
  assert.equal(faultsOf(asProblem(404, 'unavailable')).length, 1);
  assert.deepEqual(
    faultsOf({ ...asProblem(404, 'not-found'), json: { code: 'not-found', why: 1 } }),
    ['the body must NOT have unevaluated properties (why)'],
  );
});

test('a request that was accepted must fit the document, one that was refused need not', () => {
  const made = { method: 'POST', path: '/v1/cups', status: 204, headers: {}, json: '' };
  const json = { 'content-type': 'application/json' };
  const sent = { ...made, requestHeaders: json, requestBody: '{"colour":"red"}' };
  assert.deepEqual(faultsOf(sent), []);
  assert.deepEqual(faultsOf({ ...sent, requestBody: '' }), [
    'an accepted request: the body is absent',
  ]);
  const wrong = { ...sent, requestBody: '{"colour":1}' };
  assert.deepEqual(faultsOf(wrong), [
    'an accepted request: the body at /colour must be string (string)',
  ]);
  assert.deepEqual(faultsOf({ ...wrong, ...asProblem(400, 'invalid-request') }), []);
  assert.deepEqual(faultsOf({ path: `${CUP}?limit=10&size=1` }), [
    'an accepted request: a query parameter is not declared',
    'an accepted request: the query limit must be <= 9 (<=)',
  ]);
  assert.equal(faultsOf({ path: '/v1/cups/red' }).length, 1);
  assert.deepEqual(faultsOf({ requestHeaders: {} }), [
    'an accepted request: the header authorization is absent',
  ]);
});

test('a path without parameters is found before one with them', () => {
  const { operationId } = check({ path: '/v1/cups/largest', json: null });
  assert.equal(operationId, 'readLargestCup');
});

test('pages and files are ignored, and an unknown path of the API is refused by a problem', () => {
  const page = { headers: { 'content-type': 'text/html' }, body: '<p>' };
  for (const path of ['/', '/orders/new', '/assets/a.js', '/livez', '/docs?a=1']) {
    assert.deepEqual(faultsOf({ ...page, path }), [], path);
  }
  for (const path of ['/v1/saucers', '/v1', '/elsewhere']) {
    assert.deepEqual(faultsOf({ ...page, path }), ['the document does not describe this path']);
    assert.deepEqual(faultsOf({ ...page, path, status: 404 }), [
      'the content type is not application/problem+json',
    ]);
    assert.deepEqual(faultsOf(asProblem(404, 'not-found', { path })), []);
  }
  assert.deepEqual(faultsOf(asProblem(405, 'method-not-allowed', { method: 'PUT' })), [
    '405 without allow',
  ]);
});

test('all schemas of the published documents can be compiled, formats included', () => {
  for (const service of ['gateway', 'orders', 'billing', 'profiles', 'identity', 'notifications']) {
    const { operations, faultsOf } = publishedDocument(service);
    assert.ok(operations.length > 3, service);
    for (const { parameters, body, responses } of operations) {
      const headers = [...responses.values()].flatMap((response) => response.headers);
      for (const { schema } of [...parameters, ...headers]) faultsOf(schema, null, 'published');
      for (const schema of body?.values() ?? []) faultsOf(schema, null, 'published');
      for (const { content } of responses.values()) {
        for (const schema of content.values()) faultsOf(schema, null, 'closed');
      }
    }
  }
});
