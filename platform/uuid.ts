/**
 * The moment inside a UUIDv7 (RFC 9562 section 5.7), to the millisecond: what is listed by such
 * ids and shows this moment is in the order that it shows.
 * @returns null for a UUID of another version
 */
export function timeOfUuid(id: string): Date | null {
  if (id[14] !== '7') return null;
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}
