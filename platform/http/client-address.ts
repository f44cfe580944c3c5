import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { createLogLimit } from '../async/log-limit.ts';
import {
  canonicalAddress,
  familyOf,
  NO_PROXIES,
  readTrustProxy,
  type TrustedProxies,
} from './trust-proxy.ts';

const HEADER = 'x-forwarded-for';
// Longer chains are no chains of proxies. The nearest entries are read.
const ENTRIES_MAX = 32;
const ENTRY_LENGTH_MAX = 64;
// Some proxies add the port of the client's connection.
const WITH_PORT = /^(?:\[([^\]]*)\](?::\d{1,5})?|([^:]*):\d{1,5})$/;
// The connection is gone, or is no IP connection.
const UNKNOWN = 'unknown';
const READER = Symbol('orderbell: reader of client addresses');

/** The part of a request that an address is read from. */
export interface AddressedRequest {
  headers: Record<string, string | string[] | undefined>;
  socket: { remoteAddress?: string | undefined };
}

/**
 * Lets `clientAddressOf` work for the requests of a server.
 * @param setting TRUST_PROXY; no proxy is trusted when absent
 */
export function readClientAddresses(app: FastifyInstance, log: Logger, setting = 'false'): void {
  const trusted = readTrustProxy(setting);
  if (typeof trusted === 'string') throw new Error(`TRUST_PROXY ${trusted}`);
  if (setting === 'true') {
    log.info('TRUST_PROXY=true counts as TRUST_PROXY=1: one proxy is in front of this gateway');
  }
  const countForLine = createLogLimit();
  app.decorate(
    READER,
    createAddressReader(trusted, (message) => {
      if (countForLine('TRUST_PROXY') > 0) log.warn(message);
    }),
  );
}

/**
 * The address of a request's client, as limits count it: IPv4 in full, IPv6 as its /64, both in one
 * spelling. `X-Forwarded-For` counts as far as TRUST_PROXY trusts its writers, and is ignored where
 * it cannot be read. This is the only way to a client's address: `request.ip` is the nearest proxy.
 * @returns at most 64 characters; `unknown` where the connection is gone
 */
export function clientAddressOf(request: FastifyRequest): string {
  const server = request.server as unknown as { [READER]: AddressReader };
  return server[READER](request);
}

type AddressReader = (request: AddressedRequest) => string;

/** @param warn gets a text when the header and the setting do not fit; it may repeat */
export function createAddressReader(
  trusted: TrustedProxies = NO_PROXIES,
  warn: (message: string) => void = () => {},
): AddressReader {
  // One request through all proxies shows that the setting fits: others may come without them.
  let fits = false;
  return ({ headers, socket }) => {
    const connection = canonicalAddress(socket.remoteAddress ?? '');
    if (connection === null) return UNKNOWN;
    const chain = [headers[HEADER] ?? []].flat().join(',');
    const { client, passed } = followChain(trusted, connection, chain);
    fits ||= passed > 0 && !('hops' in trusted && passed < trusted.hops);
    const fault = fits ? null : faultOf(trusted, { chain, connection, passed });
    if (fault !== null) warn(fault);
    return familyOf(client) === 'ipv4' ? client : networkOf(client);
  };
}

/** Goes from the connection towards the client, as long as each address is a trusted proxy's. */
function followChain(trusted: TrustedProxies, connection: string, chain: string) {
  let client = connection;
  let passed = 0;
  let end = chain.length;
  for (let entries = 0; end > 0 && entries < ENTRIES_MAX; entries++) {
    if (!isTrusted(trusted, client, passed)) break;
    const start = chain.lastIndexOf(',', end - 1) + 1;
    const entry = chain.slice(start, end).trim();
    end = start - 1;
    // A list may have empty elements (RFC 9110 section 5.6.1).
    if (entry === '') continue;
    const address = readEntry(entry);
    if (address === null) break;
    client = address;
    passed++;
  }
  return { client, passed };
}

function isTrusted(trusted: TrustedProxies, address: string, passed: number): boolean {
  if ('hops' in trusted) return passed < trusted.hops;
  return trusted.networks.check(address, familyOf(address));
}

/** The address in an entry: also with a port, and IPv6 in brackets. */
function readEntry(entry: string): string | null {
  if (entry.length > ENTRY_LENGTH_MAX) return null;
  const [, ipv6, ipv4] = WITH_PORT.exec(entry) ?? [];
  return canonicalAddress(ipv6 ?? ipv4 ?? entry);
}

/** Why the limits count proxies instead of clients. The text has no address: it may be a person's. */
function faultOf(
  trusted: TrustedProxies,
  { chain, connection, passed }: { chain: string; connection: string; passed: number },
): string | null {
  const effect = 'limits then count all clients behind a proxy as one address';
  if ('hops' in trusted && trusted.hops > 0) {
    return (
      `TRUST_PROXY is ${trusted.hops}, but a request came through ${passed} of these proxies, by ` +
      `the addresses in X-Forwarded-For that can be read: ${effect}. Set it to their real number, ` +
      'and let only the proxies reach this gateway'
    );
  }
  if ('networks' in trusted && isTrusted(trusted, connection, 0)) {
    return (
      'a request from a network of TRUST_PROXY has no X-Forwarded-For that can be read: ' +
      `${effect}. Let the proxy set it`
    );
  }
  if (chain === '') return null;
  return 'networks' in trusted
    ? `X-Forwarded-For came from a connection outside of TRUST_PROXY and is ignored: ${effect}. ` +
        "Add the proxy's network, if it came from a proxy of yours"
    : `X-Forwarded-For arrives, but TRUST_PROXY is false and it is ignored: ${effect}. Behind a ` +
        'proxy of yours set TRUST_PROXY to the number of proxies, or to their networks';
}

/** The /64 of an IPv6 address: one customer has at least that many addresses. */
function networkOf(address: string): string {
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const prefix = [...head, ...zeros, ...tail].slice(0, 4).join(':');
  return `${canonicalAddress(`${prefix}::`)}/64`;
}
