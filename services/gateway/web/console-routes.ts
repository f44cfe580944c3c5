import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { HttpServer } from '#platform/http/server.ts';

/** The built console (`dev/start/console.ts`). */
const BUILT = fileURLToPath(new URL('../../../console/dist/', import.meta.url));

/** Prefixes of the console's pages (`console/app.tsx`), `/` aside. */
const PREFIXES = [
  ...['/sign-in', '/register', '/confirm', '/password', '/forgot-password', '/reset-password'],
  ...['/profile', '/wallet', '/mailbox'],
];
/** Prefixes that are also internal API paths: served only for `Accept: text/html`. */
const SHARED_PREFIXES = ['/orders', '/letters', '/operator'];

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
const ASSETS_MAX_AGE = '365d';

/** The content of `/console.json`: the settings that the console needs, no secrets. */
export interface ConsoleConfig {
  currency: string;
  selfTopUp: boolean;
  /** `issuer`: customers sign in at an external issuer. `token`: they paste a token of it. */
  signIn: 'password' | 'issuer' | 'token';
  /** The external issuer, and the console's public client there. */
  issuer: { url: string; clientId: string; scope: string; resource: string | null } | null;
  mailbox: boolean;
  /** Whether customers confirm their address by a link in a letter. */
  confirmAddresses: boolean;
  /** The claim of a token that makes an operator. */
  operator: { claim: string; value: string };
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
  if (!enabled || !existsSync(`${BUILT}index.html`)) {
    app.get('/', (_request, reply) => reply.redirect('/docs'));
    return;
  }
  app.get('/console.json', (_request, reply) => reply.send(config));
  const page = await readFile(`${BUILT}index.html`);
  const letterFrame = await readFile(`${BUILT}letter.html`);
  const html = 'text/html; charset=utf-8';
  const policy = consolePolicy(config.issuer?.url);
  const headers = { ...COMMON_HEADERS, 'content-security-policy': policy };
  app.get('/', (_request, reply) => reply.headers(headers).type(html).send(page));
  // Each page is the same document, whose script draws it.
  for (const prefix of [...PREFIXES, ...SHARED_PREFIXES]) {
    const forAll = PREFIXES.includes(prefix);
    app.get<{ Params: { '*': string } }>(`${prefix}*`, (request, reply) => {
      const below = request.params['*'];
      const isPage = below === '' || below.startsWith('/');
      const isAccepted = forAll || request.headers.accept?.includes('text/html') === true;
      if (!isPage || !isAccepted) return reply.callNotFound();
      return reply
        .headers({ ...headers, vary: 'accept' })
        .type(html)
        .send(page);
    });
  }
  app.get('/letter.html', (_request, reply) =>
    reply
      .headers({ ...COMMON_HEADERS, 'content-security-policy': LETTER_POLICY })
      .type(html)
      .send(letterFrame),
  );
  await app.register(fastifyStatic, {
    root: `${BUILT}assets`,
    prefix: '/assets/',
    index: false,
    maxAge: ASSETS_MAX_AGE,
    immutable: true,
    preCompressed: true,
    decorateReply: false,
  });
}
