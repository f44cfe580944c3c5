import { useLocation } from 'preact-iso';
import { addressOf } from './pager.tsx';

/** The filter of a list, as links: it is in the address. The first filter is the default. */
export function Filters<F extends string>(props: {
  label: string;
  filters: readonly F[];
  texts: Record<F, string>;
  parameter: string;
}) {
  const { label, filters, texts, parameter } = props;
  const current = useFilter(filters, parameter);
  const { path } = useLocation();
  return (
    <nav class="filters" aria-label={label}>
      {filters.map((filter) => (
        <a
          key={filter}
          href={addressOf(path, filter === filters[0] ? {} : { [parameter]: filter })}
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
