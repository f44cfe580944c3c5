import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { problemStatuses } from '../answers.ts';
import { MISSING } from './examples.ts';

// What readers of the published documents rely on: each operation explained, with examples that are
// valid, and with the headers and codes of each answer.

const FOLDER = join(import.meta.dirname, '..', 'published');

interface Media {
  schema: object;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}
interface Answer {
  description: string;
  headers?: Record<string, { $ref: string }>;
  content?: Record<string, Media>;
}
interface Described {
  operationId: string;
  summary: string;
  description?: string;
  tags?: string[];
  parameters: { name: string; in: string; schema: Record<string, unknown>; example?: unknown }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Answer | { $ref: string }>;
}
interface Document {
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Described>>;
  components: {
    schemas: Record<string, { properties?: Record<string, { enum?: string[] }> }>;
    responses: Record<string, Answer>;
    headers: Record<string, object>;
  };
}

const documents = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.openapi.json'))
  .map((name) => {
    const document = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Document;
    return { name, document, operations: operationsIn(document) };
  });
const gateway = documents.find(({ name }) => name.startsWith('gateway')) as (typeof documents)[0];

function operationsIn(document: Document): Described[] {
  return Object.values(document.paths).flatMap((methods) => Object.values(methods));
}

function answerOf(document: Document, answer: Answer | { $ref: string }): Answer {
  if (!('$ref' in answer)) return answer;
  return document.components.responses[answer.$ref.split('/').at(-1) as string] as Answer;
}

function operation(id: string): Described {
  const found = gateway.operations.find(({ operationId }) => operationId === id);
  return found ?? assert.fail(`${id} is not published`);
}

const headersOf = (id: string, status: number) =>
  Object.keys(
    answerOf(gateway.document, operation(id).responses[status] as Answer).headers ?? {},
  ).sort();

const codesOf = (id: string, status: number) =>
  Object.keys(
    answerOf(gateway.document, operation(id).responses[status] as Answer).content?.[
      'application/problem+json'
    ]?.examples ?? {},
  );

const URI = /^[a-z][a-z0-9+.-]*:\S+$/i;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function createAjv() {
  return new Ajv2020({
    strict: false,
    allErrors: true,
    formats: {
      uuid: UUID,
      uri: URI,
      'uri-reference': /^\S*$/,
      'date-time': MOMENT,
      email: /^\S+@\S+\.\S+$/,
    },
  });
}

for (const { name, document, operations } of documents) {
  const ajv = createAjv();
  // References lead into the document.
  ajv.addSchema({ $id: 'document', ...document } as object);
  const faultsOf = (schema: object, value: unknown) => {
    const text = JSON.stringify(schema).replaceAll('"#/', '"document#/');
    const validate = ajv.compile(JSON.parse(text));
    return validate(value) ? [] : [ajv.errorsText(validate.errors)];
  };

  test(`${name}: every operation has a description and a tag that is described`, () => {
    const lacking = operations.filter(({ description = '' }) => description.length < 20);
    assert.deepEqual(
      lacking.map(({ operationId }) => operationId),
      [],
      'give the operation a `description`, or a line in contracts/documents/descriptions.ts',
    );
    const tags = document.tags.map((tag) => tag.name);
    for (const each of operations) {
      assert.ok(each.tags?.every((tag) => tags.includes(tag)) && each.tags.length > 0);
    }
    assert.ok(document.tags.every(({ description }) => description.length > 20));
  });

  test(`${name}: every body, answer and problem has an example that its schema allows`, () => {
    const faults: string[] = [];
    for (const { operationId, requestBody, responses } of operations) {
      const answers = Object.values(responses).map((answer) => answerOf(document, answer));
      const media = [requestBody, ...answers].flatMap((one) => Object.values(one?.content ?? {}));
      for (const { schema, example, examples } of media) {
        const values =
          examples === undefined ? [example] : Object.values(examples).map(({ value }) => value);
        for (const value of values) {
          if (JSON.stringify(value ?? MISSING).includes(`"${MISSING}"`)) {
            faults.push(`${operationId}: a member has no value: ${JSON.stringify(value)}`);
          }
          faults.push(...faultsOf(schema, value).map((fault) => `${operationId}: ${fault}`));
        }
      }
    }
    assert.deepEqual(faults, [], 'add values to contracts/documents/example-values.ts');
  });

  test(`${name}: every parameter has an example that its schema allows`, () => {
    const faults = operations.flatMap(({ operationId, parameters }) =>
      parameters.flatMap(({ name: parameter, schema, example }) => {
        const found = example === undefined || example === MISSING ? ['it has no example'] : [];
        found.push(...faultsOf(schema, example));
        return found.map((fault) => `${operationId}, ${parameter}: ${fault}`);
      }),
    );
    assert.deepEqual(faults, [], 'add values to contracts/documents/example-values.ts');
  });

  test(`${name}: every header of an answer is described, and every answer names its trace`, () => {
    for (const { operationId, responses } of operations) {
      for (const [status, answer] of Object.entries(responses)) {
        const { headers = {} } = answerOf(document, answer);
        assert.ok('X-Trace-Id' in headers, `${operationId} ${status}`);
        for (const { $ref } of Object.values(headers)) {
          assert.ok(($ref.split('/').at(-1) as string) in document.components.headers, $ref);
        }
      }
    }
  });

  test(`${name}: requests are closed, answers are open`, () => {
    const text = (value: unknown) => JSON.stringify(value);
    const answers = operations.map(({ responses }) => responses);
    assert.ok(!text([answers, document.components.responses]).includes('"additionalProperties":f'));
    for (const [schema, described] of Object.entries(document.components.schemas)) {
      const isRequest = text(operations.map(({ requestBody }) => requestBody)).includes(
        `schemas/${schema}"`,
      );
      const isClosed = text(described).includes('"additionalProperties":false');
      if (!schema.endsWith('Input')) assert.equal(isClosed, isRequest, schema);
    }
  });

  test(`${name}: each problem names the codes of its answer, which the list of all has`, () => {
    const all = document.components.schemas.Problem?.properties?.code?.enum ?? [];
    assert.ok(all.length > 5);
    for (const { content = {} } of Object.values(document.components.responses)) {
      for (const { schema, examples = {} } of Object.values(content)) {
        const [, extension] = (schema as { allOf: { properties: { code: { enum: string[] } } }[] })
          .allOf;
        assert.deepEqual(extension?.properties.code.enum, Object.keys(examples));
        for (const code of Object.keys(examples)) assert.ok(all.includes(code), code);
      }
    }
  });
}

test('the public codes are those that clients know', () => {
  const codes = gateway.document.components.schemas.Problem?.properties?.code?.enum ?? [];
  assert.deepEqual([...codes].sort(), Object.keys(problemStatuses).sort());
});

test('answers name the headers that they carry', () => {
  const key = 'Idempotency-Key';
  const replayed = 'Idempotent-Replayed';
  assert.deepEqual(headersOf('placeOrder', 201), [key, replayed, 'Location', 'X-Trace-Id']);
  assert.deepEqual(headersOf('placeOrder', 202), [
    ...[key, replayed, 'Location', 'Retry-After', 'X-Trace-Id'],
  ]);
  assert.deepEqual(headersOf('placeOrder', 406), [key, replayed, 'Location', 'X-Trace-Id']);
  assert.deepEqual(headersOf('placeOrder', 503), [key, 'Retry-After', 'X-Trace-Id']);
  assert.deepEqual(headersOf('readOrders', 200), ['Link', 'X-Trace-Id']);
  assert.deepEqual(headersOf('readOrder', 200), ['ETag', 'X-Trace-Id']);
  assert.deepEqual(headersOf('readOrder', 304), ['ETag', 'X-Trace-Id']);
  assert.deepEqual(headersOf('replaceProfile', 200), ['ETag', 'X-Trace-Id']);
  assert.deepEqual(headersOf('readWallet', 401), ['WWW-Authenticate', 'X-Trace-Id']);
  assert.deepEqual(headersOf('readOverview', 403), ['WWW-Authenticate', 'X-Trace-Id']);
  assert.deepEqual(headersOf('eraseAccount', 403), ['X-Trace-Id']);
});

test('429 is described only where requests are counted, 500 everywhere', () => {
  const counted = gateway.operations.filter(({ responses }) => 429 in responses);
  const ids = counted.map(({ operationId }) => operationId);
  assert.ok(ids.includes('placeOrder') && ids.includes('signIn'));
  assert.ok(!ids.includes('readOrder') && !ids.includes('topUp'));
  assert.ok(gateway.operations.every(({ responses }) => 500 in responses && 503 in responses));
  assert.deepEqual(codesOf('placeOrder', 503), ['unavailable', 'overloaded']);
});

test('formats, defaults and own members of problems are published', () => {
  const { schemas, responses } = gateway.document.components;
  const order = JSON.stringify(schemas.Order);
  assert.match(order, /"format":"uuid"/);
  assert.match(order, /"format":"date-time"/);
  assert.match(JSON.stringify(schemas.Profile), /"format":"email"/);
  const limit = operation('readOrders').parameters.find(({ name }) => name === 'limit');
  assert.equal(limit?.schema.default, 20);
  const declined = JSON.stringify(responses.InsufficientFundsWithKeyAndLocation);
  for (const member of ['order', 'balance', 'required', 'shortfall']) {
    assert.match(declined, new RegExp(`"${member}":`));
  }
});

test('a body that an operation does not take is refused as described', () => {
  for (const { document } of documents) {
    const methods = Object.values(document.paths).flatMap((path) => Object.entries(path));
    for (const [method, { operationId, responses }] of methods) {
      const described = ['413', '415'].filter((status) => status in responses);
      // Bodies of reads are not looked at.
      assert.deepEqual(described, method === 'get' ? [] : ['413', '415'], operationId);
    }
  }
});
