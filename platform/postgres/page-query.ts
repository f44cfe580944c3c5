import { PAGE_BYTES_MAX } from '../http/page.ts';

interface PageQuery {
  /** Has the column `id`, by which the page is ordered. */
  table: string;
  /** Select of ids, newest first, with a limit: one more than the page may have. */
  ids: string;
  /** True for a list whose oldest rows come first. */
  oldestFirst?: boolean;
  /** SQL of the bytes of a row's texts, never null. */
  bytes: string;
  /** `select … from <table>`, without conditions. */
  select: string;
}

/**
 * SQL of the rows of one page, newest first by default, and `found`, how many ids there were. It reads texts
 * only until the page is full: a limit alone reads all of them, which may be megabytes.
 */
export function pageQuery({ table, ids, oldestFirst, bytes, select }: PageQuery): string {
  const order = oldestFirst === true ? 'id' : 'id desc';
  return `with recursive found as materialized (
      select id, row_number() over (order by ${order}) as place from (${ids}) as ids
    ), page as (
      select id, place, 0::bigint as bytes_before from found where place = 1
      union all
      select found.id, found.place, page.bytes_before + ${bytes}
      from page join ${table} on ${table}.id = page.id join found on found.place = page.place + 1
      where page.bytes_before + ${bytes} < ${PAGE_BYTES_MAX}
    )
    select shown.*, (select count(*) from found)::int as found
    from (${select} join page using (id)) as shown order by ${order}`;
}

/**
 * Rows of one page, and whether there are more behind them.
 * @param found rows of `pageQuery` for one id more than `limit`
 */
export function takePage<R extends { found: number }>(
  found: R[],
  limit: number,
): { rows: R[]; more: boolean } {
  const rows = found.slice(0, limit);
  return { rows, more: (found[0]?.found ?? 0) > rows.length };
}
