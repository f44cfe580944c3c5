import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { HttpServer } from '#platform/http/server.ts';

// Cross-origin resource sharing (the Fetch standard): which pages of other origins may read answers.

export const crossOriginSettings = {
  CORS_ORIGINS: Type.Array(Type.String({ check: originFault }), {
    default: [],
    description:
      'Origins whose pages may call the public API in a browser (https://shop.example), ' +
      'comma-separated; none by default.',
  }),
};
const CrossOriginSettings = Type.Object(crossOriginSettings);

const EXPOSED = [
  'Location',
  'ETag',
  'Link',
  'Retry-After',
  'Idempotency-Key',
  'Idempotent-Replayed',
  'WWW-Authenticate',
  'X-Trace-Id',
].join(', ');
const TAKEN = [
  'Authorization',
  'Content-Type',
  'Accept-Language',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Traceparent',
  'Tracestate',
].join(', ');
// Short, so that an origin that is taken off the list is refused soon.
const PREFLIGHT_MAX_AGE_S = '600';
const API = '/v1/';

/** The fault of an entry of CORS_ORIGINS, which must be spelled as browsers send it. */
function originFault(text: string): string | null {
  const form = 'must be an origin such as https://shop.example, without a path';
  if (text.includes('*')) return 'must name each origin: * would let every page in';
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return form;
  return url.origin === text ? null : `${form}: here ${url.origin}`;
}

/** Whether a browser says that a page of another origin asks. A program says nothing. */
export function isFromOtherSite({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  const { 'sec-fetch-site': site, origin, host } = headers;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && URL.parse(origin)?.host !== host?.toLowerCase();
}

/**
 * Headers by which a browser shows an answer to pages of the listed origins. Cookies are never
 * allowed: the API takes tokens, and only pages that have one can use it.
 */
export function crossOriginHeaders({ CORS_ORIGINS }: Static<typeof CrossOriginSettings>) {
  const origins = new Set(CORS_ORIGINS);
  return ({ url, headers: { origin } }: FastifyRequest): Record<string, string> => {
    if (origins.size === 0 || !url.startsWith(API)) return {};
    // Compared exactly: several origins in one header, or the origin `null`, are none of ours.
    if (origin === undefined || !origins.has(origin)) return { vary: 'Origin' };
    return {
      vary: 'Origin',
      'access-control-allow-origin': origin,
      'access-control-expose-headers': EXPOSED,
    };
  };
}

/** Answers what browsers ask before a request of another origin. */
export function answerPreflights(app: HttpServer): void {
  app.addHook('onSend', (request, reply, _payload, done) => {
    const isAllowed = reply.hasHeader('access-control-allow-origin');
    if (request.method === 'OPTIONS' && reply.statusCode === 204 && isAllowed) {
      reply.headers({
        'access-control-allow-methods': reply.getHeader('allow'),
        'access-control-allow-headers': TAKEN,
        'access-control-max-age': PREFLIGHT_MAX_AGE_S,
      });
    }
    done();
  });
}
