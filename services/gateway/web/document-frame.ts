import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Language, languageOf } from '#platform/http/language.ts';
import { escapeHtml } from '#platform/values/html.ts';

// The frame of the pages that explain the API: `/docs`, `/docs/events`, `/problems`. They are
// written by the gateway, so they are there without the console too.

/** Which of the pages that are not always there the frame links to. */
export interface FrameLinks {
  console: boolean;
  mailbox: boolean;
}

/** A page without its frame. */
export interface FramedPage {
  /** Text of the title, as HTML. */
  title: string;
  /** HTML within `main`. */
  content: string;
  /** HTML at the end of the head, and at the end of the page. */
  head?: string;
  scripts?: string;
}

// Colours as in the console (console/styles/base.css), light and dark.
export const FRAME_STYLE = `:root{color-scheme:light dark;
--ink:light-dark(#17211f,#e8eeec);--dim:light-dark(#55635f,#9fb0ab);
--paper:light-dark(#f5f6f4,#101615);--card:light-dark(#ffffff,#182120);
--sunken:light-dark(#e9edeb,#1a2321);--line:light-dark(#d8dedb,#2b3634);
--strong-line:light-dark(#7d8b87,#72837f);
--accent:light-dark(#0f6b6b,#5cc7c0);--on-accent:light-dark(#ffffff,#06211f);
--good:light-dark(#1b6b3c,#74d39b);--bad:light-dark(#a3341f,#f0a08c);
--wait:light-dark(#805300,#e5bb6a)}
body{margin:0;font:1rem/1.5 system-ui,sans-serif;background:var(--paper);color:var(--ink)}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:1rem;top:-4rem;padding:.5rem 1rem;background:var(--card)}
.skip:focus{top:.5rem}
.top{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;padding:.75rem 1rem;
border-bottom:1px solid var(--line);background:var(--card)}
.top nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}
.top a{padding:.25rem 0}
.top [aria-current]{color:var(--ink);font-weight:600;text-decoration:none}
.top .languages{margin-left:auto}
main{box-sizing:border-box;margin:0 auto;padding:1.5rem 1rem;max-width:52rem}
main.wide{max-width:88rem}
h1,h2,h3{line-height:1.25}
dt{margin-top:1rem;font-weight:600}dd{margin:0}
code{overflow-wrap:anywhere}
.table{overflow-x:auto}
table{width:100%;border-collapse:collapse}
th,td{padding:.5rem .75rem .5rem 0;text-align:left;vertical-align:top;
border-bottom:1px solid var(--line)}
pre{padding:1rem;overflow-x:auto;background:var(--sunken)}
.problems{padding-left:1.25rem}.problems li{margin:.5rem 0}
.problems code{color:var(--dim)}`;

const STYLE_SOURCE = `'sha256-${hash('sha256', FRAME_STYLE, 'base64')}'`;
const CLOSED = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** For a page that loads nothing. */
export const STATIC_POLICY = `default-src 'none'; style-src ${STYLE_SOURCE}; ${CLOSED}`;

/** For a page with scripts and styles of this server, and with what they call of it. */
export const SCRIPTED_POLICY =
  `default-src 'none'; script-src 'self'; style-src 'self' ${STYLE_SOURCE}; ` +
  `img-src 'self' data:; connect-src 'self'; ${CLOSED}`;

const TEXTS = {
  ru: {
    skip: 'К содержанию',
    sections: 'Разделы',
    console: 'Консоль',
    events: 'События',
    problems: 'Ошибки API',
    mailbox: 'Почтовый ящик',
    other: ['en', 'English'],
  },
  en: {
    skip: 'Skip to content',
    sections: 'Sections',
    console: 'Console',
    events: 'Events',
    problems: 'API problems',
    mailbox: 'Mailbox',
    other: ['ru', 'Русский'],
  },
} as const;

/** Where the pages are: which of them is shown decides what the navigation marks. */
type Section = '/docs' | '/docs/events' | '/problems';

/** A whole page, as HTML. */
export function framed(
  { title, content, head = '', scripts = '' }: FramedPage,
  { language, section, links }: { language: Language; section: Section; links: FrameLinks },
): string {
  const texts = TEXTS[language];
  const [other, otherName] = texts.other;
  const sections: [path: string, name: string][] = [
    ['/docs', 'API'],
    ['/docs/events', texts.events],
    ['/problems', texts.problems],
  ];
  const anchors = sections.map(([path, name]) => {
    const current = path === section ? ' aria-current="page"' : '';
    return `<a href="${path}?lang=${language}"${current}>${name}</a>`;
  });
  if (links.console) anchors.unshift(`<a href="/">${texts.console}</a>`);
  if (links.mailbox) anchors.push(`<a href="/mailbox">${texts.mailbox}</a>`);
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Orderbell</title>
<style>${FRAME_STYLE}</style>
${head}</head>
<body id="documents">
<a class="skip" href="#content">${texts.skip}</a>
<header class="top">
<nav aria-label="${texts.sections}">
${anchors.join('\n')}
</nav>
<a class="languages" href="?lang=${other}" lang="${other}" hreflang="${other}">${otherName}</a>
</header>
<main id="content"${scripts === '' ? '' : ' class="wide"'}>
${content}
</main>
${scripts}</body>
</html>
`;
}

/** The language of the link that was followed, else that of the browser. */
export function languageOfPage({ query, headers }: FastifyRequest): Language {
  const { lang } = query as { lang?: unknown };
  return lang === 'ru' || lang === 'en' ? lang : languageOf(headers['accept-language']);
}

/** @param policy `STATIC_POLICY` or `SCRIPTED_POLICY` */
export function sendPage(
  reply: FastifyReply,
  page: { html: string; language: Language; policy: string },
): FastifyReply {
  return reply
    .headers({
      'content-security-policy': page.policy,
      'content-language': page.language,
      'referrer-policy': 'no-referrer',
      vary: 'Accept-Language',
    })
    .type('text/html; charset=utf-8')
    .send(page.html);
}

/** A text of ours as HTML; words in backticks are code. */
export const htmlOf = (text: string): string =>
  escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');

/** Made once, by the first reader: a start does not wait for pages that nobody may read. */
export function onDemand(make: () => string): () => string {
  let made: string | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
