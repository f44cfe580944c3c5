import type { TSchema } from 'typebox';
import { FORMAT } from '../common.ts';
import { KNOWN_MAIL_ADDRESS, MAIL_ADDRESS } from '../mail-address.ts';
import { UUID_PATTERN } from '../patterns.ts';

// How a schema is published. Servers validate by the contracts as they are; the documents add what
// generators and people need, and what an older client must not rely on is left open.

/** Requests are closed: an unknown member is refused. Answers are open: later versions add members. */
export type Direction = 'request' | 'answer';

/** The formats of patterns that contracts share; only those that refuse no more than the pattern. */
const formatOfPattern = new Map([
  [UUID_PATTERN, 'uuid'],
  [KNOWN_MAIL_ADDRESS, 'email'],
  [MAIL_ADDRESS, 'email'],
]);

/** The format of a schema as it is published. */
export function formatOf(schema: Record<PropertyKey, unknown>): string | undefined {
  if (typeof schema[FORMAT] === 'string') return schema[FORMAT];
  if (typeof schema.pattern !== 'string') return undefined;
  return formatOfPattern.get(schema.pattern);
}

/** Schemas with a name, and which of them a document uses. */
export interface Components {
  /** The schema for a direction; named ones become references. */
  publish(schema: TSchema, direction: Direction): unknown;
  /** The named schemas that were referred to, by the name of their reference. */
  used(): Record<string, unknown>;
}

const nameFor = (name: string, direction: Direction, shared: Set<string>) =>
  direction === 'request' && shared.has(name) ? `${name}Input` : name;

/**
 * @param shared names whose schema differs between requests and answers: in requests they end in
 *   `Input`
 */
function createComponents(schemas: Record<string, TSchema>, shared: Set<string>): Components {
  const names = new Map(Object.entries(schemas).map(([name, one]) => [JSON.stringify(one), name]));
  const found = new Map<string, unknown>();

  function copy(value: object, direction: Direction): unknown {
    if (Array.isArray(value)) return value.map((one) => publish(one, direction));
    const format = formatOf(value as Record<PropertyKey, unknown>);
    const members = Object.entries(value)
      .filter(([key, one]) => !(direction === 'answer' && isClosing(key, one)))
      .map(([key, one]): [string, unknown] => [
        key,
        key === 'pattern' && typeof one === 'string' ? portable(one) : publish(one, direction),
      ]);
    return Object.fromEntries(format === undefined ? members : [...members, ['format', format]]);
  }

  function publish(value: unknown, direction: Direction): unknown {
    if (typeof value !== 'object' || value === null) return value;
    // Only objects have names: a text of every other schema would be made in vain.
    const name = 'properties' in value ? names.get(JSON.stringify(value)) : undefined;
    if (name === undefined) return copy(value, direction);
    const reference = nameFor(name, direction, shared);
    if (!found.has(reference)) {
      // Before its content, which may refer to it.
      found.set(reference, null);
      found.set(reference, copy(value, direction));
    }
    return { $ref: `#/components/schemas/${reference}` };
  }

  return {
    publish,
    used: () => Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/**
 * A pattern that engines without Unicode mode compile too. They see two halves of a character beyond
 * U+FFFF, which cannot bound a range. So the document allows blank texts of those; servers do not.
 */
const portable = (pattern: string) => pattern.replace(/[^\0-\uffff](-[^\0-\uffff])?/gu, '');

/** Whether a member of a schema forbids unknown members. */
const isClosing = (key: string, value: unknown) => key === 'additionalProperties' && !value;

/**
 * Writes a part of a document with references to named schemas. It is written twice: only after the
 * first time is it known which schemas both requests and answers use.
 */
export function withComponents<T>(
  schemas: Record<string, TSchema>,
  write: (components: Components) => T,
): { written: T; schemas: Record<string, unknown> } {
  const directions = new Map<string, Set<Direction>>();
  const first = createComponents(schemas, new Set(Object.keys(schemas)));
  write(first);
  const names = Object.keys(first.used());
  for (const name of names) {
    const isRequest = name.endsWith('Input') && name.slice(0, -5) in schemas;
    const key = isRequest ? name.slice(0, -5) : name;
    const known = directions.get(key) ?? new Set<Direction>();
    directions.set(key, known.add(isRequest ? 'request' : 'answer'));
  }
  const shared = [...directions].filter(([, each]) => each.size === 2).map(([name]) => name);
  const components = createComponents(schemas, new Set(shared));
  const written = write(components);
  return { written, schemas: components.used() };
}
