import { randomUUID } from 'node:crypto';

/**
 * A new UUIDv7 (RFC 9562 section 5.7) for a moment. `crypto.randomUUIDv7` uses the machine's clock,
 * which may be wrong.
 */
export function newUuidAt(moment: Date): string {
  const hex = moment.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7${randomUUID().slice(15)}`;
}

/**
 * The timestamp inside a UUIDv7, in milliseconds. Sorting by id therefore sorts by this timestamp.
 * @returns null for a UUID of another version
 */
export function timeOfUuid(id: string): Date | null {
  if (id[14] !== '7') return null;
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}

const LAST_MS = 2 ** 48 - 1;

/** The lowest UUIDv7 of a moment: ids of that moment and later are not lower. */
export function firstUuidAt(moment: Date): string {
  const ms = Math.min(Math.max(moment.getTime(), 0), LAST_MS);
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/**
 * SQL of the lowest UUIDv7 of a moment: higher ids are newer. Uses the clock of the database, as
 * the ids themselves do (`newUuidAt`).
 * @param seconds SQL of how long ago the moment was
 */
export function firstUuidAgo(seconds: string): string {
  const ms = `((extract(epoch from now()) - ${seconds}) * 1000)::bigint`;
  return `(lpad(to_hex(${ms}), 12, '0') || '70008000000000000000')::uuid`;
}
