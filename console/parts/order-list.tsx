import type { PublicOrder } from '#contracts/gateway.ts';
import { useTexts } from '../model/context.ts';
import { customer } from '../texts/customer.ts';
import { Moment, Money, StatusPill } from './values.tsx';

/** Orders, each a link to its page. */
export function OrderList({ orders }: { orders: PublicOrder[] }) {
  return (
    <ul class="rows">
      {orders.map((order) => (
        <li key={order.id}>
          <a class="row" href={`/orders/${order.id}`}>
            <span class="row-main">
              <ItemNames order={order} />
            </span>
            <span class="row-side">
              <Money value={order.total} />
              <StatusPill status={order.status} label={order.statusLabel} />
            </span>
            <span class="row-dim">
              <Moment at={order.createdAt} />
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

const NAMES_SHOWN = 2;

function ItemNames({ order: { items } }: { order: PublicOrder }) {
  const texts = useTexts(customer).orders;
  const names = items.slice(0, NAMES_SHOWN).map(({ name }) => name);
  const more = items.length - names.length;
  return (
    <>
      <bdi>{names.join(', ')}</bdi>
      {more > 0 && ` ${texts.more(more)}`}
    </>
  );
}
