import { useEffect } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { SearchHit } from '#contracts/operator.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useLoad } from '../model/load.ts';
import { CustomerLink, customerHref } from '../parts/customer-link.tsx';
import { Empty, Loading, Notice } from '../parts/notices.tsx';
import { OrderNumber } from '../parts/order-number.tsx';
import { Page } from '../parts/page.tsx';
import { type Column, RecordTable } from '../parts/record-table.tsx';
import { Id, Moment, Money } from '../parts/values.tsx';
import { customer } from '../texts/customer.ts';
import { records } from '../texts/records.ts';
import { search } from '../texts/search.ts';

interface Found {
  data: SearchHit[];
  unavailable: ('orders' | 'billing' | 'profiles' | 'notifications')[];
}

/** What a text finds. A single hit opens its page at once. */
export function OperatorSearchPage() {
  const texts = useTexts(search);
  const { q = '' } = useLocation().query;
  const text = q.trim();
  return (
    <Page title={texts.title}>{text === '' ? <Ways /> : <Results key={text} text={text} />}</Page>
  );
}

function Results({ text }: { text: string }) {
  const texts = useTexts(search);
  const { api } = useConsole();
  const { route } = useLocation();
  const found = useLoad(`search ${text}`, (signal) =>
    api.read<Found>('/v1/operator/search', { query: { q: text }, signal }),
  );
  const only = onlyHit(found.data);
  // In place of the search: «back» leads to where the person searched.
  useEffect(() => {
    if (only !== null) route(hrefOf(only), true);
  }, [only]);
  const columns = useColumns();
  return (
    <Loading loaded={found}>
      {({ data, unavailable }) => (
        <>
          {unavailable.length > 0 && (
            <Notice tone="bad">
              {texts.away(unavailable.map((service) => texts.services[service]).join(', '))}
            </Notice>
          )}
          {data.length === 0 ? (
            <>
              <Empty title={(unavailable.length > 0 ? texts.noneYet : texts.none)(text)} />
              <Ways />
            </>
          ) : (
            only === null && (
              <>
                <h2>{texts.found(text)}</h2>
                <RecordTable
                  label={texts.results}
                  columns={columns}
                  records={{ rows: data, more: false }}
                  keyOf={({ kind, id }) => `${kind} ${id}`}
                />
              </>
            )
          )}
        </>
      )}
    </Loading>
  );
}

/** The single hit of a search that all services have answered. */
function onlyHit(found: Found | null): SearchHit | null {
  if (found === null || found.unavailable.length > 0 || found.data.length !== 1) return null;
  return found.data[0] ?? null;
}

function hrefOf({ kind, id }: SearchHit): string {
  const part = encodeURIComponent(id);
  if (kind === 'order') return `/operator/orders/${part}`;
  if (kind === 'customer') return customerHref(id);
  return kind === 'letter' ? `/operator/letters/${part}` : `/operator/operations?operation=${part}`;
}

function useColumns(): Column<SearchHit>[] {
  const { columns: texts, kinds, matched } = useTexts(search);
  const { values } = useTexts(records);
  const { states } = useTexts(customer).letters;
  const stateOf = ({ state }: SearchHit) =>
    state === null ? '' : (values[state] ?? states[state as keyof typeof states] ?? state);
  return [
    { name: 'kind', label: texts.kind, cell: ({ kind }) => kinds[kind] },
    {
      name: 'number',
      label: texts.number,
      cell: (hit) => (
        <a href={hrefOf(hit)}>
          {hit.kind === 'order' ? <OrderNumber id={hit.id} /> : <Id value={hit.id} />}
        </a>
      ),
    },
    { name: 'state', label: texts.state, cell: stateOf },
    {
      name: 'amount',
      label: texts.amount,
      number: true,
      cell: ({ amount }) => amount && <Money value={amount} />,
    },
    { name: 'at', label: texts.at, cell: ({ at }) => at && <Moment at={at} /> },
    {
      name: 'customer',
      label: texts.customer,
      cell: ({ kind, customerId }) =>
        kind !== 'customer' && customerId !== null && <CustomerLink id={customerId} />,
    },
    { name: 'matched', label: texts.matched, cell: (hit) => matched[hit.matched] },
  ];
}

/** What can be searched. */
function Ways() {
  const texts = useTexts(search);
  return (
    <section class="card ways" aria-labelledby="search-ways">
      <h2 id="search-ways">{texts.how}</h2>
      <ul>
        {texts.ways.map((way) => (
          <li key={way}>{way}</li>
        ))}
      </ul>
    </section>
  );
}
