import type { WebhookAttempt, WebhookDeliveryState, WebhookType } from '#contracts/webhooks.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { NEW_ID, type StoredEvent } from '../inbox/inbox-store.ts';

export interface DeliveryRow {
  id: string;
  endpointId: string;
  eventId: string;
  type: WebhookType;
  orderId: string | null;
  state: WebhookDeliveryState;
  attemptCount: number;
  attempts: WebhookAttempt[];
  dueAt: Date;
  reason: string | null;
  createdAt: Date;
  endedAt: Date | null;
}

const ATTEMPTS_SHOWN = 50;

// Of removed endpoints nothing is shown.
const SELECT = `select d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", events.type,
    d.order_id as "orderId", d.state,
    d.attempt_count as "attemptCount", d.due_at as "dueAt", d.reason,
    d.created_at as "createdAt", d.ended_at as "endedAt",
    (select coalesce(json_agg(json_build_object('number', number,
        'startedAt', to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'durationMs', duration_ms, 'status', status, 'error', error) order by number), '[]')
      from (select * from attempts where delivery_id = d.id
        order by number desc limit ${ATTEMPTS_SHOWN}) as latest) as attempts
  from deliveries as d
  join events on events.id = d.event_id
  join endpoints on endpoints.id = d.endpoint_id and endpoints.removed_at is null`;

export interface DeliverySearch {
  endpointId: string | null;
  state: WebhookDeliveryState | null;
  orderId: string | null;
  before: string | null;
  limit: number;
}

/** Deliveries older than a given one, newest first. */
export async function listDeliveries(
  db: Queryable,
  { endpointId, state, orderId, before, limit }: DeliverySearch,
): Promise<DeliveryRow[]> {
  const { rows } = await db.query<DeliveryRow>(
    `${SELECT}
      where ($1::uuid is null or d.endpoint_id = $1) and ($2::text is null or d.state = $2)
        and ($3::uuid is null or d.order_id = $3)
        and ($4::uuid is null or d.id < $4)
      order by d.id desc limit $5`,
    [endpointId, state, orderId, before, limit],
  );
  return rows;
}

export async function findDelivery(db: Queryable, id: string): Promise<DeliveryRow | null> {
  const { rows } = await db.query<DeliveryRow>(`${SELECT} where d.id = $1`, [id]);
  return rows[0] ?? null;
}

/** Stores a test event, and its delivery for one endpoint. @returns the delivery's id */
export async function insertTest(
  tx: Queryable,
  endpointId: string,
  { id, type, body }: StoredEvent,
): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `with stored as (
        insert into events (id, type, body) values ($1, $2, $3) returning id
      )
      insert into deliveries (id, endpoint_id, event_id)
      select ${NEW_ID}, $4, id from stored returning id`,
    [id, type, body, endpointId],
  );
  return rows[0]?.id ?? '';
}

// As it was before its first attempt. The numbers of its attempts go on.
const QUEUED = `state = 'queued', attempt_count = 0, due_at = now(), queued_at = now(),
    ended_at = null, reason = null, token = null`;

/** Queues a delivery that has ended, or that waits for its next attempt. @returns whether it did */
export async function queueDelivery(tx: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update deliveries set ${QUEUED} where id = $1 and state <> 'delivering'`,
    [id],
  );
  return rowCount === 1;
}

/** The end of one part of a replay. */
export interface ReplayedPart {
  queued: number;
  /** Events that it looked at. */
  events: number;
  /** The last of them. */
  last: { receivedAt: string; id: string } | null;
}

/**
 * Queues the next events for one endpoint, oldest first: those that it never got, and those whose
 * delivery has ended. A delivery that is queued or being sent stays as it is.
 * @param after the last event of the part before, else the moment since when
 */
export async function replayPart(
  tx: Queryable,
  endpointId: string,
  after: { receivedAt: string; id: string },
  limit: number,
): Promise<ReplayedPart> {
  const { rows } = await tx.query<{
    queued: number;
    events: number;
    receivedAt: string;
    id: string;
  }>(
    `with part as materialized (
        select id, order_id, status, received_at from events
        where (received_at, id) > ($2::timestamptz, $3::uuid) and status is not null
        order by received_at, id limit $4
      ), queued as (
        insert into deliveries (id, endpoint_id, event_id, order_id)
        select ${NEW_ID}, endpoints.id, part.id, part.order_id
        from part join endpoints on part.status = any(endpoints.statuses)
        where endpoints.id = $1
        on conflict (endpoint_id, event_id) do update set ${QUEUED}
          where deliveries.state in ('delivered', 'dead')
        returning 1
      )
      select (select count(*)::int from queued) as queued,
        (select count(*)::int from part) as events, received_at::text as "receivedAt", id
      from part order by received_at desc, id desc limit 1`,
    [endpointId, after.receivedAt, after.id, limit],
  );
  const [last] = rows;
  if (last === undefined) return { queued: 0, events: 0, last: null };
  const { queued, events, receivedAt, id } = last;
  return { queued, events, last: { receivedAt, id } };
}

/** The moment from which events are kept for a replay, if that is later than the given one. */
export async function notBeforeRetention(db: Queryable, since: Date, days: number): Promise<Date> {
  const { rows } = await db.query<{ since: Date }>(
    `select greatest($1::timestamptz, now() - $2 * interval '1 day') as since`,
    [since, days],
  );
  return rows[0]?.since ?? since;
}
