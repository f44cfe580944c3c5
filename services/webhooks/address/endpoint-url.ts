import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.ts';

/** Whether the setting WEBHOOKS_ALLOW_PRIVATE permits http and private addresses. */
export interface AddressPolicy {
  allowPrivate: boolean;
}

/**
 * Finds what forbids webhooks to a URL, as far as the text shows it. WHATWG URL writes every form of
 * an IPv4 address (decimal, octal, hexadecimal, shortened) as four decimal numbers.
 * @returns null for a URL that may be used
 */
export function urlFault(text: string, { allowPrivate }: AddressPolicy): string | null {
  if (!URL.canParse(text)) return 'is not a URL';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'has a user name or password';
  if (url.hash !== '') return 'has a fragment';
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) {
    return 'is not https';
  }
  const host = hostOf(url);
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) {
    return `${host} is not a public address`;
  }
  return null;
}

/** The host without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
