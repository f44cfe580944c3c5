import type { TSchema } from 'typebox';
import type { Operation } from '../operation.ts';
import { ofOperations, ofParameters } from './example-requests.ts';
import { absent, named, ofFormats, values } from './example-values.ts';
import { formatOf } from './schemas.ts';

// Examples of parameters, bodies and answers: made from the schemas, with values by the names of members, so
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
  required?: string[];
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
    if (isNullable(schema) && absent.has(member)) return null;
    if (schema.anyOf !== undefined) return exampleOf(schema.anyOf[0] as Schema, member);
    const known = values[member];
    if (schema.enum !== undefined) return fitting(schema.enum, known);
    if (known !== undefined && fits(schema, known)) return known;
    const name = schema.properties && names.get(JSON.stringify(schema));
    return name !== undefined && name in named
      ? objectOf(schema, named[name])
      : madeOf(schema, member);
  }

  /** Of the type, where no table has a value. */
  function madeOf(schema: Schema, member: string): unknown {
    switch (typeOf(schema)) {
      case 'object':
        return objectOf(schema);
      case 'array':
        return [exampleOf(schema.items ?? {}, singular(member))];
      case 'record':
        return {};
      case 'string':
        return ofFormats[formatOf(schema as Record<string, unknown>) ?? ''] ?? MISSING;
      case 'boolean':
        return false;
      case 'integer':
      case 'number':
        return Math.max(schema.minimum ?? 0, 0);
      default:
        return null;
    }
  }

  /** @param own values of some members; one that is undefined is left out */
  function objectOf({ properties = {}, required = [] }: Schema, own: Members = {}): Members {
    const members = Object.entries(properties).map(([name, schema]): [string, unknown] => [
      name,
      name in own ? own[name] : exampleOf(schema, name),
    ]);
    // An optional member is left out where no value is known.
    return Object.fromEntries(
      members.filter(([name, value]) => value !== MISSING || required.includes(name)),
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
    ofParameter({ operationId, path }: Operation, name: string, schema: TSchema): unknown {
      const own = { ...ofParameters, ...ofOperations[operationId]?.parameters };
      if (name in own) return own[name];
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
