import { useLocation } from 'preact-iso';
import type { Static } from 'typebox';
import type { PublicPendingOrder } from '#contracts/operator.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatDuration } from '../model/format.ts';
import { useLoad } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { Filters, filterOf } from '../parts/filters.tsx';
import { Empty, Loading } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { Pager } from '../parts/pager.tsx';
import { Id, Moment, Money } from '../parts/values.tsx';
import { operator } from '../texts/operator.ts';

type PendingOrder = Static<typeof PublicPendingOrder>;

const REFRESH_MS = 2_000;
const FILTERS = ['all', 'old'] as const;
const OLD_MS = 30_000;

/** Orders that have not ended, and what recovery says about them. */
export function OperatorPendingPage() {
  const texts = useTexts(operator).pending;
  const { api } = useConsole();
  const { path, query } = useLocation();
  const { cursor } = query;
  const filter = filterOf(FILTERS, query.age);
  const minAgeMs = filter === 'old' ? OLD_MS : undefined;
  const orders = useLoad(
    `pending ${filter} ${cursor}`,
    (signal) =>
      api.read<PageOf<PendingOrder>>('/v1/operator/pending-orders', {
        query: { limit: 20, cursor, minAgeMs },
        signal,
      }),
    // Who looks back through the pages reads in peace.
    cursor === undefined ? REFRESH_MS : null,
  );
  return (
    <Page title={texts.title} lead={texts.lead}>
      <Filters
        label={texts.filter}
        filters={FILTERS}
        current={filter}
        texts={texts.filters}
        path={path}
        queryOf={(chosen) => (chosen === 'old' ? { age: 'old' } : {})}
      />
      <Loading loaded={orders}>
        {({ data, nextCursor }) => (
          <>
            {data.length === 0 ? <Empty title={texts.none} /> : <PendingList orders={data} />}
            <Pager nextCursor={nextCursor} />
          </>
        )}
      </Loading>
    </Page>
  );
}

function PendingList({ orders }: { orders: PendingOrder[] }) {
  const texts = useTexts(operator).pending;
  const { language } = useConsole();
  return (
    <ul class="rows wrapping">
      {orders.map(({ id, ageMs, total, recovery }) => (
        <li key={id}>
          <a class="row" href={`/operator/orders/${id}`}>
            <span class="row-main">
              <Id value={id} />
            </span>
            <span class="row-side">
              <Money value={total} />
              <span class="number" title={texts.age}>
                {formatDuration(ageMs, language)}
              </span>
            </span>
            <span class="row-dim">
              {recovery.attempts === 0 ? texts.notTried : texts.attempts(recovery.attempts)}
              {recovery.triedAt !== null && (
                <>
                  {', '}
                  {texts.triedAt} <Moment at={recovery.triedAt} />
                </>
              )}
            </span>
            {recovery.error !== null && <span class="row-fault">{recovery.error}</span>}
          </a>
        </li>
      ))}
    </ul>
  );
}
