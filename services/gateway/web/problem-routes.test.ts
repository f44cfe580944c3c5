import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { problemStatuses } from '#contracts/answers.ts';
import { statusOf } from '#platform/http/problem.ts';
import { createHttpServer, listen } from '#platform/http/server.ts';
import { serveProblems } from './problem-routes.ts';
import { publicProblems } from './problem-texts.ts';
import { ENGLISH } from './problem-texts-en.ts';
import { RUSSIAN } from './problem-texts-ru.ts';

async function startPages(t: TestContext) {
  const app = createHttpServer({ log: pino({ level: 'silent' }) });
  serveProblems(app, { console: false, mailbox: false });
  const url = await listen(app, '127.0.0.1', 0);
  t.after(() => app.close());
  return (path: string, language?: string) =>
    fetch(url + path, {
      headers: { ...(language !== undefined && { 'accept-language': language }) },
    });
}

test('every problem of the public API has a page with texts in both languages', async (t) => {
  const get = await startPages(t);
  const problems = publicProblems();
  assert.deepEqual(
    Object.fromEntries([...problems].map(([code, problem]) => [code, statusOf(problem)])),
    problemStatuses,
  );
  for (const [code, problem] of problems) {
    for (const [language, texts] of [
      ['ru', RUSSIAN],
      ['en', ENGLISH],
    ] as const) {
      assert.equal(texts[code]?.filter((text) => text !== '').length, 3, `${language} ${code}`);
      const page = await get(`/problems/${code}`, language);
      assert.deepEqual([page.status, page.headers.get('content-language')], [200, language], code);
      const html = await page.text();
      assert.match(html, new RegExp(`<html lang="${language}">`));
      assert.ok(html.includes(`<h1>${problem[language].title}</h1>`), code);
      assert.equal(html.match(/<dt>/g)?.length, 4, code);
      assert.doesNotMatch(html, /`|undefined/, code);
    }
  }
});

test('the language is that of the link, else of the browser, else Russian', async (t) => {
  const get = await startPages(t);
  const languageOf = async (path: string, accepted?: string) =>
    (await get(path, accepted)).headers.get('content-language');
  assert.equal(await languageOf('/problems'), 'ru');
  assert.equal(await languageOf('/problems', 'en-GB, ru;q=0.5'), 'en');
  assert.equal(await languageOf('/problems/not-found?lang=en', 'ru'), 'en');
  assert.equal(await languageOf('/problems/not-found?lang=de', 'ru'), 'ru');
  assert.match(await (await get('/problems/not-found', 'ru')).text(), /href="\?lang=en" lang="en"/);
});

test('the list leads to every page, and there is no page of another code', async (t) => {
  const get = await startPages(t);
  const html = await (await get('/problems', 'en')).text();
  const links = [...html.matchAll(/href="(\/problems\/[^"]+)"/g)].map(([, link = '']) => link);
  assert.equal(links.length, Object.keys(problemStatuses).length);
  for (const link of links) assert.equal((await get(link)).status, 200, link);
  for (const code of ['nothing', 'payment-voided', '__proto__', 'toString', '%3Cb%3E']) {
    assert.equal((await get(`/problems/${code}`)).status, 404, code);
  }
});

test('a page loads nothing and runs nothing, and its style is the one that it names', async (t) => {
  const get = await startPages(t);
  const page = await get('/problems/unavailable');
  const html = await page.text();
  const style = /<style>([^<]*)<\/style>/.exec(html)?.[1] ?? '';
  assert.match(style, /color-scheme:light dark/);
  assert.equal(
    page.headers.get('content-security-policy'),
    `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; ` +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  assert.doesNotMatch(html, /<script|<link|<img|style="/);
  assert.equal(page.headers.get('vary'), 'Accept-Language');
});
