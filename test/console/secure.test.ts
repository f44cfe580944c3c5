import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { eventually } from '#harness/eventually.ts';
import { startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, startTestSystem, type TestSystem } from '#harness/system/system.ts';
import { opened, signInAs, wordsOf } from './steps.ts';

// Foreign text is displayed and never executed; nothing is loaded from other origins.

const words = wordsOf('ru');
// Without a full stop within a word: letters repeat no name that may hold a link.
const EVIL_NAME = `<img src=x onerror="document['title']=1"><script>document['title']=2</script>`;

test('the console against hostile content', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);

  await t.test('pages, assets and the letter’s frame carry their headers', () =>
    checkHeaders(system.url),
  );

  await t.test('a name that is markup is text on pages and in letters', async (t) => {
    const anna = await system.customer({ name: EVIL_NAME, topUp: 1_000 });
    const { body: order } = await anna.call('POST', '/v1/orders', orderOf(100));
    const letter = await eventually('the letter', async () => {
      const { body } = await anna.call('GET', `/v1/letters?orderId=${order.id}`);
      return body.data[0]?.state === 'sent' && body.data[0];
    });
    const { page } = await browser.openPage(t);
    await signInAs(page, words, anna.email);
    await opened(page, words.home.hello(EVIL_NAME));
    await page.goto(`/letters/${letter.id}`);
    const frame = page.frameLocator('.letter-frame').frameLocator('iframe');
    await frame.getByText(`Здравствуйте, ${EVIL_NAME}!`).waitFor();
    assert.equal(await frame.locator('img, script').count(), 0);
    assert.match(await page.title(), /Orderbell$/);
  });

  await t.test(
    'a mail with scripts, forms and remote parts runs nothing and fetches nothing',
    (t) => openHostileMail(t),
  );

  await t.test('an inline script that got into a page does not run', async (t) => {
    const { page, allow, faults } = await browser.openPage(t);
    await page.route('**/', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.text()).replace('<div id', '<script>owned = 1</script><div id');
      await route.fulfill({ response: answer, body });
    });
    await page.goto('/');
    await opened(page, words.home.title);
    assert.equal(await page.evaluate('typeof owned'), 'undefined');
    assert.ok(faults().some((fault) => fault.includes('policy: script-src-elem inline')));
    allow('policy: script-src-elem inline', '');
    allow('inline script', '');
  });

  await t.test('markup cannot be put into a page by a script', async (t) => {
    const { page, allow } = await browser.openPage(t);
    allow('TrustedHTML', '');
    allow('policy: require-trusted-types-for', '');
    await page.goto('/');
    await opened(page, words.home.title);
    const message = await page.evaluate<string>(`
      try { document.body.innerHTML = '<b>owned</b>'; 'done' } catch (error) { error.name }
    `);
    assert.equal(message, 'TypeError');
  });

  async function openHostileMail(t: TestContext): Promise<void> {
    const stranger = await startStranger(t);
    await sendMail(system, hostileHtml(stranger.url));
    const { page, context, allow } = await browser.openPage(t);
    // The browser's messages about blocked requests; the foreign server records requests that arrive.
    for (const place of ['about:srcdoc', '/letter.html', stranger.url]) allow('', place);
    for (const part of [stranger.url, 'about:srcdoc']) allow(part, '');
    await page.goto('/mailbox');
    await page.getByRole('link', { name: 'Hostile' }).click();
    const frame = page.frameLocator('.letter-frame').frameLocator('iframe');
    await frame.getByRole('heading', { name: 'Hello' }).waitFor();
    await frame.getByRole('button', { name: 'send' }).click();
    await frame.getByRole('link', { name: 'above' }).click();
    await frame.getByRole('link', { name: 'here' }).click();
    await page.getByRole('tab', { name: words.mail.source }).click();
    await page.getByText('stolen').first().waitFor();
    assert.match(new URL(page.url()).pathname, /^\/mailbox\/\d+$/);
    assert.match(await page.title(), /Orderbell$/);
    assert.equal(context.pages().length, 1);
    assert.deepEqual(stranger.asked, []);
  }
});

async function checkHeaders(url: string): Promise<void> {
  const page = await fetch(`${url}/`);
  const html = await page.text();
  const policy = page.headers.get('content-security-policy') ?? '';
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ]) {
    assert.ok(policy.split('; ').includes(part), `${part} is in ${policy}`);
  }
  assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(page.headers.get('cache-control'), 'no-store');
  for (const path of ['/orders/new', '/operator/ledger', '/mailbox/1']) {
    const other = await fetch(url + path, { headers: { accept: 'text/html' } });
    assert.equal(await other.text(), html);
    assert.equal(other.headers.get('content-security-policy'), policy);
  }
  const assets = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
  assert.ok(assets.length >= 3);
  for (const path of assets) {
    const asset = await fetch(url + path);
    assert.equal(asset.status, 200);
    assert.match(asset.headers.get('cache-control') ?? '', /max-age=31536000, immutable/);
    assert.equal(asset.headers.get('x-content-type-options'), 'nosniff');
  }
  const frame = await fetch(`${url}/letter.html`);
  const framePolicy = frame.headers.get('content-security-policy') ?? '';
  assert.match(framePolicy, /default-src 'none'.*frame-ancestors 'self'/);
}

/** A server of somebody else that notes what it is asked for. */
async function startStranger(t: TestContext): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('stolen');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function hostileHtml(url: string): string {
  return `<!doctype html><html><head>
    <link rel="stylesheet" href="${url}/style.css"><link rel="prefetch" href="${url}/prefetch">
    <meta http-equiv="refresh" content="0;url=${url}/refresh">
    <style>@import url(${url}/import.css); body { background: url(${url}/background) }</style>
    </head><body onload="top.document.title = 'stolen'">
    <h1>Hello</h1>
    <script>top.document.title = 'stolen'; fetch('${url}/fetch'); open('${url}/open')</script>
    <script src="${url}/script.js"></script>
    <img src="${url}/image" onerror="top.document.title = 'stolen'">
    <svg onload="top.document.title = 'stolen'"><image href="${url}/svg"/></svg>
    <video src="${url}/video" autoplay></video><object data="${url}/object"></object>
    <iframe src="${url}/frame"></iframe>
    <form action="${url}/form"><button>send</button></form>
    <a href="${url}/link">here</a> <a href="${url}/top" target="_top">above</a>
    </body></html>`;
}

async function sendMail({ mailbox }: TestSystem, html: string): Promise<void> {
  const transport = createTransport(mailbox.smtpUrl);
  await transport.sendMail({
    from: 'stranger@example.com',
    to: 'anna@example.com',
    subject: 'Hostile',
    text: 'stolen',
    html,
  });
  transport.close();
}
