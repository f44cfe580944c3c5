import type { RouteOptions } from 'fastify';
import { refuseCrossSite, refuseForeignHosts } from '#platform/http/host-check.ts';
import type { HttpServer } from '#platform/http/server.ts';

type Hook = Extract<NonNullable<RouteOptions['onRequest']>, (...args: never) => unknown>;

interface HostConfig {
  MAILBOX_URL?: string | undefined;
  PUBLIC_URL?: string | undefined;
}

const refuse: Hook = async (request) => refuseCrossSite(request);

/** Orchestrators and load balancers ask these under any name, and the answers hold no data. */
const ALWAYS = ['/livez', '/readyz'];

/**
 * Against DNS rebinding (decision 31). With a mailbox anybody who reaches this gateway gets in: all
 * of it is for known host names. Without one only the metrics are; the rest asks for a token or is
 * public. Must be called before routes are registered.
 */
export function checkHosts(app: HttpServer, { MAILBOX_URL, PUBLIC_URL }: HostConfig): void {
  const guards =
    MAILBOX_URL === undefined
      ? (url: string) => url === '/metrics'
      : (url: string) => !ALWAYS.includes(url);
  refuseForeignHosts(app, { guards, publicUrl: PUBLIC_URL });
  if (MAILBOX_URL === undefined) return;
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/mailbox/messages')) return;
    route.onRequest = [...[route.onRequest ?? []].flat(), refuse] as Hook[];
  });
}
