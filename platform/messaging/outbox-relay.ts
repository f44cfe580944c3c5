import type { Logger } from 'pino';
import { pause } from '../async/backoff.ts';
import { within } from '../async/deadline.ts';
import { startLoop } from '../async/loop.ts';
import type { Acknowledgement, Broker, OutgoingMessage } from '../broker/port/broker.ts';
import { describeError } from '../errors.ts';
import type { Database, Queryable } from '../postgres/database.ts';
import { maintainOutbox } from './outbox-maintenance.ts';

const BATCH_MAX = 500;
// Of the unpublished rows a claim looks at the first only: at a batch, and at what three others hold.
const LOOK_AT_MAX = 4 * BATCH_MAX;
// Longer than a publish may take; only when a relay dies does another one wait for it.
const LEASE_MS = 15_000;
const POLL_MS = 500;
// After a batch that was not full, so that rows gather: a statement for ten rows costs little less
// than one for a hundred, and nobody waits for an event. A row that comes after a pause goes at once.
const GATHER_MS = 50;
// After a full batch: a backlog leaves some of the processors to those who order meanwhile.
const BREATH_MS = 20;
const RETRY = { firstMs: 100, maxMs: 5_000 };
// Of the time that a stop has: a batch of a broker that works is done long before.
const CLOSE_TIMEOUT_MS = 2_500;

export interface Relay {
  /** Looks for rows now: called after a commit that wrote one. */
  kick(): void;
  /**
   * Waits for the batch under way, unless the broker hangs: then the batch is let go. It is
   * released when the broker is closed, or its lease ends, and is published by the next relay.
   */
  close(): Promise<void>;
}

export interface RelayOptions {
  database: Database;
  broker: Broker;
  topic: string;
  /** CloudEvents `source`. */
  source: string;
  log: Logger;
}

/**
 * Moves outbox rows to the broker (docs/reference/events.md): claims a batch with a lease, commits,
 * publishes, marks exactly the acknowledged rows. Never a cursor, since sequence order is not
 * commit order, and never a transaction held open while publishing. Safe with several relays:
 * the worst case is a row published twice with the same id.
 */
export function startRelay(options: RelayOptions): Relay {
  const { log } = options;
  // The first time at once: a broker is restored, or replaced, while we are down.
  let maintenanceAt = performance.now();
  const loop = startLoop({
    name: 'outbox relay',
    log,
    retry: RETRY,
    async round(signal) {
      if (performance.now() >= maintenanceAt) {
        const dueInMs = await maintainOutbox(options);
        maintenanceAt = performance.now() + dueInMs;
      }
      const moved = await moveBatch(options);
      // Nobody waits for a single event; many rows gather meanwhile.
      if (moved > 0) await pause(moved === BATCH_MAX ? BREATH_MS : GATHER_MS, signal);
      return moved < BATCH_MAX ? POLL_MS : 0;
    },
  });
  return {
    kick: loop.notify,
    async close() {
      await within(CLOSE_TIMEOUT_MS, loop.close()).catch((error: unknown) => {
        log.warn(`outbox relay: a batch is let go: ${describeError(error)}`);
      });
    },
  };
}

/** What of an outbox row goes out. */
export interface OutboxRow {
  id: string;
  aggregateid: string;
  type: string;
  payload: string;
  traceparent: string | null;
  /** RFC 3339. */
  event_time: string;
}

async function moveBatch({ database, broker, topic, source }: RelayOptions): Promise<number> {
  const rows = await claimRows(database);
  if (rows.length === 0) return 0;
  let acknowledgements: Acknowledgement[];
  try {
    acknowledgements = await broker.publish(
      topic,
      rows.map((row) => messageOf(row, source)),
    );
  } catch (error) {
    // Politeness: without it the rows would wait for the lease to end.
    await releaseRows(database, rows).catch(() => {});
    throw error;
  }
  await markPublished(database, rows, acknowledgements);
  return rows.length;
}

/**
 * The message that a row becomes. CloudEvents 1.0, Kafka binary mode: attributes are headers, the
 * value is plain JSON.
 * @param source CloudEvents `source`
 */
export function messageOf(row: OutboxRow, source: string): OutgoingMessage {
  return {
    key: row.aggregateid,
    value: Buffer.from(row.payload),
    headers: {
      ce_specversion: '1.0',
      ce_id: row.id,
      ce_type: row.type,
      ce_source: source,
      ce_subject: row.aggregateid,
      ce_time: row.event_time,
      'content-type': 'application/json',
      ...(row.traceparent !== null && { traceparent: row.traceparent }),
    },
  };
}

async function claimRows(db: Queryable): Promise<OutboxRow[]> {
  const { rows } = await db.query<OutboxRow>({
    name: 'claim-outbox',
    // Of one aggregate only the oldest unpublished row, so that its events keep their order: an
    // older one is always among the first, too. Whatever the planner believes of the table, it can
    // but look the arrays up in the indexes: a join with the older rows becomes, where statistics
    // know of no unpublished ones, a comparison of all with all, which no claim survives. And it
    // begins with the oldest, not with entries of published rows that no vacuum has removed yet.
    text: `update outbox set leased_until = now() + $1 * interval '1 millisecond',
        attempts = attempts + 1
      where id = any (array(
        select id from outbox
        where published_at is null and coalesce(leased_until, '-infinity') < now()
          and sequence = any (array(
            select min(sequence) from (
              select aggregateid, sequence from outbox
              where published_at is null
                and sequence >= (select min(sequence) from outbox where published_at is null)
              order by sequence limit ${LOOK_AT_MAX}
            ) as first group by aggregateid))
        order by sequence limit ${BATCH_MAX} for update skip locked))
      returning id, aggregateid, type, payload::text, traceparent, event_time`,
    values: [LEASE_MS],
  });
  return rows;
}

async function releaseRows(db: Queryable, rows: OutboxRow[]): Promise<void> {
  await db.query(
    'update outbox set leased_until = null where id = any($1::uuid[]) and (published_at is null) is true',
    [rows.map((row) => row.id)],
  );
}

async function markPublished(
  db: Queryable,
  rows: OutboxRow[],
  acknowledgements: Acknowledgement[],
): Promise<void> {
  await db.query({
    name: 'mark-published',
    // `is true`: a filter only. By the index of unpublished rows it would compare a backlog with all
    // of the batch (decision 14).
    text: `update outbox set published_at = now(), leased_until = null,
        topic_id = acknowledged.topic_id, partition = acknowledged.partition,
        "offset" = acknowledged."offset"
      from unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[])
        as acknowledged (id, topic_id, partition, "offset")
      where outbox.id = acknowledged.id and (published_at is null) is true`,
    values: [
      rows.map((row) => row.id),
      acknowledgements.map((ack) => ack.topicId),
      acknowledgements.map((ack) => ack.partition),
      acknowledgements.map((ack) => ack.offset),
    ],
  });
}
