import type { Deadline } from '../../async/deadline.ts';
import type { IncomingMessage } from '../../broker/port/broker.ts';
import { describeError } from '../../errors.ts';
import type { Database } from '../../postgres/database.ts';
import { isContentRefusal } from '../../postgres/errors.ts';
import {
  countDead,
  type DeadMessageRow,
  findDeadMessage,
  listDeadIds,
  markRedriven,
  markStillDead,
} from './dead-letter-store.ts';
import { type HandlerOptions, storableError } from './handle-messages.ts';

export type RedriveOptions<T> = Pick<HandlerOptions<T>, 'read' | 'store' | 'onStored'> & {
  database: Database;
};

/** `settled`: it is not dead, there was nothing to do. */
export type Redrive = 'redriven' | 'refused' | 'settled' | 'unknown';

/** What a redrive of many came to; `dead` are left, those that were not tried included. */
export interface RedriveCounts {
  redriven: number;
  refused: number;
  dead: number;
}

const REDRIVES_MAX = 100;

/**
 * Reads a dead letter's message once more, as it would be read if it came from the topic now. The
 * event keeps its id, so that repeated redrives store it once. Invariant I6.
 */
export async function redrive<T>(options: RedriveOptions<T>, id: string): Promise<Redrive> {
  const { database, read, store, onStored } = options;
  const dead = await findDeadMessage(database, id);
  if (dead === null) return 'unknown';
  if (dead.redriven) return 'settled';
  const refuse = async (error: string): Promise<Redrive> => {
    await markStillDead(database, id, storableError(error));
    return 'refused';
  };
  const reading = read(messageOf(dead));
  if (reading.kind === 'poison') return refuse(reading.error);
  if (reading.kind === 'unknown-type') return refuse(`unknown message type ${reading.type}`);
  try {
    const ours = await database.transaction(async (tx) => {
      // The mark first: its row lock lets only one of two concurrent redrives go on.
      const marked = await markRedriven(tx, id);
      if (marked) await store(tx, [reading.event]);
      return marked;
    });
    if (!ours) return 'settled';
  } catch (error) {
    if (!isContentRefusal(error)) throw error;
    return refuse(describeError(error));
  }
  onStored();
  return 'redriven';
}

/**
 * Redrives one after the other, since a message may have 1 MB, and stops at the deadline. The next
 * call begins with those that were not reached.
 */
export async function redriveMany<T>(
  options: RedriveOptions<T>,
  deadline: Deadline,
): Promise<RedriveCounts> {
  const counts = { redriven: 0, refused: 0, settled: 0, unknown: 0 };
  for (const id of await listDeadIds(options.database, REDRIVES_MAX)) {
    if (deadline.remainingMs() === 0) break;
    counts[await redrive(options, id)]++;
  }
  const { redriven, refused } = counts;
  return { redriven, refused, dead: await countDead(options.database) };
}

/** The message as the broker had delivered it. */
function messageOf(row: DeadMessageRow): IncomingMessage {
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
