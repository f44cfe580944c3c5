import type { ComponentChildren, Key } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { useConsole, useTexts } from '../model/context.ts';
import { type Loaded, useLoad } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { scrollOpened } from '../model/scroll.ts';
import { common } from '../texts/common.ts';
import { Empty, Loading } from './notices.tsx';

const PAGE_SIZE = 20;

/**
 * Reads the page of a list that the address names with `cursor`.
 * @param everyMs how soon to read it again, as in `useLoad`; gets the cursor too
 */
export function usePageOf<T>(
  path: string,
  query: Record<string, string | number | undefined> = {},
  everyMs: (page: PageOf<T>, cursor: string | undefined) => number | null = () => null,
): Loaded<PageOf<T>> {
  const { api, language } = useConsole();
  const { cursor } = useLocation().query;
  const shown = useRef(cursor);
  useLayoutEffect(() => {
    if (shown.current === cursor) return;
    shown.current = cursor;
    // The link is gone, and the focus with it.
    document.querySelector('h1')?.focus({ preventScroll: true });
    scrollOpened();
  }, [cursor]);
  return useLoad(
    // The API words some members in the reader's language.
    JSON.stringify([language, path, query, cursor]),
    (signal) => api.read(path, { query: { limit: PAGE_SIZE, cursor, ...query }, signal }),
    (page) => everyMs(page, cursor),
  );
}

/** A page of a list, or what to say when it is empty, and the way to the other pages. */
export function ListPage<T>(props: {
  loaded: Loaded<PageOf<T>>;
  none: string;
  noneHint?: string | undefined;
  children: (data: T[]) => ComponentChildren;
}) {
  const { loaded, none, noneHint, children } = props;
  return (
    <Loading loaded={loaded}>
      {({ data, nextCursor }) => (
        <>
          {data.length === 0 ? <Empty title={none} hint={noneHint} /> : children(data)}
          <Pager nextCursor={nextCursor} />
        </>
      )}
    </Loading>
  );
}

interface Row {
  key: Key;
  href: string;
  main: ComponentChildren;
  side: ComponentChildren;
  dim: ComponentChildren;
  error?: string | null | undefined;
  /** The item is open next to the list. */
  current?: boolean;
  /** A button next to the link. */
  action?: ComponentChildren;
}

/** A list of links. `wrapping` rows show all their words; others keep an even height. */
export function Rows(props: { rows: Row[]; wrapping?: boolean }) {
  return (
    <ul class={props.wrapping ? 'rows wrapping' : 'rows'}>
      {props.rows.map(({ key, href, main, side, dim, error, current, action }) => (
        <li key={key} class={action === undefined ? undefined : 'with-action'}>
          <a class="row" href={href} aria-current={current ? 'true' : undefined}>
            <span class="row-main">{main}</span>
            <span class="row-side">{side}</span>
            <span class="row-dim">{dim}</span>
            {error && <bdi class="row-error">{error}</bdi>}
          </a>
          {action}
        </li>
      ))}
    </ul>
  );
}

/**
 * The links between the pages of a list, newest first. The address holds the cursor, so that back,
 * reload and shared links work.
 */
export function Pager(props: {
  nextCursor: string | null;
  /** The name of the cursor in the address. */
  parameter?: string;
}) {
  const { nextCursor, parameter = 'cursor' } = props;
  const texts = useTexts(common);
  const { path, query } = useLocation();
  const { [parameter]: cursor, ...rest } = query;
  if (nextCursor === null && cursor === undefined) return null;
  return (
    <nav class="pager" aria-label={texts.pages}>
      {cursor !== undefined && <a href={addressOf(path, rest)}>← {texts.newest}</a>}
      {nextCursor !== null && (
        <a href={addressOf(path, { ...rest, [parameter]: nextCursor })} rel="next">
          {texts.older} →
        </a>
      )}
    </nav>
  );
}

/** An address with a query, without `?` where there is none. */
export function addressOf(path: string, query: Record<string, string>): string {
  const search = new URLSearchParams(query).toString();
  return search === '' ? path : `${path}?${search}`;
}

/** The filter of a list, as links: it is in the address. The first filter is the default. */
export function Filters<F extends string>(props: {
  label: string;
  filters: readonly F[];
  texts: Record<F, string>;
  parameter: string;
  /** Other parameters of the address, which stay. */
  keep?: Record<string, string>;
}) {
  const { label, filters, texts, parameter, keep = {} } = props;
  const current = useFilter(filters, parameter);
  const { path } = useLocation();
  return (
    <nav class="filters" aria-label={label}>
      {filters.map((filter) => (
        <a
          key={filter}
          href={addressOf(path, filter === filters[0] ? keep : { ...keep, [parameter]: filter })}
          aria-current={filter === current ? 'true' : undefined}
        >
          {texts[filter]}
        </a>
      ))}
    </nav>
  );
}

/** The filter that the address names, otherwise the first. */
export function useFilter<F extends string>(filters: readonly F[], parameter: string): F {
  const { [parameter]: named } = useLocation().query;
  return filters.find((filter) => filter === named) ?? (filters[0] as F);
}
