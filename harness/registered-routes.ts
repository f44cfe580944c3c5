import { channel } from 'node:diagnostics_channel';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** A route of a server of this process. */
export interface RegisteredRoute {
  /** Undefined before its server listens. */
  port: number | undefined;
  method: string;
  /** With `:parameters` and `*`. */
  url: string;
  /** Whether it is a page for people, the same for each of them. */
  page: boolean;
}

/**
 * Runs `start` and notes the routes of every server that it creates, as they are registered: also
 * those that no contract describes.
 */
export async function watchRoutes<T>(
  start: () => Promise<T>,
): Promise<{ started: T; routes: RegisteredRoute[] }> {
  const found: { app: FastifyInstance; method: string; url: string; page: boolean }[] = [];
  const created = channel('fastify.initialization');
  const watch = (message: unknown) => {
    const app = (message as { fastify: FastifyInstance }).fastify;
    app.addHook('onRoute', ({ method, url, config }) => {
      const page = config !== undefined && 'page' in config && config.page === true;
      for (const each of [method].flat()) found.push({ app, method: each, url, page });
    });
  };
  created.subscribe(watch);
  try {
    const started = await start();
    const routes = found.map(({ app, ...route }) => ({ port: portOf(app), ...route }));
    return { started, routes };
  } finally {
    created.unsubscribe(watch);
  }
}

const portOf = (app: FastifyInstance) => (app.server.address() as AddressInfo | null)?.port;
