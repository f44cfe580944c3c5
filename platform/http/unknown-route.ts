import type { FastifyRequest } from 'fastify';
import { AppError, commonProblems } from '../errors.ts';
import type { SendError } from './error-reply.ts';
import type { HttpServer } from './server.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A page for people, not an operation. */
    page?: boolean;
  }
}

/**
 * Answers 404 for an unknown path, and 405 for a known one without this method. `OPTIONS` of a known
 * path asks which methods it has (RFC 9110 section 9.3.7).
 */
export function refuseUnknownRoutes(app: HttpServer, sendError: SendError): void {
  const methodsAt = collectMethods(app);
  const noRoute = (request: FastifyRequest): AppError => {
    const methods = methodsAt(request.url);
    if (methods.length === 0 || methods.includes(request.method)) {
      return new AppError(commonProblems.notFound, 'no such route');
    }
    const headers = { allow: methods.join(', ') };
    return new AppError(commonProblems.methodNotAllowed, 'no such method', { headers });
  };
  app.setNotFoundHandler((request, reply) => {
    const methods = request.method === 'OPTIONS' ? methodsAt(request.url) : [];
    if (methods.length === 0) return sendError(noRoute(request), request, reply);
    return reply
      .code(204)
      .header('allow', [...methods, 'OPTIONS'].join(', '))
      .send();
  });
  app.addHook('onRequest', async (request) => {
    // Fastify reads the body of this method before it looks for a route, and answers 400 without one.
    if (request.method === 'QUERY') throw noRoute(request);
  });
}

/**
 * Remembers the methods of each path, for 405 (RFC 9110 section 15.5.6): the router only reports
 * that it found no route.
 * A page for people is no API: its route says `config: { page: true }` and promises no method.
 */
function collectMethods(app: HttpServer): (url: string) => string[] {
  const routes: { path: RegExp; method: string }[] = [];
  app.addHook('onRoute', ({ url, method, config }) => {
    if (config?.page) return;
    // Most paths under a wildcard do not exist for any method.
    if (url.includes('*')) return;
    const path = new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}$`);
    for (const one of [method].flat()) routes.push({ path, method: one });
  });
  return (url) => {
    const path = url.split('?', 1)[0] as string;
    return [
      ...new Set(routes.filter((route) => route.path.test(path)).map(({ method }) => method)),
    ];
  };
}
