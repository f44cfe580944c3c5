import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Base, BaseOptions, SASLOptions } from '@platformatic/kafka';
import { withTimeout } from '../../async/timeout.ts';

/** How a cluster is reached. */
export interface KafkaConnection {
  /** `host:port` of some of its brokers; the others are learnt from them. */
  brokers: string[];
  /** Shown in the brokers' logs and metrics. */
  clientId: string;
  tls?: ConnectionOptions;
  sasl?: SASLOptions;
}

const CONNECT_TIMEOUT_MS = 3_000;

/**
 * Options of every client. The library repeats nothing by itself: with its default of three
 * repetitions a stream dies for good while the broker restarts, with very many it clings to
 * metadata that are out of date. Each of our loops repeats without end instead, and makes its
 * client anew after a fault.
 * @param requestTimeoutMs longest wait for one answer of a broker
 */
export function clientOptions(
  { brokers, clientId, tls, sasl }: KafkaConnection,
  requestTimeoutMs: number,
) {
  return {
    clientId,
    bootstrapBrokers: brokers,
    retries: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    ...(tls !== undefined && {
      tls,
      // Brokers behind one address are told apart by name; an address is none (RFC 6066).
      tlsServerName: !brokers.some((address) => isIP(address.replace(/:\d+$/, '')) !== 0),
    }),
    ...(sasl !== undefined && { sasl }),
  } satisfies BaseOptions;
}

/**
 * Keeps a dying connection from ending the process: the library listens to a connection's first
 * error only, and a broker that refuses a certificate or closes in the middle causes a second one.
 */
export function guarded<C extends Base>(client: C): C {
  client.connections.on('connecting', ({ connection }) => {
    // The request that was under way fails by itself.
    connection.on('error', () => {});
  });
  return client;
}

/** Uses a client of the library, and makes another one after a fault. */
export interface KeptClient<C> {
  /** @throws whatever `work` throws, or an Error when it takes longer than `timeoutMs` */
  use<T>(timeoutMs: number, work: (client: C) => Promise<T>): Promise<T>;
  /** What is under way fails. */
  close(): Promise<void>;
}

/** Keeps one client. After a fault nobody knows its inner state, so the next use makes a new one. */
export function keepClient<C extends Base>(make: () => C): KeptClient<C> {
  let client: C | undefined;
  let closed = false;
  return {
    async use(timeoutMs, work) {
      if (closed) throw new Error('the client is closed');
      client ??= guarded(make());
      const used = client;
      try {
        return await withTimeout(timeoutMs, work(used));
      } catch (error) {
        if (client === used) client = undefined;
        void disconnect(used);
        throw error;
      }
    },
    async close() {
      closed = true;
      if (client !== undefined) await disconnect(client);
      client = undefined;
    },
  };
}

// Closing a connection that answers takes no time; a broker that hangs must not hold up a stop.
const CLOSE_TIMEOUT_MS = 2_000;

/** Closes a client, the polite way if that is quick. Never fails. */
export async function disconnect(client: Base, polite = () => client.close()): Promise<void> {
  await withTimeout(CLOSE_TIMEOUT_MS, Promise.resolve(polite())).catch(() => {});
  // Not awaited: of a connection that is still being opened nothing is heard until its time is up.
  client.connections.close().catch(() => {});
}
