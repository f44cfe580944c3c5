import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, startTestSystem } from '#harness/system/system.ts';
import { confirm } from '../../console/texts/confirm.ts';
import { button, newAccount, opened, register, signInAs, wordsOf } from './steps.ts';

// A customer confirms the address of letters by the link that a letter holds.

const words = wordsOf('ru');
const texts = confirm.ru;
const LINK = /http:\/\/127\.0\.0\.1:\d+(\/confirm#[\w-]{43})/;

test('addresses are confirmed in the console', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t, { CONFIRM_ADDRESSES: 'true' });
  const browser = await startBrowser(t, system.url);
  const linksTo = (email: string, count: number) =>
    eventually(`${count} links`, async () => {
      const mails = (await system.listMails()).filter(({ to }) => to === email);
      const links = mails.flatMap(({ text = '' }) => LINK.exec(text)?.[1] ?? []);
      return links.length >= count && links;
    });

  await t.test('a notice asks for it, the link and a click do it, on any device', async (t) => {
    const { page } = await browser.openPage(t);
    const account = newAccount();
    await register(page, words, account);
    await page.getByText(texts.notice(account.email)).waitFor();
    await button(page, texts.again).click();
    await page.getByText(texts.sent(account.email)).waitFor();
    const [link = ''] = await linksTo(account.email, 2);

    const { page: other } = await browser.openPage(t, { locale: 'ru-RU' });
    await other.goto(link);
    await opened(other, texts.title);
    // Opening the link confirms nothing, and the address bar does not keep the token.
    assert.equal(new URL(other.url()).hash, '');
    await page.goto('/letters');
    await page.getByText(texts.notice(account.email)).waitFor();
    await button(other, texts.submit).click();
    await other.getByText(texts.done(account.email)).waitFor();
    await page.getByText(texts.notice(account.email)).waitFor({ state: 'detached' });
  });

  await t.test('a link that does not work says why and what to do', async (t) => {
    const { page, allow } = await browser.openPage(t);
    allow('404', '/v1/confirmations');
    await page.goto('/confirm');
    await page.getByText(texts.noToken).waitFor();
    // In the same tab, which keeps the page.
    await page.goto(`/confirm#${'a'.repeat(43)}`);
    await button(page, texts.submit).waitFor();
    await page.reload();
    await page.getByText(texts.noToken).waitFor();
    await page.goto(`/confirm#${'a'.repeat(43)}`);
    await button(page, texts.submit).click();
    await page.getByText('Ссылка не действует').waitFor();
  });

  await t.test('another address needs it again, and letters say that they wait', async (t) => {
    const anna = await system.customer({ name: 'Анна' });
    const { page } = await browser.openPage(t);
    await signInAs(page, words, anna.email);
    await opened(page, words.home.hello('Анна'));
    await page.goto('/profile');
    const email = `${randomUUID()}@example.com`;
    await page.getByLabel(words.profile.email).fill(email);
    await button(page, words.profile.save).click();
    await page.getByText(texts.saved(email)).waitFor();
    await linksTo(email, 1);
    for (let i = 0; i < 3; i++) await anna.call('POST', '/v1/orders', orderOf(100));
    const id = await eventually('a letter that waits', async () => {
      const { body } = await anna.call('GET', '/v1/letters');
      return body.data.find((letter: { waitsFor?: string }) => letter.waitsFor)?.id;
    });
    await page.goto(`/letters/${id}`);
    await page.getByText(texts.letterWaits).waitFor();
  });
});
