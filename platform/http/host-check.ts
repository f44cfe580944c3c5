import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { AppError, commonProblems } from '../errors.ts';
import { hostNameIn, isLoopbackHost, listensOnLoopback } from '../values/host-names.ts';

// DNS rebinding: a web page lets its own host name resolve to 127.0.0.1. Its scripts then call this
// server as their own origin, and read what no other machine can ask for.

type Hook = Extract<NonNullable<RouteOptions['onRequest']>, (...args: never) => unknown>;

interface HostCheckOptions {
  /** The routes that are only for known host names; all when absent. */
  guards?: (url: string) => boolean;
  /** The address under which others reach this server, such as that of its proxy. */
  publicUrl?: string | undefined;
}

/**
 * While the server listens on loopback only, its guarded routes answer 421 to a `Host` that is not
 * loopback or `publicUrl`. Must be called before routes are registered.
 */
export function refuseForeignHosts(app: FastifyInstance, options: HostCheckOptions = {}): void {
  const { guards = () => true, publicUrl } = options;
  const own = publicUrl === undefined ? null : new URL(publicUrl).hostname;
  // Clients repeat one name, so most requests only compare two strings.
  let accepted: string | undefined;

  const check: Hook = (request, _reply, done) => {
    // The header itself: behind a trusted proxy Fastify's own value can be X-Forwarded-Host.
    const { host } = request.headers;
    const isUsual = namesHostOnce(request.raw);
    if (host === undefined || host !== accepted || !isUsual) {
      const name = hostNameIn(host);
      const isKnown = isUsual && name !== null && (isLoopbackHost(name) || name === own);
      if (!isKnown && listensOnLoopback(app.server)) {
        done(
          new AppError(commonProblems.unknownHost, 'the request is for another host', {
            expected: true,
          }),
        );
        return;
      }
      if (isUsual) accepted = host;
    }
    done();
  };
  // `OPTIONS` has no route, and says what a path has.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method !== 'OPTIONS' || !guards(request.url)) done();
    else check.call(app, request, reply, done);
  });
  app.addHook('onRoute', (route) => {
    if (!guards(route.url)) return;
    route.onRequest = [check, ...[route.onRequest ?? []].flat()] as Hook[];
  });
}

/**
 * Whether `Host` is the only name of the server in a request: one more header of that name, or a
 * whole URL as the target of the request, may say another one, which a proxy may go by.
 */
function namesHostOnce({ url = '', rawHeaders }: IncomingMessage): boolean {
  if (!url.startsWith('/')) return false;
  let found = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length === 4 && rawHeaders[index]?.toLowerCase() === 'host') found++;
  }
  return found === 1;
}

/**
 * Refuses a request that a page of another origin has caused, for answers that need no token. A
 * program sends neither header.
 */
export function refuseCrossSite({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  const isOwnSite = site === undefined || site === 'same-origin' || site === 'none';
  const { origin, host } = headers;
  const isOwnOrigin = origin === undefined || URL.parse(origin)?.host === host?.toLowerCase();
  if (isOwnSite && isOwnOrigin) return;
  throw new AppError(commonProblems.forbidden, 'a page of another site asks', { expected: true });
}
