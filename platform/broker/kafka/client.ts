import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Base, BaseOptions, SASLOptions } from '@platformatic/kafka';
import { withTimeout } from '../../async/timeout.ts';
import { explainFault, type Subject } from './faults.ts';

export interface KafkaConnection {
  /** `host:port` of some brokers, which name the others. */
  brokers: string[];
  /** Shown in the brokers' logs and metrics. */
  clientId: string;
  tls?: ConnectionOptions;
  sasl?: SASLOptions;
  /** The name that the login proves, for messages. */
  user?: string;
}

const CONNECT_TIMEOUT_MS = 3_000;

/**
 * Options of every client. The library's own retries are off: with its default of three, a stream
 * fails for good while the broker restarts; with many, it keeps outdated metadata. Our loops retry
 * forever instead, each time with a new client.
 * @param requestTimeoutMs maximum wait for one answer of a broker
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
      // SNI distinguishes brokers behind one address; an IP address is no server name (RFC 6066).
      tlsServerName: !brokers.some((address) => isIP(address.replace(/:\d+$/, '')) !== 0),
    }),
    ...(sasl !== undefined && { sasl }),
  } satisfies BaseOptions;
}

/**
 * Keeps a broken connection from ending the process: the library listens only to the first error
 * of a connection, and a broker that refuses a certificate causes a second one.
 * @param onError gets it; the pending request fails too, without naming the cause
 */
export function guarded<C extends Base>(client: C, onError: (error: Error) => void): C {
  client.connections.on('connecting', ({ connection }) => {
    connection.on('error', onError);
  });
  return client;
}

/**
 * Shares a client of the library. After a fault its inner state is unknown, so the next use creates
 * a new one.
 */
export function shareClient<C extends Base>(connection: KafkaConnection, create: () => C) {
  let client: C | undefined;
  let lost: Error | undefined;
  let closed = false;

  function open(): C {
    lost = undefined;
    return guarded(create(), (error) => {
      lost = error;
    });
  }

  return {
    /**
     * @param subject what the work is about, for messages
     * @throws the error of `work` (faults.ts), or an Error when it takes longer than `timeoutMs`
     */
    async use<T>(timeoutMs: number, subject: Subject, work: (client: C) => Promise<T>): Promise<T> {
      if (closed) throw new Error('the client is closed');
      client ??= open();
      const used = client;
      try {
        return await withTimeout(timeoutMs, work(used));
      } catch (error) {
        if (client === used) client = undefined;
        void disconnect(used);
        throw explainFault(error, connection, { ...subject, lost });
      }
    },
    /** Pending requests fail. */
    async close(): Promise<void> {
      closed = true;
      if (client !== undefined) await disconnect(client);
      client = undefined;
    },
  };
}

// Closing a healthy connection is instant; a broker that hangs must not delay a stop.
const CLOSE_TIMEOUT_MS = 2_000;

/** Closes a client, gracefully if that is quick. Never fails. */
export async function disconnect(client: Base, graceful = () => client.close()): Promise<void> {
  await withTimeout(CLOSE_TIMEOUT_MS, Promise.resolve(graceful())).catch(() => {});
  // Not awaited: a connection that is being opened closes only after its time-out.
  client.connections.close().catch(() => {});
}
