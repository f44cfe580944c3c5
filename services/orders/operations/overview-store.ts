import type { OrdersOverview } from '#contracts/order-operations.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { firstUuidAgo } from '#platform/values/uuid.ts';

/** Counts of the latest orders by status, `max` of them at most. */
export async function countLatest(db: Queryable, max: number): Promise<OrdersOverview['latest']> {
  const { rows } = await db.query<OrdersOverview['latest']>({
    name: 'count-latest-orders',
    text: `select count(*)::int as counted, $1::int as max,
        count(*) filter (where status = 'Pending')::int as pending,
        count(*) filter (where status = 'Paid')::int as paid,
        count(*) filter (where status = 'Cancelled')::int as cancelled
      from (select status from orders order by id desc limit $1) as latest`,
    values: [max],
  });
  return rows[0] as OrdersOverview['latest'];
}

/**
 * Orders per second over the last `seconds`. Placed orders count at the time in their ids, ended
 * ones at the time in their events' ids. An order that recovery ends hours later counts at its end.
 * @param seconds how long ago
 */
export async function readRates(db: Queryable, seconds: number): Promise<OrdersOverview['rates']> {
  const { rows } = await db.query<OrdersOverview['rates']>({
    name: 'read-order-rates',
    text: `select (select count(*) from orders where id >= ${firstUuidAgo('$1')})::float8 / $1 as placed,
        paid::float8 / $1 as paid, cancelled::float8 / $1 as cancelled
      from (
        select count(*) filter (where status = 'Paid') as paid,
          count(*) filter (where status = 'Cancelled') as cancelled
        from (select payload ->> 'status' as status from outbox where id >= ${firstUuidAgo('$1')}) as ended
      ) as ended`,
    values: [seconds],
  });
  return rows[0] as OrdersOverview['rates'];
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
  const { rows } = await db.query<{ place: number; count: number; oldestMs: number }>({
    name: 'read-pending-by-age',
    text: `select width_bucket(age_ms, $1::numeric[]) as place, count(*)::int as count,
        greatest(0, floor(max(age_ms)))::float8 as "oldestMs"
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
    count: rows.find((row) => row.place === place)?.count ?? 0,
  }));
  return {
    total: byAge.reduce((sum, { count }) => sum + count, 0),
    oldestMs: Math.max(0, ...rows.map((row) => row.oldestMs)),
    byAge,
  };
}

/** Orders that have not ended, counted up to `max`. */
export async function countPending(db: Queryable, max: number): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'count-pending-orders',
    text: `select count(*)::int from (
        select from orders where status = 'Pending' limit $1) as pending`,
    values: [max],
  });
  return rows[0]?.count ?? 0;
}

type OutboxBacklog = NonNullable<OrdersOverview['outbox']>;

/** Events that the broker has not acknowledged, the oldest first, `max` of them at most. */
export async function readOutbox(db: Queryable, max: number): Promise<OutboxBacklog> {
  const { rows } = await db.query<OutboxBacklog>({
    name: 'read-outbox-backlog',
    text: `select count(*)::int as unpublished,
        coalesce(greatest(0, floor(extract(epoch from now() - min(created_at)) * 1000)), 0)::float8
          as "oldestMs"
      from (
        select created_at from outbox where published_at is null order by sequence limit $1
      ) as oldest`,
    values: [max],
  });
  return rows[0] as OutboxBacklog;
}

/** How much waits, and the age of the oldest in seconds, 0 without one. */
interface Backlog {
  count: number;
  oldestS: number;
}

/** Orders that have not ended. */
export const readPending = (db: Queryable) =>
  readBacklog(db, `from orders where status = 'Pending'`);

/** Events that the broker has not acknowledged. */
export const readUnpublished = (db: Queryable) =>
  readBacklog(db, 'from outbox where published_at is null');

/** @param source constant SQL with a column `created_at`; each has a partial index for it */
async function readBacklog(db: Queryable, source: string): Promise<Backlog> {
  const { rows } = await db.query<Backlog>(
    `select count(*)::float8 as count,
        coalesce(greatest(0, extract(epoch from now() - min(created_at))), 0)::float8 as "oldestS"
      ${source}`,
  );
  return rows[0] as Backlog;
}
