import dns from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { withTimeout } from '#platform/async/timeout.ts';
import { type AddressPolicy, hostOf } from './endpoint-url.ts';
import { isPublicAddress } from './public-address.ts';

/** A name or an address that leads to no public address. */
export class AddressRefusedError extends Error {}

/** Resolves a name; a test may answer for the name server. */
export type Resolve = (host: string) => Promise<dns.LookupAddress[]>;

const resolveBySystem: Resolve = (host) => dns.promises.lookup(host, { all: true });

/** Addresses of webhooks, resolved and checked at the moment of the connection. */
export interface AddressGuard extends AddressPolicy {
  resolve?: Resolve;
}

/**
 * A connector that connects to public addresses only. It checks the very addresses that it connects
 * to, so a name server that answers differently the second time (DNS rebinding) changes nothing.
 */
export function guardedConnector(
  guard: AddressGuard,
  options: { timeoutMs: number },
): buildConnector.connector {
  const connect = buildConnector({
    timeout: options.timeoutMs,
    allowH2: false,
    lookup: guardedLookup(guard),
  });
  return (target, callback) => {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    // No look-up happens for an address.
    if (isIP(host) !== 0 && !isAllowed(host, guard)) {
      callback(refused(host), null);
      return;
    }
    connect(target, callback);
  };
}

/** A look-up for sockets that leaves out addresses which are not public. */
function guardedLookup(guard: AddressGuard): LookupFunction {
  const { resolve = resolveBySystem } = guard;
  return (host, { all }, callback) => {
    resolve(host).then(
      (addresses) => {
        const [first, ...more] = addresses.filter(({ address }) => isAllowed(address, guard));
        if (first === undefined) callback(refused(host), '', 0);
        else if (all) callback(null, [first, ...more]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

/**
 * Whether a name leads to private addresses only, for the operator who enters it. A name that does
 * not resolve now may do so later.
 */
export async function leadsInside(
  url: URL,
  guard: AddressGuard,
  timeoutMs: number,
): Promise<boolean> {
  const { resolve = resolveBySystem } = guard;
  const host = hostOf(url);
  if (guard.allowPrivate || isIP(host) !== 0) return false;
  try {
    const addresses = await withTimeout(timeoutMs, resolve(host));
    return addresses.length > 0 && !addresses.some(({ address }) => isAllowed(address, guard));
  } catch {
    return false;
  }
}

const isAllowed = (address: string, { allowPrivate }: AddressPolicy) =>
  allowPrivate || isPublicAddress(address);

const refused = (host: string) => new AddressRefusedError(`${host} is no public address`);
