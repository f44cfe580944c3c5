/** Size limit of a request body, unless its schema allows more. */
export const BODY_BYTES_MAX = 64 * 1024;
// Room for white space, and for strings without `maxLength`, such as ids and keys.
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
 * The body limit of an operation: every body that its schema allows fits, even if all characters
 * are escaped. Gateway and service derive their limits from schemas, so that the gateway never
 * admits a body that the service refuses.
 * @returns bytes, a multiple of 64 KiB
 */
export function bodyBytesMax(schema: object | undefined): number {
  if (schema === undefined) return BODY_BYTES_MAX;
  const needed = largestJson(schema as Schema) + ROOM_BYTES;
  return Math.max(1, Math.ceil(needed / BODY_BYTES_MAX)) * BODY_BYTES_MAX;
}

const bytesInChunks = new WeakMap<object, number>();

/** Remembers the size of a body in chunks: its head does not say it. */
export function noteBodyBytes(request: object, bytes: number): void {
  bytesInChunks.set(request, bytes);
}

/** Size of a body in chunks that was read to its end. */
export function bodyBytesOf(request: object): number | undefined {
  return bytesInChunks.get(request);
}

/** Bytes of the largest compact JSON that a schema allows; 0 where it sets no bound. */
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
