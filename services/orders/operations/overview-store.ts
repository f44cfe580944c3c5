import type { OrdersOverview } from '#contracts/order-operations.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { firstUuidAgo } from '#platform/values/uuid.ts';

/** Counts of the latest orders by status, `max` of them at most. */
export async function countLatest(db: Queryable, max: number): Promise<OrdersOverview['latest']> {
  const { rows } = await db.query<Record<'pending' | 'paid' | 'cancelled', string>>({
    name: 'count-latest-orders',
    text: `select count(*) filter (where status = 'Pending') as pending,
        count(*) filter (where status = 'Paid') as paid,
        count(*) filter (where status = 'Cancelled') as cancelled
      from (select status from orders order by id desc limit $1) as latest`,
    values: [max],
  });
  const [pending, paid, cancelled] = [rows[0]?.pending, rows[0]?.paid, rows[0]?.cancelled].map(
    Number,
  ) as [number, number, number];
  return { counted: pending + paid + cancelled, max, pending, paid, cancelled };
}

/**
 * Orders per second since a moment: placed ones by the moment in their ids, ended ones by that in
 * their events' ids, so that one which recovery ended hours later counts when it ended.
 * @param seconds how long ago
 */
export async function readRates(db: Queryable, seconds: number): Promise<OrdersOverview['rates']> {
  const { rows } = await db.query<Record<'placed' | 'paid' | 'cancelled', string>>({
    name: 'read-order-rates',
    text: `select (select count(*) from orders where id >= ${firstUuidAgo('$1')}) as placed, paid, cancelled
      from (
        select count(*) filter (where status = 'Paid') as paid,
          count(*) filter (where status = 'Cancelled') as cancelled
        from (select payload ->> 'status' as status from outbox where id >= ${firstUuidAgo('$1')}) as ended
      ) as ended`,
    values: [seconds],
  });
  const perSecond = (count: string | undefined) => Number(count) / seconds;
  return {
    placed: perSecond(rows[0]?.placed),
    paid: perSecond(rows[0]?.paid),
    cancelled: perSecond(rows[0]?.cancelled),
  };
}

/**
 * Orders that have not ended, by age, `max` of them at most: after an outage there may be millions.
 * In the order in which recovery takes them, which is the order of their index.
 * @param boundsMs where the second and each further group begins
 */
export async function readPendingByAge(
  db: Queryable,
  { boundsMs, max }: { boundsMs: number[]; max: number },
): Promise<OrdersOverview['pending']> {
  const { rows } = await db.query<{ place: number; count: string; oldest_ms: string }>({
    name: 'read-pending-by-age',
    text: `select width_bucket(age_ms, $1::numeric[]) as place, count(*) as count,
        greatest(0, floor(max(age_ms))) as oldest_ms
      from (
        select extract(epoch from now() - created_at) * 1000 as age_ms
        from orders where status = 'Pending'
        order by recovery_tried_at nulls first, created_at limit $2
      ) as pending
      group by place`,
    values: [boundsMs, max],
  });
  const starts = [0, ...boundsMs];
  const byAge = starts.map((fromMs, place) => ({
    fromMs,
    toMs: starts[place + 1] ?? null,
    count: Number(rows.find((row) => row.place === place)?.count ?? 0),
  }));
  return {
    total: byAge.reduce((sum, { count }) => sum + count, 0),
    oldestMs: Math.max(0, ...rows.map((row) => Number(row.oldest_ms))),
    byAge,
  };
}

/** Events that the broker has not acknowledged, the oldest first, `max` of them at most. */
export async function readOutbox(
  db: Queryable,
  max: number,
): Promise<NonNullable<OrdersOverview['outbox']>> {
  const { rows } = await db.query<{ unpublished: string; oldest_ms: string }>({
    name: 'read-outbox-backlog',
    text: `select count(*) as unpublished,
        coalesce(greatest(0, floor(extract(epoch from now() - min(created_at)) * 1000)), 0)
          as oldest_ms
      from (
        select created_at from outbox where published_at is null order by sequence limit $1
      ) as oldest`,
    values: [max],
  });
  return { unpublished: Number(rows[0]?.unpublished), oldestMs: Number(rows[0]?.oldest_ms) };
}
