import type { Fault } from './errors.ts';

interface AjvError {
  keyword: string;
  instancePath: string;
  params: Record<string, unknown>;
}

/**
 * Ajv's errors as faults that name the place: a missing or an unknown field is named itself, not
 * the object around it.
 */
export function faultsOf(error: { validation?: unknown; validationContext?: string }): Fault[] {
  const inBody = error.validationContext === 'body';
  const faults: Fault[] = [];
  for (const { keyword, instancePath, params } of (error.validation ?? []) as AjvError[]) {
    // These say only that some alternative failed; the alternatives' own errors say more.
    if (keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'if') continue;
    const place = instancePath + memberOf(params);
    faults.push({
      ...(inBody ? { pointer: place } : { parameter: unescapePointer(place.slice(1)) }),
      rule: keyword,
      ...expectedOf(params),
    });
  }
  return faults;
}

/**
 * What is wrong with the body of an operation that takes none. Clients that always send JSON send
 * an empty object; any member would be dropped silently, so it is a fault.
 */
export function unwantedBody(body: unknown): Fault[] {
  if (body === undefined || body === null) return [];
  if (typeof body !== 'object' || Array.isArray(body)) {
    return [{ pointer: '', rule: 'type', expected: 'object' }];
  }
  return Object.keys(body).map((name) => ({
    pointer: `/${escapePointer(name)}`,
    rule: 'additionalProperties',
  }));
}

function memberOf(params: Record<string, unknown>): string {
  const member = params.missingProperty ?? params.additionalProperty;
  return typeof member === 'string' ? `/${escapePointer(member)}` : '';
}

/** RFC 6901 section 3: `~` and `/` within a name. */
function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** A parameter's name is told as the client wrote it. */
function unescapePointer(place: string): string {
  return place.replaceAll('~1', '/').replaceAll('~0', '~');
}

function expectedOf(params: Record<string, unknown>): { expected?: string } {
  const value =
    params.limit ?? params.type ?? params.pattern ?? params.allowedValues ?? params.allowedValue;
  if (value === undefined) return {};
  return { expected: Array.isArray(value) ? value.join(', ') : String(value) };
}
