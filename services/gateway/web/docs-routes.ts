import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { asyncApi } from '#contracts/documents/asyncapi.ts';
import { gatewayApi } from '#contracts/documents/published.ts';
import { type Language, languageOf } from '#platform/http/language.ts';
import type { HttpServer } from '#platform/http/server.ts';
import { serveFiles } from '#platform/http/static-files.ts';
import { EVENTS_PAGE_HEADERS, eventsPage } from './events-page.ts';

// Swagger UI comes from its npm package; nothing is loaded from other hosts.
const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];
/** Prefix of the files of Swagger UI. */
export const DOCS_ASSETS_PREFIX = '/docs/assets/';
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; " +
  "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Orderbell API</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<nav style="padding:1rem 1.25rem 0;font-family:sans-serif">
<a href="/docs/events">Events</a> · <a href="/openapi.json">OpenAPI</a>
</nav>
<div id="api"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const SCRIPT = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true });\n`;

/** Made once, by the first reader: a start does not wait for documents that nobody may read. */
function onDemand(make: () => string): () => string {
  let made: string | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** `/openapi.json` and `/asyncapi.json`, and the pages `/docs` and `/docs/events`, which show them. */
export async function serveDocs(app: HttpServer): Promise<void> {
  const openApiText = onDemand(() => JSON.stringify(gatewayApi()));
  const asyncApiText = onDemand(() => JSON.stringify(asyncApi()));
  app.get('/openapi.json', (_request, reply) => reply.type('application/json').send(openApiText()));
  app.get('/asyncapi.json', (_request, reply) =>
    reply.type('application/json').send(asyncApiText()),
  );
  app.get('/docs/', (_request, reply) => reply.redirect('/docs'));
  app.get('/docs', (_request, reply) =>
    reply
      .header('content-security-policy', CONTENT_SECURITY_POLICY)
      .type('text/html; charset=utf-8')
      .send(PAGE),
  );
  const eventsPages = {
    ru: onDemand(() => eventsPage('ru')),
    en: onDemand(() => eventsPage('en')),
  };
  app.get('/docs/events', { config: { page: true } }, ({ query, headers }, reply) => {
    // The language of the link that was followed, else that of the browser.
    const { lang } = query as { lang?: unknown };
    const isKnown = lang === 'ru' || lang === 'en';
    const language: Language = isKnown ? lang : languageOf(headers['accept-language']);
    return reply
      .headers({ ...EVENTS_PAGE_HEADERS, 'content-language': language })
      .type('text/html; charset=utf-8')
      .send(eventsPages[language]());
  });
  app.get('/docs/start.js', (_request, reply) => reply.type('text/javascript').send(SCRIPT));
  await serveFiles(app, {
    folder: assets,
    prefix: DOCS_ASSETS_PREFIX,
    names: ASSETS,
    // Their names stay the same when their content changes.
    cacheControl: 'public, max-age=0',
  });
}
