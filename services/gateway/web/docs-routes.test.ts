import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { asyncApi } from '#contracts/documents/asyncapi.ts';
import { createHttpServer, listen } from '#platform/http/server.ts';
import { serveDocs } from './docs-routes.ts';
import { memberTexts } from './events-texts.ts';

async function start(t: TestContext) {
  const app = createHttpServer({ log: pino({ level: 'silent' }) });
  t.after(() => app.close());
  await serveDocs(app, { console: true, mailbox: false });
  const url = await listen(app, '127.0.0.1', 0);
  return async (path: string, language = '*') => {
    const answer = await fetch(`${url}${path}`, { headers: { 'accept-language': language } });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
}

test('/docs/events shows the topic in the language of the reader, and links to the other', async (t) => {
  const get = await start(t);
  const russian = await get('/docs/events');
  assert.equal(russian.status, 200);
  assert.match(russian.headers.get('content-type') ?? '', /^text\/html/);
  assert.equal(russian.headers.get('content-language'), 'ru');
  assert.match(russian.text, /<html lang="ru">[\s\S]*<h1>События<\/h1>/);
  const english = await get('/docs/events', 'en');
  assert.match(english.text, /<html lang="en">[\s\S]*<h1>Events<\/h1>/);
  assert.doesNotMatch(english.text.replace('Русский', ''), /[а-яё]/i);
  assert.match(russian.text, /href="\?lang=en"/);
  assert.equal((await get('/docs/events?lang=en')).text, english.text);
  assert.equal((await get('/docs/events?lang=xx')).text, russian.text);
});

test('/docs/events has every header and member of the message, and what each means', async (t) => {
  const { text } = await (await start(t))('/docs/events', 'en');
  const { components } = asyncApi() as {
    components: {
      messages: Record<string, Record<string, { properties: object; required: string[] }>>;
    };
  };
  const { headers, payload } = components.messages.OrderUpdateMessage ?? {};
  const names = [headers, payload].flatMap((schema) => Object.keys(schema?.properties ?? {}));
  assert.ok(names.length > 15);
  for (const name of names) assert.ok(text.includes(`<code>${name}</code>`), name);
  const required = [headers, payload].flatMap((schema) => schema?.required ?? []);
  const known = Object.keys(memberTexts);
  assert.deepEqual(
    required.filter((name) => !known.includes(name)),
    [],
    'give them a text in events-texts.ts',
  );
  assert.deepEqual(
    known.filter((name) => !names.includes(name)),
    [],
  );
});

test('the policy of /docs/events allows its style and nothing else', async (t) => {
  const { headers, text } = await (await start(t))('/docs/events');
  const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(text) ?? [];
  const policy = headers.get('content-security-policy') ?? '';
  assert.ok(policy.startsWith("default-src 'none'"));
  assert.ok(policy.includes(`'sha256-${hash('sha256', style, 'base64')}'`));
  assert.doesNotMatch(text, /<script|style=|\son[a-z]+=/);
});

test('a page links to the others in its language, and only to those that are there', async (t) => {
  const get = await start(t);
  for (const path of ['/docs', '/docs/events']) {
    const { text } = await get(path, 'en');
    const [, navigation = ''] = /<nav[^>]*>([\s\S]*)<\/nav>/.exec(text) ?? [];
    const links = [...navigation.matchAll(/href="([^"]+)"/g)].map(([, link]) => link);
    assert.deepEqual(links, ['/', '/docs?lang=en', '/docs/events?lang=en', '/problems?lang=en']);
    assert.ok(navigation.includes(`<a href="${path}?lang=en" aria-current="page">`), path);
  }
});

test('/docs is in the language of the reader around Swagger UI, and runs no inline code', async (t) => {
  const get = await start(t);
  const { text, headers } = await get('/docs', 'ru');
  assert.match(text, /<html lang="ru">[\s\S]*<div id="api" lang="en">/);
  const policy = headers.get('content-security-policy') ?? '';
  assert.ok(policy.startsWith("default-src 'none'; script-src 'self'"));
  assert.doesNotMatch(policy, /unsafe/);
  assert.doesNotMatch(text, /<script>|style="|\son[a-z]+=/);
  for (const [, address = ''] of text.matchAll(/(?:src|href)="(\/docs\/[^"?]+\.[a-z]+)"/g)) {
    assert.equal((await get(address)).status, 200, address);
  }
});
