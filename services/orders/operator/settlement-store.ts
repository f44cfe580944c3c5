import type { Order } from '#contracts/orders.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { ORDER_COLUMNS, type OrderRow, orderOf } from '../lifecycle/store.ts';

/** The order, locked until the transaction ends; null when it is not Pending or does not exist. */
export async function lockPending(tx: Queryable, id: string): Promise<Order | null> {
  const { rows } = await tx.query<OrderRow>(
    `select ${ORDER_COLUMNS} from orders where id = $1 and status = 'Pending' for update`,
    [id],
  );
  return rows[0] === undefined ? null : orderOf(rows[0]);
}
