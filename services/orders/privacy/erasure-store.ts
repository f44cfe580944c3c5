import type { Queryable } from '#platform/postgres/database.ts';
import { customerOrderIds } from '../lifecycle/list-store.ts';

// The largest orders have 170 KB: a statement of all of them would run into its time-out.
const PAGE = 50;

const IDS = customerOrderIds(
  "customer_id = $1 and id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')",
  String(PAGE),
);

const UUID = '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$';

/** What is left of an item: its numbers. Its name must have a character. */
const NUMBERS = `(select jsonb_agg(jsonb_build_object('name', '—', 'quantity', item -> 'quantity',
    'unitPrice', item -> 'unitPrice') order by position)
  from jsonb_array_elements(orders.items) with ordinality as i (item, position))`;

/**
 * Erases the texts of a customer's orders, newest first, one page of them. Pending orders stay: their
 * request or recovery still needs them. A key that is a UUID says nothing and still answers a
 * repetition; any other key may hold a text. The hash of the request stays, to compare with.
 * @returns the last order of a page that has a next one, and how many orders of it are Pending
 */
export async function eraseOrders(
  db: Queryable,
  customerId: string,
  before: string | null,
): Promise<{ last: string | null; pending: number }> {
  const { rows } = await db.query<{ id: string; pending: boolean }>(
    `with page as materialized (
        select id, status = 'Pending' as pending from (${IDS}) as ids join orders using (id)
      ), erased as (
        update orders set items = ${NUMBERS},
          idempotency_key = case when idempotency_key ~ '${UUID}' then idempotency_key
            else 'erased/' || orders.id end
        from page where orders.id = page.id and status <> 'Pending'
          and (idempotency_key !~ '${UUID}' and idempotency_key not like 'erased/%'
            or items <> ${NUMBERS})
      )
      select id, pending from page order by id desc`,
    [customerId, before],
  );
  return {
    last: rows.length < PAGE ? null : (rows.at(-1)?.id ?? null),
    pending: rows.filter(({ pending }) => pending).length,
  };
}
