import type { Server } from 'node:net';

/** Whether a URL's host is this machine. */
export function isLoopbackHost(host: string): boolean {
  return ['localhost', '[::1]'].includes(host) || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whether an address to listen on is loopback, such as `127.0.0.1` and `::1`. */
export function isLoopbackAddress(address: string): boolean {
  return isLoopbackHost(hostInUrl(address));
}

/** A host name or an IP address as a URL has it: an IPv6 address in brackets (RFC 3986). */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** By its real address: a host name to listen on may be loopback too. */
export function listensOnLoopback(server: Server): boolean {
  const address = server.address();
  if (address === null || typeof address === 'string') return true;
  return isLoopbackAddress(address.address);
}

// What a browser sends, and no user information, which would hide the host.
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i;

/** The host name of a `Host` header in the form of URLs; null when it is none. */
export function hostNameIn(header: string | undefined): string | null {
  if (header === undefined || !HOST.test(header)) return null;
  return URL.parse(`http://${header}`)?.hostname ?? null;
}
