import type { Queryable } from '#platform/postgres/database.ts';

/** Most attempts at one endpoint that a process makes at a time: others never wait behind them. */
export const PER_ENDPOINT_MAX = 16;

/** A delivery that this claim may try once. */
export interface ClaimedDelivery {
  id: string;
  endpointId: string;
  /** The claim's. */
  token: string;
  url: string;
  /** Encrypted, the present one first. */
  secrets: string[];
  eventId: string;
  body: string;
  /** Of this attempt, from 1 on. */
  number: number;
  /** Attempts since it was queued last, this one included. */
  count: number;
}

/** Attempts at an endpoint that the process makes already. */
export type Running = ReadonlyMap<string, number>;

/**
 * Claims due deliveries, and those whose holder let the lease run out: of each enabled endpoint the
 * longest due first, as many as it has room for. It looks at each endpoint by an index, so its cost
 * does not grow with the backlog. An attempt whose holder died is recorded.
 */
export async function claimDeliveries(
  db: Queryable,
  claim: { token: string; leaseMs: number; running: Running },
): Promise<ClaimedDelivery[]> {
  const { rows } = await db.query<ClaimedDelivery>({
    name: 'claim-deliveries',
    text: `with due as materialized (
        select found.* from endpoints
        left join unnest($3::uuid[], $4::int[]) as running (endpoint_id, count)
          on running.endpoint_id = endpoints.id,
        lateral (
          select id, state, attempt_number, claimed_at from (
            select id, state, attempt_number, claimed_at from deliveries
            where endpoint_id = endpoints.id and state in ('queued', 'delivering')
              and due_at <= now()
            order by due_at limit ${PER_ENDPOINT_MAX} for update skip locked
          ) as oldest limit greatest(0, ${PER_ENDPOINT_MAX} - coalesce(running.count, 0))
        ) as found
        where endpoints.state = 'enabled' and endpoints.removed_at is null
      ), abandoned as (
        insert into attempts (delivery_id, number, started_at, duration_ms, error)
        select id, attempt_number, claimed_at,
          least(extract(epoch from now() - claimed_at) * 1000, 2147483647)::int,
          'the process ended during the attempt'
        from due where state = 'delivering'
        on conflict do nothing
      )
      update deliveries set state = 'delivering', token = $1, claimed_at = now(),
        due_at = now() + $2 * interval '1 millisecond',
        attempt_count = attempt_count + 1, attempt_number = deliveries.attempt_number + 1
      from due, endpoints, events
      where deliveries.id = due.id and endpoints.id = deliveries.endpoint_id
        and events.id = deliveries.event_id
      returning deliveries.id, endpoint_id as "endpointId", token, url,
        array_remove(array[secret, case when previous_until > now() then previous_secret end], null)
          as secrets,
        event_id as "eventId", body, deliveries.attempt_number as number, attempt_count as count`,
    values: [claim.token, claim.leaseMs, [...claim.running.keys()], [...claim.running.values()]],
  });
  return rows;
}
