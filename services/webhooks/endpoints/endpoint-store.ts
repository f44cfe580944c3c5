import type { WebhookEndpointData, WebhookStatus } from '#contracts/webhooks.ts';
import type { Queryable } from '#platform/postgres/database.ts';
import { NEW_ID } from '../inbox/inbox-store.ts';

export interface EndpointRow {
  id: string;
  url: string;
  description: string;
  statuses: WebhookStatus[];
  state: 'enabled' | 'disabled';
  disabledReason: 'operator' | 'gone' | null;
  createdAt: Date;
  previousSecretUntil: Date | null;
}

const COLUMNS = `id, url, description, statuses, state, disabled_reason as "disabledReason",
    created_at as "createdAt",
    case when previous_until > now() then previous_until end as "previousSecretUntil"`;

/** Lets one transaction at a time add an endpoint, so that their number stays limited. */
export async function lockEndpoints(tx: Queryable): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('webhook endpoints'))`);
}

export async function countEndpoints(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    'select count(*)::int as count from endpoints where removed_at is null',
  );
  return rows[0]?.count ?? 0;
}

export async function insertEndpoint(
  db: Queryable,
  { url, description, statuses }: WebhookEndpointData,
  secret: string,
): Promise<EndpointRow> {
  const { rows } = await db.query<EndpointRow>(
    `insert into endpoints (id, url, description, statuses, secret)
      values (${NEW_ID}, $1, $2, $3, $4) returning ${COLUMNS}`,
    [url, description, statuses, secret],
  );
  return rows[0] as EndpointRow;
}

/** Endpoints older than a given one, newest first. */
export async function listEndpoints(
  db: Queryable,
  { before, limit }: { before: string | null; limit: number },
): Promise<EndpointRow[]> {
  const { rows } = await db.query<EndpointRow>(
    `select ${COLUMNS} from endpoints
      where removed_at is null and ($1::uuid is null or id < $1) order by id desc limit $2`,
    [before, limit],
  );
  return rows;
}

export async function findEndpoint(db: Queryable, id: string): Promise<EndpointRow | null> {
  const { rows } = await db.query<EndpointRow>(
    `select ${COLUMNS} from endpoints where id = $1 and removed_at is null`,
    [id],
  );
  return rows[0] ?? null;
}

/** The same; nothing else changes it until the transaction ends. */
export async function lockEndpoint(tx: Queryable, id: string): Promise<EndpointRow | null> {
  const { rows } = await tx.query<EndpointRow>(
    `select ${COLUMNS} from endpoints where id = $1 and removed_at is null for no key update`,
    [id],
  );
  return rows[0] ?? null;
}

/** An endpoint that was disabled as gone keeps that reason until it is enabled. */
export async function updateEndpoint(
  tx: Queryable,
  id: string,
  { url, description, statuses, state }: WebhookEndpointData & Pick<EndpointRow, 'state'>,
): Promise<EndpointRow> {
  const { rows } = await tx.query<EndpointRow>(
    `update endpoints set url = $2, description = $3, statuses = $4, state = $5,
        disabled_reason = case when $5 = 'disabled' then coalesce(disabled_reason, 'operator') end
      where id = $1 returning ${COLUMNS}`,
    [id, url, description, statuses, state],
  );
  return rows[0] as EndpointRow;
}

/** Whether an endpoint was removed, and its deliveries are not deleted yet. */
export async function wasRemoved(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    'select from endpoints where id = $1 and removed_at is not null',
    [id],
  );
  return rowCount === 1;
}

/** Removes an endpoint with its secrets. Retention deletes its deliveries. */
export async function removeEndpoint(tx: Queryable, id: string): Promise<void> {
  await tx.query(
    `update endpoints set removed_at = now(), secret = '', previous_secret = null,
        previous_until = null
      where id = $1`,
    [id],
  );
}

/**
 * Gives an endpoint a new secret. The former one signs too until `keepHours` have passed: of two
 * rotations within that time the first one's, since the receiver may know no other.
 */
export async function replaceSecret(
  tx: Queryable,
  id: string,
  secret: string,
  keepHours: number,
): Promise<EndpointRow> {
  const { rows } = await tx.query<EndpointRow>(
    `update endpoints set secret = $2,
        previous_secret = case when previous_until > now() then previous_secret else secret end,
        previous_until = now() + $3 * interval '1 hour'
      where id = $1 returning ${COLUMNS}`,
    [id, secret, keepHours],
  );
  return rows[0] as EndpointRow;
}

/** Secrets of an endpoint, encrypted. */
export interface StoredSecrets {
  id: string;
  secret: string;
  previous: string | null;
}

/** The secrets of all endpoints, which nothing else changes until the transaction ends. */
export async function lockSecrets(tx: Queryable): Promise<StoredSecrets[]> {
  const { rows } = await tx.query<StoredSecrets>(
    `select id, secret, case when previous_until > now() then previous_secret end as previous
      from endpoints where removed_at is null order by id for no key update`,
  );
  return rows;
}

export async function setSecrets(
  tx: Queryable,
  { id, secret, previous }: StoredSecrets,
): Promise<void> {
  await tx.query('update endpoints set secret = $2, previous_secret = $3 where id = $1', [
    id,
    secret,
    previous,
  ]);
}
