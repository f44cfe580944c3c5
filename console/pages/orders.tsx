import type { PublicOrder } from '#contracts/gateway.ts';
import { useTexts } from '../model/context.ts';
import { Filters, ListPage, Rows, useFilter, usePageOf } from '../parts/list.tsx';
import { Page } from '../parts/page.tsx';
import { Moment, Money, StatusPill } from '../parts/values.tsx';
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

const NAMES_SHOWN = 2;

/** Orders, each a link to its page. */
export function OrderList({ orders }: { orders: PublicOrder[] }) {
  const texts = useTexts(customer).orders;
  const rows = orders.map(({ id, items, total, status, statusLabel, createdAt }) => {
    const names = items.slice(0, NAMES_SHOWN).map(({ name }) => name);
    const more = items.length - names.length;
    return {
      key: id,
      href: `/orders/${id}`,
      main: (
        <>
          {names.map((name, index) => (
            <>
              {index > 0 && ', '}
              <bdi>{name}</bdi>
            </>
          ))}
          {more > 0 && ` ${texts.more(more)}`}
        </>
      ),
      side: (
        <>
          <Money value={total} />
          <StatusPill status={status} label={statusLabel} />
        </>
      ),
      dim: <Moment at={createdAt} />,
    };
  });
  return <Rows rows={rows} />;
}
