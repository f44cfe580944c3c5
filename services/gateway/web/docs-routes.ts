import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { asyncApi } from '#contracts/documents/asyncapi.ts';
import { gatewayApi } from '#contracts/documents/published.ts';
import type { Language } from '#platform/http/language.ts';
import type { HttpServer } from '#platform/http/server.ts';
import { serveFiles } from '#platform/http/static-files.ts';
import { DOCS_SCRIPT } from './docs-script.ts';
import {
  type FramedPage,
  type FrameLinks,
  framed,
  languageOfPage,
  onDemand,
  SCRIPTED_POLICY,
  STATIC_POLICY,
  sendPage,
} from './document-frame.ts';
import { eventsPage } from './events-page.ts';

// Swagger UI comes from its npm package; nothing is loaded from other hosts.
const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];
/** Prefix of the files of Swagger UI. */
export const DOCS_ASSETS_PREFIX = '/docs/assets/';
const THEME = new URL('docs-theme.css', import.meta.url);

const API_TEXTS = {
  ru: {
    about: 'Все операции, с примерами: здесь их можно и вызвать. Описания — на английском.',
    document: 'Документ для программ',
    noScript: 'Этой странице нужен JavaScript. Те же описания — в документе для программ.',
  },
  en: {
    about: 'All operations, with examples, to read and to try out.',
    document: 'Document for programs',
    noScript: 'This page needs JavaScript. The document for programs has the same descriptions.',
  },
};

function apiPage(language: Language): FramedPage {
  const { about, document, noScript } = API_TEXTS[language];
  return {
    title: 'API',
    head: `<link rel="icon" href="${DOCS_ASSETS_PREFIX}favicon-32x32.png">
<link rel="stylesheet" href="${DOCS_ASSETS_PREFIX}swagger-ui.css">
<link rel="stylesheet" href="/docs/theme.css">
`,
    content: `<h1>API</h1>
<p>${about} ${document}: <a href="/openapi.json">OpenAPI</a></p>
<noscript><p>${noScript}</p></noscript>
<div id="api" lang="en"></div>`,
    scripts: `<script src="${DOCS_ASSETS_PREFIX}swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
`,
  };
}

const PAGES = [
  { path: '/docs', policy: SCRIPTED_POLICY, pageIn: apiPage },
  { path: '/docs/events', policy: STATIC_POLICY, pageIn: eventsPage },
] as const;

/** `/openapi.json` and `/asyncapi.json`, and the pages `/docs` and `/docs/events`, which show them. */
export async function serveDocs(app: HttpServer, links: FrameLinks): Promise<void> {
  const openApiText = onDemand(() => JSON.stringify(gatewayApi()));
  const asyncApiText = onDemand(() => JSON.stringify(asyncApi()));
  app.get('/openapi.json', (_request, reply) => reply.type('application/json').send(openApiText()));
  app.get('/asyncapi.json', (_request, reply) =>
    reply.type('application/json').send(asyncApiText()),
  );
  app.get('/docs/', (_request, reply) => reply.redirect('/docs'));
  for (const { path: section, policy, pageIn } of PAGES) {
    const htmlIn = (language: Language) =>
      onDemand(() => framed(pageIn(language), { language, section, links }));
    const pages = { ru: htmlIn('ru'), en: htmlIn('en') };
    app.get(section, { config: { page: true } }, (request, reply) => {
      const language = languageOfPage(request);
      return sendPage(reply, { html: pages[language](), language, policy });
    });
  }
  const theme = await readFile(THEME, 'utf8');
  app.get('/docs/theme.css', (_request, reply) => reply.type('text/css').send(theme));
  app.get('/docs/start.js', (_request, reply) => reply.type('text/javascript').send(DOCS_SCRIPT));
  await serveFiles(app, {
    folder: assets,
    prefix: DOCS_ASSETS_PREFIX,
    names: ASSETS,
    // Their names stay the same when their content changes.
    cacheControl: 'public, max-age=0',
  });
}
