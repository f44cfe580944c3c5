import { BlockList, isIP, SocketAddress } from 'node:net';

/** The proxies whose `X-Forwarded-For` is believed: the nearest ones by number, or by address. */
export type TrustedProxies = { hops: number } | { networks: BlockList };

export const NO_PROXIES: TrustedProxies = { hops: 0 };

const HOPS_MAX = 10;
const BITS = { 4: 32, 6: 128 } as const;
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;
const FORMS =
  `must be false, the number of proxies in front (1 to ${HOPS_MAX}), or a comma-separated list of ` +
  'their addresses and networks (10.0.0.0/8, 2001:db8::/32)';

/**
 * The one spelling of an IP address: IPv6 compressed, in small letters and without a zone id,
 * IPv4-mapped IPv6 as IPv4.
 * @returns null for any other text
 */
export function canonicalAddress(text: string): string | null {
  const family = isIP(text);
  if (family === 0) return null;
  if (family === 4) return text;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  return MAPPED.exec(address)?.[1] ?? address;
}

/** Of a canonical address. */
export function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

/**
 * Reads TRUST_PROXY; `true` means one proxy, as in former versions.
 * @returns the fault of the text as a string. It quotes only what looks like an address: anything
 *   else may be a secret in the wrong setting.
 */
export function readTrustProxy(text: string): TrustedProxies | string {
  if (text === 'false') return NO_PROXIES;
  if (text === 'true') return { hops: 1 };
  if (/^-?\d+$/.test(text)) {
    const hops = /^[1-9]\d?$/.test(text) ? Number(text) : 0;
    return hops >= 1 && hops <= HOPS_MAX ? { hops } : FORMS;
  }
  const networks = new BlockList();
  const entries = text.split(',').map((entry) => entry.trim());
  for (const [index, entry] of entries.entries()) {
    const fault = addNetwork(networks, entry);
    if (fault === null) continue;
    const quoted = /^[\da-fA-F.:/]{1,50}$/.test(entry) ? ` (${entry})` : '';
    return `${FORMS}: entry ${index + 1}${quoted} ${fault}`;
  }
  return { networks };
}

function addNetwork(networks: BlockList, entry: string): string | null {
  const [, base = '', length] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const family = isIP(base);
  const address = canonicalAddress(base);
  if (address === null || family === 0) return 'is no IP address and no network';
  if (isIP(address) !== family) return `is an IPv4 address in IPv6: write ${address}`;
  const bits = BITS[family as 4 | 6];
  const prefix = Number(length ?? bits);
  if (prefix > bits) return `has more than ${bits} bits`;
  // With it every client could name any address as its own.
  if (prefix === 0) return 'trusts every address';
  networks.addSubnet(address, prefix, familyOf(address));
  return null;
}

/** The check of the setting. */
export function trustProxyFault(text: string): string | null {
  const read = readTrustProxy(text);
  return typeof read === 'string' ? read : null;
}
