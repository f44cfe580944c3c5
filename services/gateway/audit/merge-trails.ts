import type { AuditEntry, AuditedService, PublicAuditEntry } from '#contracts/audit.ts';

/** The entries of one service, newest first; null where it does not answer. */
export type Trail = [service: AuditedService, entries: AuditEntry[] | null];

/**
 * Merges the entries of several services, newest first: their ids are UUIDv7, which sort by time.
 * Names the services that are missing, since a gap must not look like the absence of actions.
 * @returns at most `limit` entries
 */
export function mergeTrails(
  trails: readonly Trail[],
  limit: number,
): { entries: PublicAuditEntry[]; unanswered: AuditedService[] } {
  const entries = trails.flatMap(([service, found]) =>
    (found ?? []).map((entry) => ({ service, ...entry })),
  );
  entries.sort((one, other) => (one.id > other.id ? -1 : 1));
  const unanswered = trails.flatMap(([service, found]) => (found === null ? [service] : []));
  return { entries: entries.slice(0, limit), unanswered };
}
