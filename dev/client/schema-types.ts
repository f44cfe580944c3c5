// JSON Schema, as the published documents have it, becomes TypeScript.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  patternProperties?: Record<string, Schema>;
  description?: string;
}

const SIMPLE: Record<string, string> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
};

/** The type of a schema; members of objects are on lines of their own, two spaces deeper than `indent`. */
export function typeOf(schema: Schema, indent = '', optional = ''): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) as string;
  if ('const' in schema) return literal(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map(literal));
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) return union(several.map((each) => typeOf(each, indent, optional)));
  if (schema.allOf !== undefined) {
    return schema.allOf.map((each) => bracketed(typeOf(each, indent, optional))).join(' & ');
  }
  const types = [schema.type ?? (schema.properties ? 'object' : [])].flat();
  if (types.length === 0) return 'unknown';
  return union(types.map((type) => SIMPLE[type] ?? structureOf(type, schema, indent, optional)));
}

function structureOf(type: string, schema: Schema, indent: string, optional: string): string {
  if (type === 'array') return `${bracketed(typeOf(schema.items ?? {}, indent, optional))}[]`;
  if (type !== 'object') throw new Error(`a schema has the unknown type ${type}`);
  const { additionalProperties: more, patternProperties: patterns, properties } = schema;
  if (properties !== undefined && Object.keys(properties).length > 0) {
    return objectOf(schema, indent, optional);
  }
  const value = typeof more === 'object' ? more : Object.values(patterns ?? {})[0];
  return value === undefined
    ? 'Record<string, unknown>'
    : `Record<string, ${typeOf(value, indent)}>`;
}

/**
 * An object type with its members.
 * @param optional what an absent member may be, too: undefined in requests
 */
export function objectOf(
  { properties = {}, required = [] }: Schema,
  indent = '',
  optional = '',
): string {
  const inner = `${indent}  `;
  const members = Object.entries(properties).map(([name, schema]) => {
    const type = typeOf(schema, inner, optional);
    const key = memberName(name);
    const member = required.includes(name) ? `${key}: ${type}` : `${key}?: ${type}${optional}`;
    return `${comment(schema.description, inner)}${inner}${member};\n`;
  });
  return `{\n${members.join('')}${indent}}`;
}

export function memberName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name);
}

/** A comment of one line, or nothing. */
export function comment(text: string | undefined, indent: string): string {
  if (text === undefined) return '';
  return `${indent}/** ${text.replaceAll('*/', '* /').replace(/\s+/g, ' ').trim()} */\n`;
}

function literal(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

function union(types: string[]): string {
  return [...new Set(types)].map((type) => (type.includes(' & ') ? `(${type})` : type)).join(' | ');
}

/** In brackets where it has several types outside of objects. */
function bracketed(type: string): string {
  let flat = type;
  while (flat.includes('{')) flat = flat.replace(/\{[^{}]*\}/g, 'object');
  return / [|&] /.test(flat) ? `(${type})` : type;
}
