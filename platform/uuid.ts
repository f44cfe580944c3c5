/**
 * The moment inside a UUIDv7 (RFC 9562 section 5.7), to the millisecond: what is listed by such
 * ids and shows this moment is in the order that it shows.
 * @returns null for a UUID of another version
 */
export function timeOfUuid(id: string): Date | null {
  if (id[14] !== '7') return null;
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}

/** The lowest UUIDv7 of a moment: ids from it on were made then or later. */
export function firstUuidAt(moment: Date): string {
  const hex = moment.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
