import { useLocation } from 'preact-iso';
import { useTexts } from '../model/context.ts';
import { common } from '../texts/common.ts';

/**
 * From page to page of a list, newest first. The place is in the address: back, reload and a link
 * that is sent to somebody work.
 */
export function Pager(props: {
  nextCursor: string | null;
  /** Of the address; also what the API calls it. */
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
