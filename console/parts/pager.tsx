import { useLocation } from 'preact-iso';
import { useTexts } from '../context.ts';
import { shell } from '../texts/shell.ts';

/**
 * From page to page of a list, newest first. The place is in the address: back, reload and a link
 * that is sent to somebody work.
 */
export function Pager({ nextCursor }: { nextCursor: string | null }) {
  const texts = useTexts(shell);
  const { path, query } = useLocation();
  if (nextCursor === null && query.cursor === undefined) return null;
  const { cursor: _cursor, ...rest } = query;
  return (
    <nav class="pager" aria-label={texts.pages}>
      {query.cursor !== undefined && <a href={addressOf(path, rest)}>← {texts.newest}</a>}
      {nextCursor !== null && (
        <a href={addressOf(path, { ...rest, cursor: nextCursor })} rel="next">
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
