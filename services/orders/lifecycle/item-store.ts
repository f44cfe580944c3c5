import { ITEMS_LOOKED_UP_MAX, type OrderItem } from '#contracts/orders.ts';
import type { Queryable } from '#platform/postgres/database.ts';

/** The first items of an order, and how many it has. */
export interface FirstItems {
  orderId: string;
  first: OrderItem[];
  count: number;
}

/** The first items of these orders, in any sequence; unknown orders are left out. */
export async function findFirstItems(db: Queryable, orderIds: string[]): Promise<FirstItems[]> {
  const { rows } = await db.query<FirstItems>({
    name: 'find-first-items',
    text: `select id as "orderId", jsonb_array_length(items) as count, (
        select jsonb_agg(item order by position)
        from jsonb_array_elements(items) with ordinality as i (item, position)
        where position <= ${ITEMS_LOOKED_UP_MAX}
      ) as first from orders where id = any($1::uuid[])`,
    values: [orderIds],
  });
  return rows;
}
