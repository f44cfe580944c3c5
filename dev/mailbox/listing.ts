import { createBodySearch, foldCase } from './body-search.ts';
import type { prepareAll } from './statements.ts';

export interface MailSummary {
  id: number;
  receivedAt: string;
  from: string;
  to: string;
  subject: string;
  messageId: string;
  /** Bytes. */
  size: number;
  /** Whether somebody has opened it. */
  seen: boolean;
}

export interface MailPage {
  data: MailSummary[];
  /** `before` of the next page; null at the end. */
  next: number | null;
}

// A search reads at most this many messages, about 10 ms: SQLite blocks its thread.
const SEARCH_STRETCH = 50_000;
// Mails whose text a search reads: the thread is blocked meanwhile, some 30 ms at first.
const BODIES_SEARCHED = 1_000;

/** The ids of the oldest and the newest mail; 0 where there is none. */
export interface Bounds {
  oldest: number;
  newest: number;
}

export type Row = Omit<MailSummary, 'seen'> & { seen: 0 | 1 };

export function summaryOf({
  id,
  receivedAt,
  from,
  to,
  subject,
  messageId,
  size,
  seen,
}: Row): MailSummary {
  return { id, receivedAt, from, to, subject, messageId, size, seen: seen === 1 };
}

/**
 * Newest first. A search reads a limited number of messages: its page may be short or empty, and
 * `next` continues it.
 */
export function createListing(
  sql: ReturnType<typeof prepareAll>,
  readBounds: () => Bounds,
): (query: { limit: number; before?: number; search?: string }) => MailPage {
  const hasInBody = createBodySearch((id) => sql.source.get(id)?.raw as Uint8Array | undefined);

  /** By recipient and subject, and by their text among the newest. */
  function findRows(
    wanted: string,
    { top, bottom, newest, limit }: Record<'top' | 'bottom' | 'newest' | 'limit', number>,
  ): unknown[] {
    const firstBody = Math.max(bottom, newest - BODIES_SEARCHED + 1);
    const ids = (sql.ids.all(top, firstBody) as unknown as { id: number }[])
      .filter(({ id }) => hasInBody(id, wanted))
      .map(({ id }) => id);
    return sql.search.all(top, bottom, wanted, JSON.stringify(ids), limit + 1);
  }

  return ({ limit, before, search }) => {
    const { oldest, newest } = readBounds();
    const top = Math.min(before ?? newest + 1, newest + 1);
    const bottom = Math.max(oldest, top - SEARCH_STRETCH);
    const wanted = search === undefined ? null : foldCase(search);
    const rows = (wanted === null
      ? sql.list.all(top, limit + 1)
      : findRows(wanted, { top, bottom, newest, limit })) as unknown as Row[];
    const data = rows.slice(0, limit).map(summaryOf);
    if (rows.length > limit) return { data, next: data.at(-1)?.id ?? null };
    return { data, next: search !== undefined && bottom > oldest ? bottom : null };
  };
}
