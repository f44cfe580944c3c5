import { addressOf } from './pager.tsx';

/** The filter of a list, as links: it is in the address. */
export function Filters<F extends string>(props: {
  label: string;
  filters: readonly F[];
  current: F;
  texts: Record<F, string>;
  path: string;
  queryOf: (filter: F) => Record<string, string>;
}) {
  const { label, filters, current, texts, path, queryOf } = props;
  return (
    <nav class="filters" aria-label={label}>
      {filters.map((filter) => (
        <a
          key={filter}
          href={addressOf(path, queryOf(filter))}
          aria-current={filter === current ? 'true' : undefined}
        >
          {texts[filter]}
        </a>
      ))}
    </nav>
  );
}

/** The filter that an address names, else the first. */
export function filterOf<F extends string>(filters: readonly F[], named: string | undefined): F {
  return filters.find((filter) => filter === named) ?? (filters[0] as F);
}
