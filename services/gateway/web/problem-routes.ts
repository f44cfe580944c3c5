import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ProblemType } from '#platform/errors.ts';
import { type Language, languageOf } from '#platform/http/language.ts';
import { statusOf } from '#platform/http/problem.ts';
import type { HttpServer } from '#platform/http/server.ts';
import { escapeHtml } from '#platform/values/html.ts';
import { PROBLEMS_PATH } from './present-problem.ts';
import { publicProblems } from './problem-texts.ts';
import { ENGLISH } from './problem-texts-en.ts';
import { RUSSIAN } from './problem-texts-ru.ts';

// Colours as in the console (console/styles/base.css), light and dark.
const STYLE = `:root{color-scheme:light dark}
body{margin:0 auto;padding:2rem 1rem;max-width:42rem;font:1rem/1.5 system-ui,sans-serif;
background:light-dark(#f5f6f4,#101615);color:light-dark(#17211f,#e8eeec)}
a{color:light-dark(#0f6b6b,#5cc7c0)}
nav{display:flex;justify-content:space-between;gap:1rem}
dt{margin-top:1rem;font-weight:600}dd{margin:0}
code{overflow-wrap:anywhere;color:light-dark(#55635f,#9fb0ab)}
ul{padding-left:1.25rem}li{margin:.5rem 0}`;

const HEADERS = {
  'content-security-policy':
    `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  vary: 'Accept-Language',
};

const TEXTS = {
  ru: {
    problems: 'Ошибки API',
    about: 'Что значит каждая ошибка и что с ней делать.',
    means: 'Что это значит',
    program: 'Что делать программе',
    person: 'Что делать человеку',
    retry: 'Повторять ли запрос',
    other: ['en', 'English'],
  },
  en: {
    problems: 'API problems',
    about: 'What each problem means, and what to do about it.',
    means: 'What it means',
    program: 'What a program does',
    person: 'What a person does',
    retry: 'Whether to repeat the request',
    other: ['ru', 'Русский'],
  },
} as const;

const RETRIES = {
  later: {
    ru: 'Да: после `Retry-After`, с тем же `Idempotency-Key`.',
    en: 'Yes: after `Retry-After`, with the same `Idempotency-Key`.',
  },
  open: {
    ru: 'Да: с тем же `Idempotency-Key`. Без ключа сначала проверьте, выполнен ли запрос.',
    en: 'Yes: with the same `Idempotency-Key`. Without a key check first whether it was done.',
  },
  never: {
    ru: 'Нет: такой же запрос получит такой же ответ, пока его причина не устранена.',
    en: 'No: the same request gets the same answer until its cause is removed.',
  },
};

function retryOf({ kind }: ProblemType): keyof typeof RETRIES {
  if (kind === 'unavailable' || kind === 'too-many') return 'later';
  return kind === 'internal' ? 'open' : 'never';
}

/** A page for each problem of the public API, where its `type` leads, and a list of all. */
export function serveProblems(app: HttpServer): void {
  const problems = publicProblems();
  const page = { config: { page: true } };
  for (const path of [PROBLEMS_PATH, `${PROBLEMS_PATH}/`]) {
    app.get(path, page, (request, reply) =>
      send(request, reply, (language) => list(problems, language)),
    );
  }
  app.get(`${PROBLEMS_PATH}/:code`, page, (request, reply) => {
    const problem = problems.get((request.params as { code: string }).code);
    if (problem === undefined) return reply.callNotFound();
    return send(request, reply, (language) => single(problem, language));
  });
}

interface Page {
  title: string;
  content: string;
}

/** The language of the link that was followed, else that of the browser. */
function send(
  { query, headers }: FastifyRequest,
  reply: FastifyReply,
  pageIn: (language: Language) => Page,
): FastifyReply {
  const { lang } = query as { lang?: unknown };
  const language = lang === 'ru' || lang === 'en' ? lang : languageOf(headers['accept-language']);
  const { title, content } = pageIn(language);
  const [other, name] = TEXTS[language].other;
  return reply
    .headers({ ...HEADERS, 'content-language': language })
    .type('text/html; charset=utf-8')
    .send(`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Orderbell</title>
<style>${STYLE}</style>
</head>
<body>
<nav><a href="${PROBLEMS_PATH}?lang=${language}">${TEXTS[language].problems}</a>
<a href="?lang=${other}" lang="${other}" hreflang="${other}">${name}</a></nav>
<main>
${content}
</main>
</body>
</html>
`);
}

function list(problems: ReadonlyMap<string, ProblemType>, language: Language): Page {
  const { problems: title, about } = TEXTS[language];
  const entries = [...problems.values()]
    .sort((a, b) => statusOf(a) - statusOf(b))
    .map((problem) => {
      const address = `${PROBLEMS_PATH}/${problem.code}?lang=${language}`;
      const link = `<a href="${address}">${html(problem[language].title)}</a>`;
      return `<li>${statusOf(problem)} ${link} <code>${problem.code}</code></li>`;
    });
  return {
    title,
    content: `<h1>${title}</h1>\n<p>${about}</p>\n<ul>\n${entries.join('\n')}\n</ul>`,
  };
}

function single(problem: ProblemType, language: Language): Page {
  const { code } = problem;
  const { title, detail } = problem[language];
  const texts = TEXTS[language];
  const all = language === 'ru' ? RUSSIAN : ENGLISH;
  const [means = detail, program, person] = all[code] ?? [];
  const terms = [
    [texts.means, means],
    [texts.program, program],
    [texts.person, person],
    [texts.retry, RETRIES[retryOf(problem)][language]],
  ].flatMap(([term, text]) =>
    text === undefined ? [] : [`<dt>${term}</dt>\n<dd>${html(text)}</dd>`],
  );
  return {
    title: html(title),
    content: `<h1>${html(title)}</h1>
<p>HTTP ${statusOf(problem)}, <code>${code}</code></p>
<dl>
${terms.join('\n')}
</dl>`,
  };
}

/** A text of ours; words in backticks are code. */
function html(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}
