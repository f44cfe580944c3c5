import { useLocation } from 'preact-iso';
import type { PublicOrder } from '#contracts/gateway.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useLoad } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { Empty, Loading } from '../parts/notices.tsx';
import { OrderList } from '../parts/order-list.tsx';
import { Page } from '../parts/page.tsx';
import { addressOf, Pager } from '../parts/pager.tsx';
import { customer } from '../texts/customer.ts';

const FILTERS = ['all', 'Paid', 'Cancelled', 'Pending'] as const;

/** The customer's orders, by status and page; both are in the address. */
export function OrdersPage() {
  const texts = useTexts(customer).orders;
  const { api, language } = useConsole();
  const { query } = useLocation();
  const { status, cursor } = query;
  const orders = useLoad(`orders ${language} ${status} ${cursor}`, (signal) =>
    api.read<PageOf<PublicOrder>>('/v1/orders', { query: { limit: 20, status, cursor }, signal }),
  );
  return (
    <Page
      title={texts.title}
      actions={
        <a class="button primary" href="/orders/new">
          {texts.create}
        </a>
      }
    >
      <nav class="filters" aria-label={texts.filter}>
        {FILTERS.map((filter) => (
          <a
            key={filter}
            href={addressOf('/orders', filter === 'all' ? {} : { status: filter })}
            aria-current={filter === (status ?? 'all') ? 'true' : undefined}
          >
            {texts.filters[filter]}
          </a>
        ))}
      </nav>
      <Loading loaded={orders}>
        {({ data, nextCursor }) => (
          <>
            {data.length === 0 ? (
              <Empty title={status === undefined ? texts.none : texts.noneOfKind}>
                {status === undefined && <p>{texts.noneHint}</p>}
              </Empty>
            ) : (
              <OrderList orders={data} />
            )}
            <Pager nextCursor={nextCursor} />
          </>
        )}
      </Loading>
    </Page>
  );
}
