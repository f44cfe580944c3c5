import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { answerMalformedAddresses } from '#platform/http/malformed-address.ts';
import type { HttpServer } from '#platform/http/server.ts';
import { serveFiles } from '#platform/http/static-files.ts';

/** The built console (`dev/start/console.ts`). */
const BUILT = fileURLToPath(new URL('../../../console/dist/', import.meta.url));

/** The addresses of the console's pages (`console/app.tsx`), `/` aside. */
const PAGES = [
  ...['/sign-in', '/register', '/confirm', '/password', '/forgot-password', '/reset-password'],
  ...['/profile', '/wallet', '/mailbox', '/mailbox/:id(^\\d+$)'],
];
/** Those that are also internal API paths: served only for `Accept: text/html`. */
const SHARED_PAGES = [
  '/orders',
  '/orders/new',
  '/orders/:id',
  '/orders/:id/again',
  '/letters',
  '/letters/:id',
  '/operator',
  '/operator/search',
  '/operator/orders',
  '/operator/pending',
  '/operator/orders/:id',
  '/operator/customers',
  '/operator/customers/:id',
  '/operator/operations',
  '/operator/letters',
  '/operator/letters/:id',
  '/operator/letter-studio',
  '/operator/dead-letters',
  '/operator/dead-letters/:id',
  '/operator/ledger',
  '/operator/wallets',
  '/operator/audit',
  '/operator/fault-lab',
  '/operator/webhooks',
  '/operator/webhooks/new',
  '/operator/webhooks/deliveries',
  '/operator/webhooks/deliveries/:id',
  '/operator/webhooks/:id',
];
/** Prefix of the built scripts, styles, fonts and images. */
export const CONSOLE_ASSETS_PREFIX = '/assets/';
/** Addresses that programs call: an unknown one answers JSON to everybody. */
const API = /^\/(?:v1|lab|mailbox\/messages)(?:\/|$)/;

/**
 * Nothing is loaded from other hosts, pages contain no inline script or style, and no page may be
 * framed.
 * @param issuer the only other host that the console calls, to get tokens
 */
const consolePolicy = (issuer: string | undefined) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    `connect-src 'self'${issuer === undefined ? '' : ` ${new URL(issuer).origin}`}`,
    "frame-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');

// The frame that shows a letter's HTML. A letter has styles of its own, and the frame inside
// inherits this policy: remote images and style sheets are not loaded, its scripts do not run.
const LETTER_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "frame-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'self'",
].join('; ');

const COMMON_HEADERS = {
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

// Their names change with their content.
const ASSETS_CACHE_CONTROL = 'public, max-age=31536000, immutable';

/** The content of `/console.json`: the settings that the console needs, no secrets. */
export interface ConsoleConfig {
  currency: string;
  selfTopUp: boolean;
  /** `issuer`: customers sign in at an external issuer. `token`: they paste a token of it. */
  signIn: 'password' | 'issuer' | 'token';
  /** The external issuer, and the console's public client there. */
  issuer: { url: string; clientId: string; scope: string; resource: string | null } | null;
  mailbox: boolean;
  faultLab: boolean;
  webhooks: boolean;
  /** Whether customers confirm their address by a link in a letter. */
  confirmAddresses: boolean;
  /** The claim of a token that makes an operator. */
  operator: { claim: string; value: string };
  /** What people type before the words of the command line. */
  commandLine: string;
}

/** Whether there are pages of the console: it is on, and it was built. */
export function isConsoleServed(enabled: boolean): boolean {
  return enabled && existsSync(`${BUILT}index.html`);
}

/**
 * The web console at `/`, as static files. Where it is off or was not built (an image may leave it
 * out), `/` redirects to the API's docs.
 */
export async function serveConsole(
  app: HttpServer,
  enabled: boolean,
  config: ConsoleConfig,
): Promise<void> {
  if (!isConsoleServed(enabled)) {
    app.get('/', (_request, reply) => reply.redirect('/docs'));
    return;
  }
  app.get('/console.json', (_request, reply) => reply.send(config));
  const page = await readFile(`${BUILT}index.html`);
  const letterFrame = await readFile(`${BUILT}letter.html`);
  const html = 'text/html; charset=utf-8';
  const policy = consolePolicy(config.issuer?.url);
  const headers = { ...COMMON_HEADERS, 'content-security-policy': policy };
  // Each page is the same document, whose script draws it.
  const sendPage = (reply: FastifyReply) => reply.headers(headers).type(html).send(page);
  app.get('/', (_request, reply) => sendPage(reply));
  for (const path of [...PAGES, ...SHARED_PAGES]) {
    const forAll = PAGES.includes(path);
    for (const address of [path, `${path}/`]) {
      app.get(address, { config: { page: true } }, (request, reply) => {
        if (!forAll && !acceptsPage(request)) return reply.callNotFound();
        return sendPage(reply.header('vary', 'accept'));
      });
    }
  }
  // The script of the page shows that there is no such page.
  const sendUnknown = (request: FastifyRequest, reply: FastifyReply): boolean => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || API.test(pathOf(request)) || !acceptsPage(request)) return false;
    sendPage(reply.code(404).header('vary', 'accept'));
    return true;
  };
  app.addHook('preHandler', (request, reply, done) => {
    if (!request.is404 || !sendUnknown(request, reply)) done();
  });
  answerMalformedAddresses(app, sendUnknown);
  app.get('/letter.html', (_request, reply) =>
    reply
      .headers({ ...COMMON_HEADERS, 'content-security-policy': LETTER_POLICY })
      .type(html)
      .send(letterFrame),
  );
  await serveFiles(app, {
    folder: `${BUILT}assets`,
    prefix: CONSOLE_ASSETS_PREFIX,
    cacheControl: ASSETS_CACHE_CONTROL,
  });
}

const pathOf = ({ url }: FastifyRequest) => url.split('?', 1)[0] as string;

/** Whether a page is preferred to JSON; a program that takes anything gets JSON. */
function acceptsPage({ raw }: FastifyRequest): boolean {
  return new Negotiator(raw).mediaType(['application/json', 'text/html']) === 'text/html';
}
