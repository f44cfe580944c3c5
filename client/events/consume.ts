import type { ConnectionOptions } from 'node:tls';
import { GroupSession } from './group-session.ts';
import { createEventHandler, type Handling } from './handle-event.ts';
import type { KafkaLibrary, SaslOptions } from './kafka-client.ts';
import { ORDERS_TOPIC } from './order-update-message.ts';
import { backoffMs, pause } from './waiting.ts';

export interface ConsumeOptions extends Handling {
  /** `host:port` of some brokers, which name the others. */
  brokers: string[];
  /** Consumers with the same group share the partitions; each group reads every event. */
  groupId: string;
  /** Shown in logs and metrics of the brokers; the group's name when absent. */
  clientId?: string;
  sasl?: SaslOptions;
  /** `true` trusts what Node trusts. */
  tls?: true | ConnectionOptions;
  /** `orders` when absent; with KAFKA_PREFIX, that and `orders`. */
  topic?: string;
  /**
   * Where a group that has never read the topic begins: with the oldest event (default), or with
   * those that are published from now on.
   */
  fromBeginning?: boolean;
  /**
   * Hears of each fault that the consumer repairs by itself, such as a broker that is away. Warnings
   * of the process when absent.
   */
  onFault?: (error: Error) => void;
  /** Aborting it closes the consumer. */
  signal?: AbortSignal;
  /** How long the group waits for a member that is silent (default 10 s). */
  sessionTimeoutMs?: number;
}

/** A running consumer. */
export interface OrderConsumer extends AsyncDisposable {
  /**
   * Settles when the consumer has ended: rejects with the error that ended it, such as a
   * `PoisonError`. Leave it unhandled, and such an error ends the process.
   */
  readonly closed: Promise<void>;
  /** Ends the running handlers, commits what they have done, and leaves the group. */
  close(): Promise<void>;
}

const SESSION_TIMEOUT_MS = 10_000;
const SESSION_BACKOFF = { firstMs: 200, maxMs: 5_000 };

/**
 * Delivers each event of the topic to a handler, at least once, until closed. An event counts as
 * handled when the handler's promise resolves; its offset is committed only then. Events of one order
 * keep their order. Faults of the cluster are waited out.
 * @throws Error at once without the package `@platformatic/kafka`, or for options that cannot be
 */
export async function consumeOrders(options: ConsumeOptions): Promise<OrderConsumer> {
  if (options.brokers.length === 0) throw new Error('brokers is empty: name one as host:port');
  if (options.groupId === '') throw new Error('groupId is empty: name the group of this consumer');
  const kafka = await loadLibrary();
  const stop = new AbortController();
  const onFault = options.onFault ?? warnOnce();
  const handle = createEventHandler(options);
  let failure: { error: unknown } | undefined;

  const settings = {
    ...options,
    topic: options.topic ?? ORDERS_TOPIC,
    sessionTimeoutMs: options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
    onFault,
    handle,
    stop: stop.signal,
    onFailure(error: unknown) {
      failure ??= { error };
      stop.abort();
    },
  };

  async function run(): Promise<void> {
    for (let failures = 0; !stop.signal.aborted; ) {
      const session = new GroupSession(kafka, settings);
      try {
        await session.run();
        failures = 0;
      } catch (error) {
        failures = session.joined ? 1 : failures + 1;
        if (!stop.signal.aborted) onFault(error as Error);
      }
      // Also after a good end, since sessions may keep ending right after the join.
      await pause(backoffMs(Math.max(1, failures), SESSION_BACKOFF), stop.signal);
    }
    if (failure !== undefined) throw failure.error;
  }

  const onAbort = () => stop.abort();
  options.signal?.addEventListener('abort', onAbort);
  if (options.signal?.aborted) onAbort();
  const closed = run().finally(() => options.signal?.removeEventListener('abort', onAbort));
  const close = async () => {
    stop.abort();
    // A caller that awaits `closed` gets the error.
    await closed.catch(() => {});
  };
  return { closed, close, [Symbol.asyncDispose]: close };
}

async function loadLibrary(): Promise<KafkaLibrary> {
  try {
    return await import('@platformatic/kafka');
  } catch (cause) {
    const remedy = 'consumeOrders needs @platformatic/kafka: npm install @platformatic/kafka';
    throw new Error(remedy, { cause });
  }
}

/** A fault that repeats is one warning, until another one comes. */
function warnOnce(): (error: Error) => void {
  let last = '';
  return ({ message }) => {
    if (message !== last) process.emitWarning(message, 'OrderConsumerWarning');
    last = message;
  };
}
