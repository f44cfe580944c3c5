import {
  EventFormatError,
  type OrderUpdateEvent,
  readEvent,
  type SkippedEvent,
} from './read-event.ts';
import { backoffMs, pause } from './waiting.ts';

/** Where a message is. */
export interface MessagePosition {
  topic: string;
  partition: number;
  offset: bigint;
}

/** A message as it is on the topic. */
export interface ConsumedMessage extends MessagePosition {
  key: Buffer | null;
  value: Buffer | null;
  headers: Map<string, Buffer>;
}

/** A message that no attempt could handle. */
export interface Poison {
  message: ConsumedMessage;
  /** Null where the message is no event that could be read. */
  event: OrderUpdateEvent | null;
  /** Of the last attempt. */
  error: unknown;
  attempts: number;
}

export interface Handling {
  /**
   * Handles one event; the next one of its partition waits. Must be safe to repeat with the same
   * event, see `createInbox`.
   */
  handler: (event: OrderUpdateEvent, position: MessagePosition) => Promise<unknown>;
  /** Attempts of one event (default 10), and the pauses between them (100 ms, doubling up to 10 s). */
  retry?: { attempts?: number; firstMs?: number; maxMs?: number };
  /**
   * Decides about a message that could not be handled: `'stop'` ends the consumer with a
   * `PoisonError` (default), `'skip'` goes on behind the message. Keep the message somewhere before you
   * skip it. Called again if the consumer dies before the offset is committed.
   */
  onPoison?: (poison: Poison) => 'skip' | 'stop' | Promise<'skip' | 'stop'>;
  /** Hears of events of unknown types, which are passed over. */
  onSkipped?: (event: SkippedEvent, position: MessagePosition) => void;
}

/** Ended the consumer: a message could not be handled. The cause is the last attempt's error. */
export class PoisonError extends Error {
  override readonly name = 'PoisonError';
  readonly poison: Poison;

  constructor(poison: Poison) {
    const { topic, partition, offset } = poison.message;
    const where = `${topic}, partition ${partition}, offset ${offset}`;
    const what = poison.event === null ? 'message' : `event ${poison.event.id}`;
    const times = poison.attempts === 1 ? 'once' : `${poison.attempts} times`;
    super(`${what} at ${where} failed ${times}: ${textOf(poison.error)}`, { cause: poison.error });
    this.poison = poison;
  }
}

const ATTEMPTS = 10;
const RETRY = { firstMs: 100, maxMs: 10_000 };

/**
 * @param signal aborts when the partition is lost or the consumer stops: no attempt begins then
 * @returns true when the message is done with, false when the signal came first
 */
export type HandleMessage = (message: ConsumedMessage, signal: AbortSignal) => Promise<boolean>;

/** Handles messages one by one, as the options say. Its functions throw what ends the consumer. */
export function createEventHandler(options: Handling): HandleMessage {
  const { handler, onSkipped, onPoison = () => 'stop' } = options;
  const { attempts = ATTEMPTS, ...pauses } = options.retry ?? {};
  const backoff = { ...RETRY, ...pauses };

  async function giveUp(poison: Poison): Promise<true> {
    if ((await onPoison(poison)) === 'skip') return true;
    throw new PoisonError(poison);
  }

  async function attempt(
    message: ConsumedMessage,
    event: OrderUpdateEvent,
    signal: AbortSignal,
  ): Promise<boolean> {
    for (let failures = 1; ; failures++) {
      try {
        await handler(event, positionOf(message));
        return true;
      } catch (error) {
        if (failures >= attempts) return giveUp({ message, event, error, attempts: failures });
        await pause(backoffMs(failures, backoff), signal);
        if (signal.aborted) return false;
      }
    }
  }

  return async (message, signal) => {
    const event = read(message);
    if (event instanceof EventFormatError) {
      return giveUp({ message, event: null, error: event, attempts: 1 });
    }
    if (event.kind === 'event') return attempt(message, event, signal);
    onSkipped?.(event, positionOf(message));
    return true;
  };
}

function read(message: ConsumedMessage): ReturnType<typeof readEvent> | EventFormatError {
  try {
    return readEvent(message);
  } catch (error) {
    if (error instanceof EventFormatError) return error;
    throw error;
  }
}

const positionOf = ({ topic, partition, offset }: ConsumedMessage): MessagePosition => ({
  topic,
  partition,
  offset,
});

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
