import type { TSchema } from 'typebox';
import type { Operation } from '../operation.ts';
import { ofOperations } from './example-requests.ts';
import { absent, named, values } from './example-values.ts';

// Examples of bodies and answers: made from the schemas, with values by the names of members, so
// that a new operation has one where its members have known names. The test of the documents
// validates each, and names what lacks a value.

/** A member whose value no table has: the test says where it is. */
export const MISSING = 'MISSING';

interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  items?: Schema;
  minimum?: number;
}

type Members = Record<string, unknown>;

/** @param schemas those with a name, whose examples `named` completes */
export function createExamples(schemas: Record<string, TSchema>) {
  const names = new Map(Object.entries(schemas).map(([name, one]) => [JSON.stringify(one), name]));

  function exampleOf(schema: Schema, member = ''): unknown {
    if (schema.const !== undefined) return schema.const;
    const known = values[member];
    if (isNullable(schema) && absent.has(member)) return null;
    if (schema.anyOf !== undefined) return exampleOf(schema.anyOf[0] as Schema, member);
    if (schema.enum !== undefined) return fitting(schema.enum, known);
    if (known !== undefined && fits(schema, known)) return known;
    const name = names.get(JSON.stringify(schema));
    if (name !== undefined && name in named) return objectOf(schema, named[name]);
    const type = typeOf(schema);
    if (type === 'record') return {};
    if (type === 'object') return objectOf(schema);
    if (type === 'array') return [exampleOf(schema.items ?? {}, singular(member))];
    if (type === 'integer' || type === 'number') return Math.max(schema.minimum ?? 0, 0);
    if (type === 'string') return MISSING;
    return type === 'boolean' ? false : null;
  }

  /** @param own values of some members; one that is undefined is left out */
  function objectOf({ properties = {} }: Schema, own: Members = {}): Members {
    return Object.fromEntries(
      Object.entries(properties).map(([name, schema]) => [
        name,
        name in own ? own[name] : exampleOf(schema, name),
      ]),
    );
  }

  const withOwn = (example: unknown, own: unknown) =>
    own === undefined ? example : { ...(example as Members), ...(own as Members) };

  return {
    ofBody({ operationId, body }: Operation): unknown {
      return withOwn(exampleOf(body as Schema), ofOperations[operationId]?.body);
    },
    ofAnswer({ operationId }: Operation, status: number, schema: TSchema): unknown {
      const own = ofOperations[operationId]?.[status === 202 ? 'answer202' : 'answer'];
      return withOwn(exampleOf(schema as Schema), own);
    },
    ofParameter({ path }: Operation, name: string, schema: TSchema): unknown {
      // An id in a path is that of what the last word before it names.
      return path.includes('/operations/:operationId') && name === 'operationId'
        ? values.reversesOperationId
        : exampleOf(schema as Schema, name);
    },
    /** Of a member of a problem. */
    ofMember(code: string, name: string, schema: TSchema): unknown {
      const known = named[code]?.[name];
      if (known === undefined) return exampleOf(schema as Schema, name);
      return withOwn(exampleOf(schema as Schema, name), known);
    },
  };
}

const typeOf = ({ type, patternProperties }: Schema) => {
  if (patternProperties !== undefined) return 'record';
  return Array.isArray(type) ? type[0] : type;
};

const isNullable = ({ type, anyOf = [] }: Schema) =>
  (Array.isArray(type) && type.includes('null')) || anyOf.some((one) => one.type === 'null');

/** Whether a value has the type of a schema: members of one name have several types. */
function fits(schema: Schema, value: unknown): boolean {
  const type = typeOf(schema);
  if (value === null) return isNullable(schema);
  if (type === 'array') {
    const items = schema.items ?? {};
    return Array.isArray(value) && value.every((one) => fits(items, one));
  }
  if (type === 'record') return typeof value === 'object';
  if (type === 'object') {
    const members = Object.keys(schema.properties ?? {});
    const own = typeof value === 'object' && !Array.isArray(value) ? Object.keys(value) : [];
    return own.length > 0 && own.every((name) => members.includes(name));
  }
  return type === (typeof value === 'number' ? numberTypeOf(type) : typeof value);
}

const numberTypeOf = (type: string | undefined) => (type === 'integer' ? 'integer' : 'number');

/** The known value where the enumeration has it, otherwise its first. */
function fitting(allowed: unknown[], value: unknown): unknown {
  return allowed.includes(value) ? value : allowed[0];
}

const singular = (member: string) => member.replace(/s$/, '');
