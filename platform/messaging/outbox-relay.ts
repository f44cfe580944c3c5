import { pause } from '../async/backoff.ts';
import { startLoop } from '../async/loop.ts';
import { withTimeout } from '../async/timeout.ts';
import type { Acknowledgement, OutgoingMessage } from '../broker/port/broker.ts';
import { describeError } from '../errors.ts';
import type { Queryable } from '../postgres/database.ts';
import { isFew } from '../postgres/plan-once.ts';
import { serviceOf } from '../telemetry/log.ts';
import { traceIdIn } from '../telemetry/trace-context.ts';
import {
  contextOf,
  endSpan,
  type Fields,
  isSampled,
  SpanKind,
  startSpan,
} from '../telemetry/tracing.ts';
import { maintainOutbox, type OutboxOptions } from './outbox-maintenance.ts';

const BATCH_MAX = 500;
// A claim reads only the first unpublished rows: its own batch and the batches of three other relays.
const EXAMINED_MAX = 4 * BATCH_MAX;
// Longer than a publish may take. Another relay waits for it only when this one dies.
const LEASE_MS = 15_000;
const POLL_MS = 500;
// Pause after a batch that was not full, so that rows gather: a statement for ten rows costs nearly
// as much as one for a hundred. The relay publishes the first row after an idle time at once.
const GATHER_MS = 100;
// Pauses after a full batch, so that a backlog leaves processor time to new orders: from an idle thread
// to a busy one. A fixed one would slow the backlog when no orders come, or orders when they do.
const YIELD_MS = 10;
const YIELD_MAX_MS = 80;
const RETRY = { firstMs: 100, maxMs: 5_000 };
// Part of the time limit for a stop. A working broker accepts a batch much faster.
const CLOSE_TIMEOUT_MS = 2_500;

export interface RelayOptions extends OutboxOptions {
  /** The ids of a published row for its line in the log; no lines when absent. */
  logged?: ((row: OutboxRow) => Fields) | undefined;
}

/**
 * Moves outbox rows to the broker (docs/reference/events.md): claims a batch with a lease, commits,
 * publishes, marks exactly the acknowledged rows. Never a cursor, since sequence order is not
 * commit order, and never a transaction held open while publishing. Safe with several relays:
 * the worst case is a row published twice with the same id.
 */
export function startRelay(options: RelayOptions) {
  const { log } = options;
  // Runs first at the start: the broker may have been restored or replaced while we were down.
  let maintenanceAt = performance.now();
  const utilization = createUtilization();
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
      const yieldMs = yieldMsAt(utilization());
      if (moved > 0) await pause(moved === BATCH_MAX ? yieldMs : GATHER_MS, signal);
      return moved < BATCH_MAX ? POLL_MS : 0;
    },
  });
  return {
    /** Looks for rows now: called after a commit that wrote one. */
    kick: loop.notify,
    /**
     * Waits for the batch under way, unless the broker hangs. The batch is then released when the
     * broker is closed or its lease ends, and the next relay publishes it.
     */
    async close() {
      await withTimeout(CLOSE_TIMEOUT_MS, loop.close()).catch((error: unknown) => {
        log.warn(`outbox relay: a batch is let go: ${describeError(error)}`);
      });
    },
  };
}

/** @returns a function that gives the part of the time since its last call that this thread worked */
function createUtilization(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const before = last;
    last = performance.eventLoopUtilization();
    return performance.eventLoopUtilization(last, before).utilization;
  };
}

/**
 * The pause after a full batch.
 * @param utilization the part of the time that the thread worked, from 0 to 1
 */
export function yieldMsAt(utilization: number): number {
  return Math.min(YIELD_MAX_MS, YIELD_MS / (1 - utilization));
}

export type Relay = ReturnType<typeof startRelay>;

/** The published parts of an outbox row. */
export interface OutboxRow {
  id: string;
  aggregateid: string;
  type: string;
  payload: string;
  traceparent: string | null;
  /** RFC 3339. */
  event_time: string;
  /** CloudEvents `source`. */
  event_source: string;
  /** A second name of the type, for consumers that know it by that; null for none. */
  type_alias: string | null;
}

async function moveBatch(options: RelayOptions): Promise<number> {
  const { database, broker, topic, log } = options;
  const rows = await claimRows(database);
  if (rows.length === 0) return 0;
  const spans = startSpans(options, rows);
  let acknowledgements: Acknowledgement[];
  try {
    acknowledgements = await broker.publish(
      topic,
      rows.map((row) => messageOf(row)),
    );
  } catch (error) {
    for (const span of spans) endSpan(span, true);
    // Otherwise the rows wait for the lease to end.
    await releaseRows(database, rows).catch(() => {});
    throw error;
  }
  for (const span of spans) endSpan(span, false);
  await markPublished(database, rows, acknowledgements);
  for (const row of options.logged === undefined ? [] : rows) {
    const traceId = traceIdIn(row.traceparent);
    log.info({ traceId, ...options.logged?.(row), event: row.id }, `published to ${topic}`);
  }
  return rows.length;
}

/** A span for each event whose request is recorded: a batch has events of many traces. */
function startSpans({ topic, log }: RelayOptions, rows: OutboxRow[]) {
  const service = serviceOf(log);
  return rows.flatMap(({ id, traceparent }) => {
    const parent = contextOf(traceparent);
    if (!isSampled(parent)) return [];
    const fields = { 'messaging.message.id': id };
    return startSpan({
      name: `publish ${topic}`,
      kind: SpanKind.PRODUCER,
      service,
      parent,
      fields,
    });
  });
}

/**
 * The message that a row becomes. CloudEvents 1.0, Kafka binary mode: attributes are headers, the
 * value is plain JSON.
 */
export function messageOf(row: OutboxRow): OutgoingMessage {
  return {
    key: row.aggregateid,
    value: Buffer.from(row.payload),
    headers: {
      ce_specversion: '1.0',
      ce_id: row.id,
      ce_type: row.type,
      ce_source: row.event_source,
      ce_subject: row.aggregateid,
      ce_time: row.event_time,
      'content-type': 'application/json',
      ...(row.type_alias !== null && { ce_typealias: row.type_alias }),
      ...(row.traceparent !== null && { traceparent: row.traceparent }),
    },
  };
}

async function claimRows(db: Queryable): Promise<OutboxRow[]> {
  const { rows } = await db.query<OutboxRow>({
    name: 'claim-outbox',
    // Of each aggregate only the oldest unpublished row, so that its events keep their order. Arrays
    // force index lookups: while statistics know of no unpublished rows, a join with the older rows
    // becomes a nested loop over the backlog and hits the statement timeout. Starting at the oldest
    // skips index entries of published rows that no vacuum has removed yet.
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
              order by sequence limit ${EXAMINED_MAX}
            ) as first group by aggregateid))
        order by sequence limit ${BATCH_MAX} for update skip locked))
      returning id, aggregateid, type, payload::text, traceparent, event_time, event_source,
        type_alias`,
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
    // `is true` keeps the planner from the index of unpublished rows, by which it would compare each
    // row of the batch with the whole backlog (decision 14).
    text: `update outbox set published_at = now(), leased_until = null,
        topic_id = acknowledged.topic_id, partition = acknowledged.partition,
        "offset" = acknowledged."offset"
      from json_to_recordset($1)
        as acknowledged (id uuid, topic_id text, partition int, "offset" bigint)
      where outbox.id = acknowledged.id and (published_at is null) is true
        and ${isFew('acknowledged.id')}`,
    values: [
      JSON.stringify(
        acknowledgements.map(({ topicId, partition, offset }, at) => ({
          id: rows[at]?.id,
          topic_id: topicId,
          partition,
          // JSON has no bigint.
          offset: String(offset),
        })),
      ),
    ],
  });
}
