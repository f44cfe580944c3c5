import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { HttpServer } from '#platform/http/server.ts';

/** Where the console is built to (`dev/start/console.ts`). */
const BUILT = fileURLToPath(new URL('../../../console/dist/', import.meta.url));

/** Where addresses of the console's pages begin (`console/app.tsx`), `/` aside. */
const PLACES = ['/sign-in', '/register', '/profile', '/wallet', '/mailbox'];
/** Those that services have inside, too: there for browsers, and nothing to programs. */
const SHARED_PLACES = ['/orders', '/letters', '/operator'];

/**
 * Nothing comes from other hosts, no script or style stands in a page, and nobody frames it.
 * @param issuer where tokens are asked for, the only other host that is ever spoken to
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
// inherits this policy: remote images and links to styles stay dead, no script of it runs.
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

/** What the console has to know of this set-up; no secret. */
export interface ConsoleFacts {
  currency: string;
  selfTopUp: boolean;
  /** An external issuer keeps the accounts: one signs in there, or brings a token of it. */
  signIn: 'password' | 'issuer' | 'token';
  /** That issuer, and as which public client the console asks it. */
  issuer: { url: string; clientId: string; scope: string; resource: string | null } | null;
  mailbox: boolean;
  /** Which claim of a token makes an operator. */
  operator: { claim: string; value: string };
}

/**
 * The web console at `/`, as static files. Where it is not wanted, or was not built (an image may
 * leave it out), `/` leads to the API's docs.
 */
export async function serveConsole(
  app: HttpServer,
  wanted: boolean,
  facts: ConsoleFacts,
): Promise<void> {
  if (!wanted || !existsSync(`${BUILT}index.html`)) {
    app.get('/', (_request, reply) => reply.redirect('/docs'));
    return;
  }
  app.get('/console.json', (_request, reply) => reply.send(facts));
  const page = await readFile(`${BUILT}index.html`);
  const letterFrame = await readFile(`${BUILT}letter.html`);
  const html = 'text/html; charset=utf-8';
  const policy = consolePolicy(facts.issuer?.url);
  const headers = { ...COMMON_HEADERS, 'content-security-policy': policy };
  app.get('/', (_request, reply) => reply.headers(headers).type(html).send(page));
  // Each page is the same document, whose script draws it.
  for (const place of [...PLACES, ...SHARED_PLACES]) {
    const forAll = PLACES.includes(place);
    app.get<{ Params: { '*': string } }>(`${place}*`, (request, reply) => {
      const below = request.params['*'];
      const isPage = below === '' || below.startsWith('/');
      const isWelcome = forAll || request.headers.accept?.includes('text/html') === true;
      if (!isPage || !isWelcome) return reply.callNotFound();
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
