import { useLocation } from 'preact-iso';
import { useTexts } from '../model/context.ts';
import { common } from '../texts/common.ts';

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
