import { createHash } from 'node:crypto';
import type { Span } from '@opentelemetry/api';
import type { Logger } from 'pino';
import { createBatcher } from '../../async/batcher.ts';
import type { IncomingMessage, MessageHandler } from '../../broker/port/broker.ts';
import { describeError } from '../../errors.ts';
import type { Database, Queryable } from '../../postgres/database.ts';
import { isContentRefusal } from '../../postgres/errors.ts';
import { serviceOf } from '../../telemetry/log.ts';
import { traceIdIn, traceparentOf } from '../../telemetry/trace-context.ts';
import { contextOf, endSpan, type Fields, SpanKind, startSpan } from '../../telemetry/tracing.ts';
import { newUuidAt } from '../../values/uuid.ts';
import { type DeadLetterRow, insertDeadLetters } from './dead-letter-store.ts';
import type { ConsumedEvent, Reading } from './read-message.ts';

export interface HandlerOptions<T, Stored> {
  database: Database;
  read: (message: IncomingMessage) => Reading<T>;
  store: (db: Queryable, events: ConsumedEvent<T>[]) => Promise<Stored>;
  onStored: (stored: Stored) => void;
  onUnknownType: (type: string) => void;
  /** Names the spans. */
  topic: string;
  log: Logger;
  /** The ids of a stored event for its line in the log; no lines when absent. */
  logged?: ((event: T) => Fields) | undefined;
  /** By the clock of the database: dead letters are listed by it. */
  now: () => Date;
}

// A partition delivers at most 500 messages at once. With at most this many partitions, a shared
// statement stays far below the statement timeout.
const PARTITIONS_PER_STATEMENT_MAX = 6;
// While one statement waits for the disk, the next one runs.
const STATEMENTS_MAX = 2;
// More than the partitions of a process, so that the limit is never reached.
const WAITING_MAX = 1_000;

interface Part<T> {
  events: ConsumedEvent<T>[];
  deadLetters: DeadLetterRow[];
}

/**
 * Handles messages of one partition. When it resolves, each is durably stored, a dead letter or
 * skipped, so that its offset may be committed; when it rejects, all of them come again.
 */
export function createHandler<T, Stored>(options: HandlerOptions<T, Stored>): MessageHandler {
  const { read, onUnknownType, now } = options;
  const storePart = createSharedStore(options);

  /** After the database refused the content of some row: stores row by row to find which one. */
  async function storeOneByOne(part: Part<T>, sources: IncomingMessage[]): Promise<void> {
    await storePart({ events: [], deadLetters: part.deadLetters });
    for (const [at, event] of part.events.entries()) {
      try {
        await storePart({ events: [event], deadLetters: [] });
      } catch (error) {
        if (!isContentRefusal(error)) throw error;
        const dead = deadLetterOf(sources[at] as IncomingMessage, describeError(error), now());
        await storePart({ events: [], deadLetters: [dead] });
      }
    }
  }

  return async (messages) => {
    const part: Part<T> = { events: [], deadLetters: [] };
    /** The message of each event. */
    const sources: IncomingMessage[] = [];
    const unknownTypes: string[] = [];
    const spans: Span[] = [];
    for (const message of messages) {
      const reading = read(message);
      if (reading.kind === 'unknown-type') unknownTypes.push(reading.type);
      else if (reading.kind === 'poison') {
        part.deadLetters.push(deadLetterOf(message, reading.error, now()));
      } else {
        spans.push(startSpanOf(options, reading.event));
        part.events.push(reading.event);
        sources.push(message);
      }
    }
    let failed = true;
    try {
      await storePart(part).catch(async (error: unknown) => {
        if (!isContentRefusal(error)) throw error;
        await storeOneByOne(part, sources);
      });
      failed = false;
    } finally {
      for (const span of spans) endSpan(span, failed);
    }
    logEvents(options, part.events);
    // Only now: a batch that is rejected comes again, and would be counted again.
    for (const type of unknownTypes) onUnknownType(type);
  };
}

type SpanOptions = Pick<HandlerOptions<never, never>, 'topic' | 'log'>;

/** Starts the span of an event, and makes it the parent of what is done with the event later. */
function startSpanOf<T>({ topic, log }: SpanOptions, event: ConsumedEvent<T>): Span {
  const span = startSpan({
    name: `process ${topic}`,
    kind: SpanKind.CONSUMER,
    service: serviceOf(log),
    parent: contextOf(event.traceparent),
    fields: { 'messaging.message.id': event.id },
  });
  event.traceparent = traceparentOf(span.spanContext());
  return span;
}

function logEvents<T>(
  { topic, log, logged }: SpanOptions & Pick<HandlerOptions<T, never>, 'logged'>,
  events: ConsumedEvent<T>[],
): void {
  if (logged === undefined) return;
  for (const { id, data, traceparent } of events) {
    const traceId = traceIdIn(traceparent);
    log.info({ traceId, ...logged(data), event: id }, `received from ${topic}`);
  }
}

/**
 * Stores concurrent batches of several partitions together. Events and dead letters need no common
 * transaction: after a fault between them the messages come again, and what is stored stays.
 */
function createSharedStore<T, Stored>(options: HandlerOptions<T, Stored>) {
  const { database, store, onStored } = options;
  return createBatcher({
    async run(parts: Part<T>[]) {
      const events = parts.flatMap((part) => part.events);
      const deadLetters = parts.flatMap((part) => part.deadLetters);
      if (deadLetters.length > 0) await insertDeadLetters(database, deadLetters);
      if (events.length > 0) onStored(await store(database, events));
      return parts.map(() => undefined);
    },
    isItemError: isContentRefusal,
    batchMax: PARTITIONS_PER_STATEMENT_MAX,
    maxConcurrency: STATEMENTS_MAX,
    waitingMax: WAITING_MAX,
  });
}

function deadLetterOf(message: IncomingMessage, error: string, now: Date): DeadLetterRow {
  const headers = Object.entries(message.headers).map(([name, value]) => [
    name,
    value.toString('base64'),
  ]);
  const digest = createHash('sha256')
    .update(JSON.stringify(headers))
    .update(message.value ?? '')
    .digest();
  return {
    id: newUuidAt(now),
    topic: message.topic,
    partition: message.partition,
    offset: message.offset,
    key: message.key,
    value: message.value,
    headers: JSON.stringify(headers),
    digest,
    error: storableError(error),
  };
}

const ERROR_MAX = 1_000;

/**
 * The error of a dead letter as text that PostgreSQL can store. A library may quote the message's
 * value, including NUL.
 */
export function storableError(error: string): string {
  return error.replaceAll('\u0000', '\\u0000').slice(0, ERROR_MAX).toWellFormed();
}
