/** Most bytes of a request's body, where its schema does not ask for more. */
export const BODY_BYTES_MAX = 64 * 1024;
// For white space between the members, and for strings without `maxLength`, such as ids and keys.
const ROOM_BYTES = 16 * 1024;
// A character outside the basic plane as two JSON escapes: `\ud83d\ude00`.
const CHARACTER_BYTES_MAX = 12;

interface Schema {
  type?: string | readonly string[];
  enum?: readonly unknown[];
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  anyOf?: readonly Schema[];
}

/**
 * The body limit of an operation: whatever its schema allows fits, also with every character
 * escaped. Both ends of a hop derive their limit from their own schema, so that an outer limit
 * never admits what an inner one refuses.
 * @returns bytes, a multiple of 64 KiB
 */
export function bodyBytesMax(schema: object | undefined): number {
  if (schema === undefined) return BODY_BYTES_MAX;
  const needed = largestJson(schema as Schema) + ROOM_BYTES;
  return Math.max(1, Math.ceil(needed / BODY_BYTES_MAX)) * BODY_BYTES_MAX;
}

/** Bytes of the largest compact JSON that a schema allows; 0 for what it does not bound. */
function largestJson(schema: Schema): number {
  if (schema.anyOf !== undefined) return Math.max(...schema.anyOf.map(largestJson));
  if (schema.enum !== undefined) return Math.max(...schema.enum.map(jsonBytes));
  const types = [schema.type ?? []].flat();
  if (types.includes('object')) {
    const members = Object.entries(schema.properties ?? {});
    return members.reduce((sum, [name, one]) => sum + jsonBytes(name) + largestJson(one) + 2, 2);
  }
  if (types.includes('array')) {
    return 2 + (schema.maxItems ?? 0) * (largestJson(schema.items ?? {}) + 1);
  }
  if (types.includes('string')) return 2 + (schema.maxLength ?? 0) * CHARACTER_BYTES_MAX;
  return Math.max(jsonBytes(schema.minimum ?? null), jsonBytes(schema.maximum ?? null));
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
