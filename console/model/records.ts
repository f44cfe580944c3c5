import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Api, ApiProblem } from './api.ts';
import { useConsole } from './context.ts';
import { type KeptPlace, keepPlace, keptPlace, returnTo } from './kept-place.ts';
import { useAction, useLoad } from './load.ts';
import type { PageOf } from './orders.ts';

/** Rows of a list that have been loaded. */
export interface Records<T> {
  rows: T[];
  more: boolean;
}

interface Batch<T> extends Records<T> {
  nextCursor: string | null;
  pages: number;
}

export interface LoadedRecords<T> {
  loaded: {
    data: Records<T> | null;
    problem: ApiProblem | null;
    loading: boolean;
    reload: () => void;
  };
  /** Loads the next page and adds its rows. */
  older: () => void;
  olderRuns: boolean;
  olderProblem: ApiProblem | null;
}

export type ListQuery = Record<string, string>;

const PAGE_SIZE = 50;
/** More rows make the page slow: then filters or the export serve better. */
export const ROWS_MAX = 2_000;
const PAGES_MAX = ROWS_MAX / PAGE_SIZE;
// The API may answer an empty page after it has looked through thousands of rows.
const READS_MAX = 20;

/** Reads a page with at least one row, if there is one within some reads. */
async function readPage<T>(
  api: Api,
  path: string,
  query: ListQuery,
  { cursor, signal }: { cursor: string | null; signal?: AbortSignal },
): Promise<PageOf<T>> {
  let page: PageOf<T> = { data: [], nextCursor: cursor };
  for (let reads = 0; reads < READS_MAX; reads++) {
    const { nextCursor } = page;
    page = await api.read<PageOf<T>>(path, {
      query: { ...query, limit: PAGE_SIZE, ...(nextCursor !== null && { cursor: nextCursor }) },
      ...(signal && { signal }),
    });
    if (page.data.length > 0 || page.nextCursor === null) break;
  }
  return page;
}

/**
 * The rows of a list: those of the first page, and of later ones as the person asks for them. After
 * «back» or a reload all pages are loaded that were, and the window is where it was.
 * @param name of the list on its page
 */
export function useRecords<T>(name: string, path: string, query: ListQuery): LoadedRecords<T> {
  const { api, language } = useConsole();
  // The API words some members in the reader's language.
  const key = JSON.stringify([language, path, query]);
  const place = useRef<{ key: string; pages: number; kept: KeptPlace | null }>(null);
  const first = useLoad<Batch<T>>(key, async (signal) => {
    if (place.current?.key !== key) {
      const kept = keptPlace(name);
      place.current = { key, pages: Math.min(kept?.pages ?? 1, PAGES_MAX), kept };
    }
    const rows: T[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const page: PageOf<T> = await readPage<T>(api, path, query, { cursor, signal });
      rows.push(...page.data);
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== null && pages < place.current.pages);
    return { rows, nextCursor: cursor, pages, more: cursor !== null };
  });
  const [added, setAdded] = useState<{ to: Batch<T> | null; all: Batch<T> } | null>(null);
  // Rows that were added to another list, or before a reload, are dropped.
  const all = added !== null && added.to === first.data ? added.all : first.data;
  const older = useAction(async () => {
    if (all === null || all.nextCursor === null) return;
    const page = await readPage<T>(api, path, query, { cursor: all.nextCursor });
    const { nextCursor } = page;
    const pages = all.pages + 1;
    const rows = [...all.rows, ...page.data];
    setAdded({ to: first.data, all: { rows, nextCursor, pages, more: nextCursor !== null } });
  });
  const pages = all?.pages ?? 1;
  if (all !== null && place.current?.key === key) place.current.pages = pages;
  usePlaceKept(name, pages);
  useLayoutEffect(() => {
    const kept = place.current?.kept;
    if (first.data === null || !kept) return;
    if (place.current !== null) place.current.kept = null;
    // After the page has focused its heading.
    requestAnimationFrame(() => returnTo(kept));
  }, [first.data]);
  return {
    loaded: { ...first, data: all },
    older: older.run,
    olderRuns: older.running,
    olderProblem: older.problem,
  };
}

/** Keeps the place before any link leads away, and before a reload. */
function usePlaceKept(name: string, pages: number): void {
  const latest = useRef(pages);
  latest.current = pages;
  useEffect(() => {
    // In the capture phase: the router listens at the window and changes the entry.
    const onClick = (event: Event) => keepPlace(name, latest.current, event.target);
    const onHide = () => keepPlace(name, latest.current, document.activeElement);
    document.addEventListener('click', onClick, true);
    addEventListener('pagehide', onHide);
    return () => {
      document.removeEventListener('click', onClick, true);
      removeEventListener('pagehide', onHide);
    };
  }, []);
}
