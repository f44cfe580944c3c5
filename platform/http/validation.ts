import AjvCompiler from '@fastify/ajv-compiler';
import type { FastifySchemaCompiler } from 'fastify';
import type { Violation } from '../errors.ts';
import { ASCII_ONLY } from './pattern-texts.ts';
import { VIOLATIONS_MAX } from './problem.ts';

// Shared by all servers of the process: each Ajv compiles the meta-schemas first.
const factory = AjvCompiler();

/** Validators that never change a body: no defaults, no coercion, no removed fields. */
export function createValidatorCompiler(): FastifySchemaCompiler<unknown> {
  // Verbose: the message for a text depends on what is in it.
  const rules = { removeAdditional: false, useDefaults: false, allErrors: true, verbose: true };
  const strict = factory({}, { customOptions: { ...rules, coerceTypes: false } });
  // Query strings and paths are text: only there "10" may become 10.
  const coercing = factory({}, { customOptions: { ...rules, coerceTypes: true } });
  return ((part: { httpPart?: string; schema: unknown }) => {
    if (part.httpPart === 'body') return boundedArrays(part.schema, strict(part as never));
    const validate = coercing(part as never);
    return part.httpPart === 'querystring' ? onlyPlainIntegers(part.schema, validate) : validate;
  }) as never;
}

export interface Validate {
  (data: Record<string, unknown>): unknown;
  /** Fastify reads it after a refusal. */
  errors?: unknown;
}

/** A validator that sees what `prepare` makes of the data. */
function preparing(
  validate: Validate,
  prepare: (data: Record<string, unknown>) => Record<string, unknown>,
): Validate {
  const checked: Validate = (data) => {
    const valid = validate(prepare(data));
    checked.errors = validate.errors;
    return valid;
  };
  return checked;
}

/**
 * Cuts an array that is too long to one element above its limit: otherwise Ajv checks each element,
 * up to a hundred thousand in a body of 512 KiB, and creates an error for each.
 */
function boundedArrays(schema: unknown, validate: Validate): Validate {
  const { properties = {} } = schema as { properties?: Record<string, { maxItems?: number }> };
  const limits = Object.entries(properties).flatMap(([name, { maxItems }]) =>
    maxItems === undefined ? [] : [[name, maxItems] as const],
  );
  if (limits.length === 0) return validate;
  return preparing(validate, (data) => {
    const tooLong = limits.flatMap(([name, maxItems]) => {
      const value = data?.[name];
      if (!Array.isArray(value) || value.length <= maxItems) return [];
      return [[name, value.slice(0, maxItems + 1)]];
    });
    return tooLong.length === 0 ? data : { ...data, ...Object.fromEntries(tooLong) };
  });
}

/** Ajv would also accept 1e1, 0x10 or a space as a whole number. */
function onlyPlainIntegers(schema: unknown, validate: Validate): Validate {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  const integers = Object.keys(properties).filter((name) => properties[name]?.type === 'integer');
  return preparing(validate, (data) => {
    for (const name of integers) {
      const text = data[name];
      if (typeof text === 'string' && !/^-?\d{1,15}$/.test(text)) data[name] = Number.NaN;
    }
    return data;
  });
}

interface AjvError {
  keyword: string;
  instancePath: string;
  params: Record<string, unknown>;
  /** The value, as `verbose` adds it. */
  data?: unknown;
}

/**
 * Converts Ajv's errors to violations. A missing or an unknown field is named itself, not the
 * object that contains it.
 */
export function violationsOf(error: {
  validation?: unknown;
  validationContext?: string;
}): Violation[] {
  const inBody = error.validationContext === 'body';
  const violations: Violation[] = [];
  for (const { keyword, instancePath, params, data } of (error.validation ?? []) as AjvError[]) {
    // These only report that an alternative failed; the alternatives' own errors say why.
    if (keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'if') continue;
    // An answer lists no more, and a body may have thousands.
    if (violations.length === VIOLATIONS_MAX) break;
    const place = instancePath + memberOf(params);
    violations.push({
      ...(inBody ? { pointer: place } : { parameter: unescapePointer(place.slice(1)) }),
      rule: isBeyondAscii(params.pattern, data) ? 'ascii' : keyword,
      ...expectedOf(params),
    });
  }
  return violations;
}

/**
 * Violations in the body of an operation without one. An empty object is accepted, since some
 * clients always send JSON. A member is a violation: it would be ignored silently.
 */
export function unwantedBody(body: unknown): Violation[] {
  if (body === undefined || body === null) return [];
  if (typeof body !== 'object' || Array.isArray(body)) {
    return [{ pointer: '', rule: 'type', expected: 'object' }];
  }
  return Object.keys(body).map((name) => ({
    pointer: `/${escapePointer(name)}`,
    rule: 'additionalProperties',
  }));
}

/** Whether a text breaks a pattern by the look-ahead for ASCII at its beginning. */
function isBeyondAscii(pattern: unknown, data: unknown): boolean {
  return (
    typeof pattern === 'string' &&
    pattern.startsWith(ASCII_ONLY) &&
    /[\u0080-\uffff]/.test(String(data))
  );
}

function memberOf(params: Record<string, unknown>): string {
  const member = params.missingProperty ?? params.additionalProperty;
  return typeof member === 'string' ? `/${escapePointer(member)}` : '';
}

/** RFC 6901 section 3: `~` and `/` within a name. */
function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The parameter's name as the client wrote it. */
function unescapePointer(place: string): string {
  return place.replaceAll('~1', '/').replaceAll('~0', '~');
}

function expectedOf(params: Record<string, unknown>): { expected?: string } {
  const value =
    params.limit ??
    params.format ??
    params.type ??
    params.pattern ??
    params.allowedValues ??
    params.allowedValue;
  if (value === undefined) return {};
  return { expected: Array.isArray(value) ? value.join(', ') : String(value) };
}
