/** A part of an OpenAPI document. */
export type Json = Record<string, unknown>;

/**
 * How a schema is read.
 * - `published`: as it is, for requests, parameters and headers
 * - `closed`: objects have no member that it does not describe. Published answers are open, so that a
 *   client accepts members of a later version, but a test must not.
 * - `partial`: closed but for its own members: those of `allOf` are closed together, not each alone
 */
export type Reading = 'published' | 'closed' | 'partial';
export const READINGS: Reading[] = ['published', 'closed', 'partial'];

const COMPONENTS = '#/components/schemas/';
const ONE_SCHEMA = ['additionalProperties', 'items', 'contains', 'not', 'propertyNames'];
const SCHEMAS_BY_NAME = ['properties', 'patternProperties', '$defs'];
const COMBINED = ['allOf', 'anyOf', 'oneOf'];
const DECIDES_ON_OTHERS = ['additionalProperties', 'unevaluatedProperties'];

/** The id of a named schema of a document, in one reading. */
export function schemaId(name: string, reading: Reading): string {
  return `schema:///${reading}/${name}`;
}

/** A copy of a schema of a document, whose references are ids of named schemas. */
export function readSchema(schema: unknown, reading: Reading): unknown {
  if (!isObject(schema)) return schema;
  const copy: Json = { ...schema };
  if (typeof schema.$ref === 'string' && schema.$ref.startsWith(COMPONENTS)) {
    const [name = '', ...inside] = schema.$ref.slice(COMPONENTS.length).split('/');
    const fragment = inside.length > 0 ? `#/${inside.join('/')}` : '';
    copy.$ref = `${schemaId(name, reading)}${fragment}`;
  }
  const whole = reading === 'partial' ? 'closed' : reading;
  for (const key of ONE_SCHEMA) if (key in copy) copy[key] = readSchema(copy[key], whole);
  for (const key of SCHEMAS_BY_NAME) {
    const named = copy[key];
    if (!isObject(named)) continue;
    const read = Object.entries(named).map(([name, part]) => [name, readSchema(part, whole)]);
    copy[key] = Object.fromEntries(read);
  }
  const part = reading === 'closed' ? 'partial' : reading;
  const combined = COMBINED.filter((key) => Array.isArray(copy[key]));
  for (const key of combined) copy[key] = (copy[key] as Json[]).map((one) => readSchema(one, part));
  const describesMembers = 'properties' in copy || combined.length > 0;
  const decided = DECIDES_ON_OTHERS.some((key) => key in copy);
  if (reading === 'closed' && describesMembers && !decided) copy.unevaluatedProperties = false;
  return copy;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
