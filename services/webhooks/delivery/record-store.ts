import type { Queryable } from '#platform/postgres/database.ts';
import type { ClaimedDelivery } from './claim-store.ts';

/** One attempt, as it is recorded. */
export interface Attempt {
  delivery: Pick<ClaimedDelivery, 'id' | 'token' | 'number'>;
  durationMs: number;
  /** HTTP status; null where no answer came. */
  status: number | null;
  /** Null for one that succeeded. */
  error: string | null;
}

/** The state of a delivery after an attempt. */
export interface Outcome {
  state: 'delivered' | 'queued' | 'dead';
  /** Until the next attempt; 0 for one that ended. */
  retryInMs: number;
  /** Whether the attempt takes nothing from those that the delivery has. */
  uncounted?: true;
}

/**
 * Records an attempt and its outcome. Fenced: when the lease was lost meanwhile, the attempt is
 * recorded, and the state is left to the claim that holds the delivery now.
 */
export async function recordAttempt(
  db: Queryable,
  { delivery, durationMs, status, error }: Attempt,
  { state, retryInMs, uncounted }: Outcome,
): Promise<void> {
  await db.query({
    name: 'record-webhook-attempt',
    text: `with ended as (
        update deliveries set state = $3, token = null, reason = $4,
          due_at = now() + $5 * interval '1 millisecond',
          attempt_count = attempt_count - $9::int,
          ended_at = case when $3 = 'queued' then null else now() end
        where id = $1 and token = $2 and state = 'delivering'
      )
      insert into attempts (delivery_id, number, started_at, duration_ms, status, error)
      select id, $6::int, now() - $7::int * interval '1 millisecond', $7::int, $8::int, $4
      from deliveries where id = $1
      on conflict (delivery_id, number) do update
        set duration_ms = excluded.duration_ms, status = excluded.status, error = excluded.error`,
    values: [
      delivery.id,
      delivery.token,
      state,
      error,
      retryInMs,
      delivery.number,
      Math.round(durationMs),
      status,
      uncounted ? 1 : 0,
    ],
  });
}

/**
 * Disables an endpoint whose receiver has said that it is gone, unless it has another URL by now.
 * @returns whether this call did it
 */
export async function disableGone(db: Queryable, id: string, url: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update endpoints set state = 'disabled', disabled_reason = 'gone'
      where id = $1 and url = $2 and state = 'enabled' and removed_at is null`,
    [id, url],
  );
  return rowCount === 1;
}
