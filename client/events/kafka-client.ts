import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Base, BaseOptions, SASLOptions } from '@platformatic/kafka';
import { withTimeout } from './waiting.ts';

export type KafkaLibrary = typeof import('@platformatic/kafka');

/** How a consumer proves its identity to Kafka. */
export type SaslOptions =
  | {
      mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      username: string;
      password: string;
    }
  | { mechanism: 'OAUTHBEARER'; token: string | (() => string | Promise<string>) };

export interface Connection {
  brokers: string[];
  groupId: string;
  clientId?: string;
  sasl?: SaslOptions;
  tls?: true | ConnectionOptions;
}

const CONNECT_TIMEOUT_MS = 3_000;

/**
 * Options of every client. The library's own retries are off: with many of them a client keeps
 * metadata that are out of date, and a refused commit joins the group a second time.
 */
export function clientOptions(connection: Connection, requestTimeoutMs: number) {
  const { brokers, groupId, clientId = groupId, sasl, tls } = connection;
  return {
    clientId,
    bootstrapBrokers: brokers,
    retries: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    ...(sasl !== undefined && { sasl: sasl as SASLOptions }),
    ...(tls !== undefined && {
      tls: tls === true ? {} : tls,
      // An IP address is no server name (RFC 6066).
      tlsServerName: !brokers.some((address) => isIP(address.replace(/:\d+$/, '')) !== 0),
    }),
  } satisfies BaseOptions;
}

/**
 * The library listens only to the first error of a connection. A broker that refuses a certificate
 * causes a second one, which would end the process.
 */
export function guarded<C extends Base>(client: C, onError: (error: Error) => void): C {
  client.connections.on('connecting', ({ connection }) => {
    connection.on('error', onError);
  });
  return client;
}

// Closing a healthy connection is instant; a broker that hangs must not delay a stop.
const CLOSE_TIMEOUT_MS = 2_000;

/** Closes a client, gracefully if that is quick. Never fails. */
export async function disconnect(
  client: Base,
  graceful: () => Promise<void> = () => client.close(),
): Promise<void> {
  await withTimeout(CLOSE_TIMEOUT_MS, graceful(), 'closing').catch(() => {});
  // Not awaited: a connection that is being opened closes only after its time-out.
  client.connections.close().catch(() => {});
}
