import type { Api } from './api.ts';
import type { PageOf } from './orders.ts';
import type { ListQuery } from './records.ts';

/** The most rows of a file: what a browser gathers in a minute or two. */
export const EXPORT_ROWS_MAX = 10_000;
const PAGE_SIZE = 100;
// Pages may be empty, where few of many rows match.
const READS_MAX = 1_000;
// A slow moment of the server does not waste what was read.
const PATIENCE_MS = 60_000;

/**
 * Reads all rows of a list, up to the limit.
 * @returns `cut` where there are more
 * @throws ApiProblem, or the signal's reason
 */
export async function readAllRows<T>(
  api: Api,
  path: string,
  query: ListQuery,
  { signal, onRows }: { signal: AbortSignal; onRows: (count: number) => void },
): Promise<{ rows: T[]; cut: boolean }> {
  const rows: T[] = [];
  let cursor: string | null = null;
  for (let reads = 0; reads < READS_MAX; reads++) {
    signal.throwIfAborted();
    const page: PageOf<T> = await api.read<PageOf<T>>(path, {
      query: { ...query, limit: PAGE_SIZE, ...(cursor !== null && { cursor }) },
      signal,
      deadlineMs: PATIENCE_MS,
    });
    rows.push(...page.data);
    cursor = page.nextCursor;
    onRows(Math.min(rows.length, EXPORT_ROWS_MAX));
    const isFull = rows.length > EXPORT_ROWS_MAX;
    if (isFull || (rows.length === EXPORT_ROWS_MAX && cursor !== null)) {
      return { rows: rows.slice(0, EXPORT_ROWS_MAX), cut: true };
    }
    if (cursor === null) return { rows, cut: false };
  }
  return { rows, cut: true };
}
