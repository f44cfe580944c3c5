import { deadlineIn } from '../../async/deadline.ts';
import type { IncomingMessage } from '../../broker/port/broker.ts';
import { describeError } from '../../errors.ts';
import { recordAudit, recordAudits, recordRead } from '../../postgres/audit-trail.ts';
import type { Database, Queryable } from '../../postgres/database.ts';
import { isContentRefusal } from '../../postgres/errors.ts';
import { maskAddresses } from '../../values/mask-addresses.ts';
import * as store from './dead-letter-store.ts';
import { deadLetterOf } from './dead-letter-view.ts';
import { eraseDeadLetters } from './erase-dead-letters.ts';
import { type HandlerOptions, storableError } from './handle-messages.ts';

type RedriveOptions<T, Stored> = Pick<
  HandlerOptions<T, Stored>,
  'database' | 'read' | 'store' | 'onStored'
>;

// Within one internal call of the operator's gateway (ARCHITECTURE.md, time).
const REDRIVE_MANY_TIMEOUT_MS = 1_500;
const REDRIVES_MAX = 100;

/** The dead letters of one consumer. */
export type DeadLetters = ReturnType<typeof createDeadLetters>;

export function createDeadLetters<T, Stored>(options: RedriveOptions<T, Stored>) {
  const { database } = options;
  return {
    /** Those of one page, newest first, and whether there are more behind them. */
    async list(query: store.DeadLetterQuery) {
      const { rows, more } = await store.listDeadLetters(database, query);
      return { data: rows.map(deadLetterOf), more };
    },
    async find(id: string) {
      const row = await store.findDeadLetter(database, id);
      return row && deadLetterOf(row);
    },
    /** Those from this position of a topic, newest first. */
    async listAt(position: store.TopicPosition) {
      return (await store.listDeadLettersAt(database, position)).map(deadLetterOf);
    },
    /** Number of those that were not redriven, counted up to `max`. */
    count: (max?: number) => store.countDead(database, max),
    /** A message may hold names of customers: addresses alone are masked. */
    recordRead: (actor: string | null, action: string, subject: Record<string, string>) =>
      recordRead(database, { actor, action, subject }),
    /** A discarded one too: the operator names it. @param actor the operator */
    redrive: (id: string, actor: string | null) =>
      redrive(options, { id, actor, discardedToo: true }),
    redriveMany: (actor: string | null) => redriveMany(options, actor),
    /** They are kept, but nothing counts or redrives them. @returns how many were dead */
    discard: (ids: string[], by: Discard) => discard(database, ids, by),
    /**
     * Empties dead letters that contain one of these texts, one page of them.
     * @returns the last one that was looked at, null at the end
     */
    erase: (texts: string[], after: string | null) => eraseDeadLetters(database, texts, after),
  };
}

/** Why an operator discards dead letters. */
interface Discard {
  /** Null where the caller names no operator. */
  actor: string | null;
  reason: string;
}

// What shows where the caller of an internal listener named no operator.
const UNKNOWN_ACTOR = 'unknown';

/** One entry of the audit trail for each of them. */
function discard(database: Database, ids: string[], { actor, reason }: Discard): Promise<number> {
  const by = { actor: actor ?? UNKNOWN_ACTOR, reason: maskAddresses(reason) };
  return database.transaction(async (tx) => {
    const discarded = await store.markDiscarded(tx, ids, by);
    const entries = discarded.map((deadLetterId) => ({
      actor,
      action: 'discard-dead-letters',
      subject: { deadLetterId },
      reason,
      before: { state: 'dead' },
      after: { state: 'discarded' },
    }));
    await recordAudits(tx, entries);
    return discarded.length;
  });
}

/** `settled`: it is not dead, there was nothing to do. */
type Redrive = 'redriven' | 'refused' | 'settled' | 'unknown';

/**
 * Reads a dead letter's message once more, as it would be read if it came from the topic now. The
 * event keeps its id, so that repeated redrives store it once. Invariant I6.
 */
async function redrive<T, Stored>(
  options: RedriveOptions<T, Stored>,
  { id, actor, discardedToo }: { id: string; actor: string | null; discardedToo: boolean },
): Promise<Redrive> {
  const { database, read, onStored } = options;
  const dead = await store.findDeadMessage(database, id);
  if (dead === null) return 'unknown';
  const { state: before } = dead;
  if (before === 'redriven' || (before === 'discarded' && !discardedToo)) return 'settled';
  const refuse = async (error: string): Promise<Redrive> => {
    await database.transaction(async (tx) => {
      const marked = await store.markStillDead(tx, id, discardedToo, storableError(error));
      if (marked) await recordRedrive(tx, { id, actor, before, state: before });
    });
    return 'refused';
  };
  const reading = read(messageOf(dead));
  if (reading.kind === 'poison') return refuse(reading.error);
  if (reading.kind === 'unknown-type') return refuse(`unknown message type ${reading.type}`);
  try {
    const stored = await database.transaction(async (tx) => {
      // The mark first: its row lock lets only one of two concurrent redrives go on.
      const marked = await store.markRedriven(tx, id, discardedToo);
      if (!marked) return null;
      const result = await options.store(tx, [reading.event]);
      await recordRedrive(tx, { id, actor, before, state: 'redriven' });
      return { result };
    });
    if (stored === null) return 'settled';
    onStored(stored.result);
    return 'redriven';
  } catch (error) {
    if (!isContentRefusal(error)) throw error;
    return refuse(describeError(error));
  }
}

/** One entry for each dead letter, also of a bulk redrive: each has a transaction of its own. */
function recordRedrive(
  tx: Queryable,
  entry: {
    id: string;
    actor: string | null;
    before: store.DeadLetterState;
    state: store.DeadLetterState;
  },
): Promise<void> {
  const { id, actor, before, state } = entry;
  return recordAudit(tx, {
    actor,
    action: 'redrive-dead-letter',
    // As PostgreSQL spells it, for the search by id.
    subject: { deadLetterId: id.toLowerCase() },
    before: { state: before },
    after: { state },
  });
}

/**
 * Redrives one after the other, since a message may have 1 MB, and stops at the deadline. The next
 * call begins with those that were not reached.
 * @returns also how many are left, those that were not tried included
 */
async function redriveMany<T, Stored>(options: RedriveOptions<T, Stored>, actor: string | null) {
  const deadline = deadlineIn(REDRIVE_MANY_TIMEOUT_MS);
  const counts = { redriven: 0, refused: 0, settled: 0, unknown: 0 };
  for (const id of await store.listDeadIds(options.database, REDRIVES_MAX)) {
    if (deadline.remainingMs() === 0) break;
    counts[await redrive(options, { id, actor, discardedToo: false })]++;
  }
  const { redriven, refused } = counts;
  return { redriven, refused, dead: await store.countDead(options.database) };
}

/** The message as the broker had delivered it. */
function messageOf(row: store.DeadMessageRow): IncomingMessage {
  return {
    topic: row.topic,
    partition: row.partition,
    offset: BigInt(row.offset),
    key: row.key,
    value: row.value,
    headers: Object.fromEntries(
      row.headers.map(([name, base64]) => [name, Buffer.from(base64, 'base64')]),
    ),
    timestamp: row.created_at,
  };
}
