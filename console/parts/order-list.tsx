import type { PublicOrder } from '#contracts/gateway.ts';
import { useTexts } from '../model/context.ts';
import { customer } from '../texts/customer.ts';
import { Rows } from './list.tsx';
import { Moment, Money, StatusPill } from './values.tsx';

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
          <bdi>{names.join(', ')}</bdi>
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
