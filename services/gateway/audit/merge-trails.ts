import type { AuditEntry, AuditedService, PublicAuditEntry } from '#contracts/audit.ts';

/** The entries of one service, newest first, perhaps with older ones behind them. */
export interface TrailPage {
  data: AuditEntry[];
  more?: boolean;
}

/** Null where the service does not answer. */
export type Trail = [service: AuditedService, page: TrailPage | null];

/**
 * Merges the entries of several services, newest first: their ids are UUIDv7, which sort by time.
 * Names the services that are missing, since a gap must not look like the absence of actions. For the
 * same reason the page ends where that of a service with older entries ends.
 * @returns at most `limit` entries, and whether there are more behind them
 */
export function mergeTrails(
  trails: readonly Trail[],
  limit: number,
): { entries: PublicAuditEntry[]; more: boolean; unanswered: AuditedService[] } {
  const all = trails.flatMap(([service, page]) =>
    (page?.data ?? []).map((entry) => ({ service, ...entry })),
  );
  const ends = trails.flatMap(([, page]) =>
    page?.more === true ? (page.data.at(-1)?.id ?? []) : [],
  );
  const entries = all.filter(({ id }) => ends.every((end) => id >= end));
  entries.sort((one, other) => (one.id > other.id ? -1 : 1));
  const unanswered = trails.flatMap(([service, found]) => (found === null ? [service] : []));
  const more = ends.length > 0 || entries.length > limit;
  return { entries: entries.slice(0, limit), more, unanswered };
}
