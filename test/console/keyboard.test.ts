import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { eventually } from '#harness/eventually.ts';
import { startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { PASSWORD, startTestSystem } from '#harness/system/system.ts';
import { orderAgain } from '../../console/texts/order-again.ts';
import {
  answerOn,
  button,
  goTo,
  link,
  newAccount,
  opened,
  orderShown,
  signInAs,
  type Words,
  wordsOf,
} from './steps.ts';

// The console without a mouse, and the position of the focus after each step.

test('the console by keyboard', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);

  await t.test('the course’s scenario with the keyboard alone', async (t) => {
    const { page, allow } = await browser.openPage(t);
    allow('status of 406', '/v1/orders');
    await walkByKeyboard(page, wordsOf('ru'));
  });

  await t.test('after a change of page the focus is on its heading', async (t) => {
    const words = wordsOf('ru');
    const { page } = await browser.openPage(t);
    const anna = await system.customer();
    await signInAs(page, words, anna.email);
    for (const [section, title] of [
      ['wallet', words.wallet.title],
      ['letters', words.letters.title],
      ['orders', words.orders.title],
    ] as const) {
      await goTo(page, words, section);
      await focused(page, page.getByRole('heading', { level: 1, name: title }));
      assert.equal(await page.title(), `${title} · Orderbell`);
    }
    await page.goBack();
    await focused(page, page.getByRole('heading', { level: 1, name: words.letters.title }));
  });

  await t.test('the language changes in place and stays chosen', async (t) => {
    const [ru, en] = [wordsOf('ru'), wordsOf('en')];
    const { page } = await browser.openPage(t);
    await page.goto('/register');
    await opened(page, ru.register.title);
    assert.equal(await langOf(page), 'ru');
    await page.getByLabel(ru.register.name).fill('Анна');
    await page.locator('.menu-button').click();
    await page.getByLabel('English').first().check();
    await opened(page, en.register.title);
    assert.equal(await langOf(page), 'en');
    assert.equal(await page.getByLabel(en.register.name).inputValue(), 'Анна');
    await page.reload();
    await opened(page, en.register.title);
  });
});

function langOf(page: Page): Promise<string> {
  return page.evaluate<string>('document.documentElement.lang');
}

const hasFocus = (locator: Locator) =>
  locator.evaluate((element) => element === element.ownerDocument.activeElement);

/** Waits until an element has the focus. */
async function focused(page: Page, locator: Locator): Promise<void> {
  await locator.waitFor();
  await eventually(`the focus on ${locator}, ${page.url()}`, () => hasFocus(locator));
}

const STOPS_MAX = 60;

/** Presses Tab until an element has the focus, and asserts that the focus is visible there. */
async function tabTo(page: Page, locator: Locator): Promise<void> {
  await locator.waitFor();
  for (let stops = 0; stops < STOPS_MAX; stops++) {
    if (await hasFocus(locator)) {
      const outline = await locator.evaluate(
        (element) => element.ownerDocument.defaultView.getComputedStyle(element).outlineStyle,
      );
      assert.notEqual(outline, 'none', `the focus shows on ${locator}`);
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not come to ${locator}`);
}

async function press(page: Page, locator: Locator, key = 'Enter'): Promise<void> {
  await tabTo(page, locator);
  await page.keyboard.press(key);
}

async function type(page: Page, locator: Locator, text: string): Promise<void> {
  await tabTo(page, locator);
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}

async function walkByKeyboard(page: Page, words: Words): Promise<void> {
  const { name, email } = newAccount();
  await page.goto('/');
  await press(page, link(page, words.common.skip));
  await press(page, link(page, words.signIn.register));
  await type(page, page.getByLabel(words.register.name), name);
  await type(page, page.getByLabel(words.signIn.email), email);
  await type(page, page.getByLabel(words.signIn.password), PASSWORD);
  // From one choice to the other and back by arrows.
  await tabTo(page, page.locator('main').getByLabel(words.common.languages.ru));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowLeft');
  await press(page, button(page, words.register.submit));
  await opened(page, words.home.hello(name));
  const nav = page.getByRole('navigation', { name: words.common.nav });
  await press(page, nav.getByRole('link', { name: words.common.wallet }));
  await type(page, page.getByLabel(words.wallet.amount), '1000');
  await page.keyboard.press('Enter');
  await page.locator('.notice.good').waitFor();
  await orderByKeyboard(page, words, '600');
  assert.equal(await answerOn(page), 'Оплачен');
  await press(page, link(page, words.order.openLetter));
  await tabTo(page, page.getByRole('tab', { name: words.letters.html, exact: true }));
  await page.keyboard.press('ArrowRight');
  await page.getByRole('tabpanel').getByText(`Здравствуйте, ${name}!`).waitFor();
  await page.keyboard.press('End');
  await page.getByText('250 2.0.0 kept in the mailbox').waitFor();
  await orderByKeyboard(page, words, '900');
  assert.equal(await answerOn(page), 'Отменен');
  const declined = page.url();
  await press(page, link(page, words.order.again));
  await press(page, button(page, orderAgain.ru.topUpAndPay('500\u00a0₽')));
  await page.waitForURL((url) => !url.href.startsWith(declined));
  await orderShown(page);
  assert.equal(await answerOn(page), 'Оплачен');
  await press(page, page.locator('.menu-button'));
  await press(page, button(page, words.common.signOut));
  await opened(page, words.home.title);
}

async function orderByKeyboard(page: Page, words: Words, price: string): Promise<void> {
  const nav = page.getByRole('navigation', { name: words.common.nav });
  await press(page, nav.getByRole('link', { name: words.common.orders }));
  await press(page, link(page, words.orders.create));
  await type(page, page.getByLabel(words.newOrder.name), 'Книга');
  await type(page, page.getByLabel(words.newOrder.price), price);
  await press(page, button(page, words.newOrder.submit));
  await orderShown(page);
}
