import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import type { Records } from '../model/records.ts';
import { records } from '../texts/records.ts';
import { addressOf } from './list.tsx';

type SortValue = string | number | null;

/** A column of a list. */
export interface Column<T> {
  /** Names the column in the address. */
  name: string;
  label: string;
  number?: boolean;
  cell: (row: T) => ComponentChildren;
  /** `server` sorts the whole list by time; a function sorts the rows that are loaded. */
  sort?: 'server' | ((row: T) => SortValue);
}

type Direction = 'ascending' | 'descending';

/** The rows as the address sorts them: `by=total` or `by=-total`; otherwise as the server does. */
export function useSorted<T>(columns: Column<T>[], rows: T[]): { rows: T[]; local: boolean } {
  const { by = '' } = useLocation().query;
  const { language } = useConsole();
  const value = columns.find(({ name }) => name === by.replace(/^-/, ''))?.sort;
  if (typeof value !== 'function') return { rows, local: false };
  const { compare } = new Intl.Collator(language, { numeric: true });
  const sign = by.startsWith('-') ? -1 : 1;
  const sorted = rows.toSorted((one, other) => {
    const [a, b] = [value(one), value(other)];
    // Empty cells come last, either way.
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : compare(`${a}`, `${b}`);
    return sign * order;
  });
  return { rows: sorted, local: true };
}

/** A dense table, sorted by its headings. */
export function RecordTable<T>(props: {
  label: string;
  columns: Column<T>[];
  records: Records<T>;
  keyOf: (row: T) => string;
}) {
  const { label, columns, keyOf } = props;
  const texts = useTexts(records);
  const { language } = useConsole();
  const { rows, local } = useSorted(columns, props.records.rows);
  return (
    <>
      <p class="sort-note quiet" role="status">
        {local && props.records.more && texts.sorted(formatNumber(rows.length, language))}
      </p>
      <div class="records">
        <table class="table dense" aria-label={label}>
          <thead>
            <tr>
              {columns.map((column) => (
                <Heading key={column.name} column={column} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={keyOf(row)} data-key={keyOf(row)}>
                {columns.map(({ name, label: text, number, cell }) => (
                  <td key={name} class={number ? 'number' : undefined} data-label={text}>
                    <div>{cell(row)}</div>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Heading<T>({ column }: { column: Column<T> }) {
  const { name, label, number, sort } = column;
  const { path, query, route } = useLocation();
  if (sort === undefined) {
    return (
      <th scope="col" class={number ? 'number' : undefined}>
        {label}
      </th>
    );
  }
  const direction = directionOf(name, sort === 'server', query);
  const press = () => {
    const { by: _, sort: order, ...rest } = query;
    if (sort !== 'server') {
      const by = direction === 'descending' ? name : `-${name}`;
      // The rows stay: no new entry of the history.
      route(addressOf(path, { ...rest, ...(order && { sort: order }), by }), true);
    } else if (direction === undefined) {
      route(addressOf(path, { ...rest, ...(order && { sort: order }) }), true);
    } else {
      route(addressOf(path, { ...rest, ...(direction === 'descending' && { sort: 'oldest' }) }));
    }
  };
  return (
    <th scope="col" class={number ? 'number' : undefined} aria-sort={direction ?? 'none'}>
      <button type="button" class="sort" onClick={press}>
        {label}
        <span aria-hidden="true">{MARKS[direction ?? 'none']}</span>
      </button>
    </th>
  );
}

const MARKS = { ascending: '↑', descending: '↓', none: '↕' };

/** How the address sorts by a column; undefined if it does not. */
function directionOf(
  name: string,
  byServer: boolean,
  { by, sort }: Record<string, string>,
): Direction | undefined {
  if (byServer && by === undefined) return sort === 'oldest' ? 'ascending' : 'descending';
  if (by === name) return 'ascending';
  return by === `-${name}` ? 'descending' : undefined;
}
