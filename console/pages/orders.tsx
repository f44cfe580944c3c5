import type { PublicOrder } from '#contracts/gateway.ts';
import { useTexts } from '../model/context.ts';
import { Filters, useFilter } from '../parts/filters.tsx';
import { ListPage, usePageOf } from '../parts/list.tsx';
import { OrderList } from '../parts/order-list.tsx';
import { Page } from '../parts/page.tsx';
import { customer } from '../texts/customer.ts';

const FILTERS = ['all', 'Paid', 'Cancelled', 'Pending'] as const;

/** The customer's orders. */
export function OrdersPage() {
  const texts = useTexts(customer).orders;
  const filter = useFilter(FILTERS, 'status');
  const all = filter === 'all';
  const orders = usePageOf<PublicOrder>('/v1/orders', { status: all ? undefined : filter });
  return (
    <Page
      title={texts.title}
      actions={
        <a class="button primary" href="/orders/new">
          {texts.create}
        </a>
      }
    >
      <Filters label={texts.filter} filters={FILTERS} texts={texts.filters} parameter="status" />
      <ListPage
        loaded={orders}
        none={all ? texts.none : texts.noneOfKind}
        noneHint={all ? texts.noneHint : undefined}
      >
        {(data) => <OrderList orders={data} />}
      </ListPage>
    </Page>
  );
}
