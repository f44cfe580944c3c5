import type { ProblemType } from '#platform/errors.ts';
import type { Language } from '#platform/http/language.ts';
import { statusOf } from '#platform/http/problem.ts';
import type { HttpServer } from '#platform/http/server.ts';
import {
  type FramedPage,
  type FrameLinks,
  framed,
  htmlOf,
  languageOfPage,
  STATIC_POLICY,
  sendPage,
} from './document-frame.ts';
import { PROBLEMS_PATH } from './present-problem.ts';
import { publicProblems } from './problem-texts.ts';
import { ENGLISH } from './problem-texts-en.ts';
import { RUSSIAN } from './problem-texts-ru.ts';

const TEXTS = {
  ru: {
    problems: 'Ошибки API',
    about: 'Что значит каждая ошибка и что с ней делать.',
    means: 'Что это значит',
    program: 'Что делать программе',
    person: 'Что делать человеку',
    retry: 'Повторять ли запрос',
  },
  en: {
    problems: 'API problems',
    about: 'What each problem means, and what to do about it.',
    means: 'What it means',
    program: 'What a program does',
    person: 'What a person does',
    retry: 'Whether to repeat the request',
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
export function serveProblems(app: HttpServer, links: FrameLinks): void {
  const problems = publicProblems();
  const page = { config: { page: true } };
  const framedIn = (language: Language, content: FramedPage) => ({
    html: framed(content, { language, section: PROBLEMS_PATH, links }),
    language,
    policy: STATIC_POLICY,
  });
  for (const path of [PROBLEMS_PATH, `${PROBLEMS_PATH}/`]) {
    app.get(path, page, (request, reply) => {
      const language = languageOfPage(request);
      return sendPage(reply, framedIn(language, list(problems, language)));
    });
  }
  app.get(`${PROBLEMS_PATH}/:code`, page, (request, reply) => {
    const problem = problems.get((request.params as { code: string }).code);
    if (problem === undefined) return reply.callNotFound();
    const language = languageOfPage(request);
    return sendPage(reply, framedIn(language, single(problem, language)));
  });
}

function list(problems: ReadonlyMap<string, ProblemType>, language: Language): FramedPage {
  const { problems: title, about } = TEXTS[language];
  const entries = [...problems.values()]
    .sort((a, b) => statusOf(a) - statusOf(b))
    .map((problem) => {
      const address = `${PROBLEMS_PATH}/${problem.code}?lang=${language}`;
      const link = `<a href="${address}">${htmlOf(problem[language].title)}</a>`;
      return `<li>${statusOf(problem)} ${link} <code>${problem.code}</code></li>`;
    });
  return {
    title,
    content: `<h1>${title}</h1>\n<p>${about}</p>\n<ul class="problems">\n${entries.join('\n')}\n</ul>`,
  };
}

function single(problem: ProblemType, language: Language): FramedPage {
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
    text === undefined ? [] : [`<dt>${term}</dt>\n<dd>${htmlOf(text)}</dd>`],
  );
  return {
    title: htmlOf(title),
    content: `<h1>${htmlOf(title)}</h1>
<p>HTTP ${statusOf(problem)}, <code>${code}</code></p>
<dl>
${terms.join('\n')}
</dl>`,
  };
}
