import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { barriersOn, SIZES, startBrowser, type TestBrowser } from '../browser.ts';
import { skipWithoutChromium } from '../chromium.ts';
import { eventually, PASSWORD, startTestSystem, type TestSystem } from '../system.ts';
import {
  answerOn,
  button,
  goTo,
  type Language,
  link,
  newAccount,
  opened,
  orderShown,
  signIn,
  signInAs,
  type Words,
  wordsOf,
} from './steps.ts';

// Everybody can use the console: with a reader, with a keyboard alone, on a small phone.

test('the console for everybody', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  const places = await fill(system);

  for (const [language, size] of [
    ['ru', 'phone'],
    ['en', 'desktop'],
  ] as const) {
    await t.test(`no page keeps anybody out: ${language}, ${size}`, async (t) => {
      for (const { who, paths } of places) {
        const page = await openFor(t, browser, { who, language, size });
        for (const path of paths) {
          await checkWidth(page, path, SIZES[size].width);
          await checkBarriers(page, path);
        }
      }
    });
  }

  await t.test('no page is wider than a phone: en', async (t) => {
    for (const { who, paths } of places) {
      const page = await openFor(t, browser, { who, language: 'en', size: 'phone' });
      for (const path of paths) await checkWidth(page, path, SIZES.phone.width);
    }
  });

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

interface Reader {
  /** Address to sign in with, none for guests; the operator's password is another. */
  email: string | null;
  password: string;
}

interface Places {
  who: Reader;
  paths: string[];
}

// Neither has a place to break at.
const LONG_NAME = 'Ш'.repeat(200);
const LONG_ADDRESS = `${'a'.repeat(60)}@${'b'.repeat(60)}.example.com`;

/** Something on every page. @returns the addresses by who may see them */
async function fill(system: TestSystem): Promise<Places[]> {
  const anna = await system.customer({ topUp: 100_000, name: 'Анна' });
  await anna.call('PUT', '/v1/profile', { email: LONG_ADDRESS, name: LONG_NAME, locale: 'ru' });
  const place = async (amount: number): Promise<string> => {
    const unitPrice = { amount, currency: 'RUB' };
    const items = [
      { name: LONG_NAME, quantity: 10_000, unitPrice: { amount: 0, currency: 'RUB' } },
      { name: 'Книга', sku: 'SKU-1', quantity: 2, unitPrice },
    ];
    const { body } = await anna.call('POST', '/v1/orders', { items });
    return body.id ?? body.order.id;
  };
  const [paid, declined] = [await place(30_000), await place(99_999_999_999)];
  const operator = await system.operator();
  const letter = await eventually('the letters', async () => {
    const { body } = await operator.call('GET', '/v1/operator/letters?state=sent');
    return body.data.length === 2 && body.data[0].id;
  });
  const value = Buffer.from('{"orderId":');
  await system.broker.publish({ key: 'foreign', value, headers: {} });
  const dead = await eventually('the dead letter', async () => {
    const { body } = await operator.call('GET', '/v1/operator/dead-letters');
    return body.data[0]?.id;
  });
  return [
    {
      who: { email: null, password: '' },
      paths: [
        '/',
        '/sign-in',
        '/register',
        '/wallet',
        '/operator/nowhere',
        '/mailbox',
        '/mailbox/1',
      ],
    },
    {
      who: { email: anna.email, password: PASSWORD },
      paths: [
        ...['/', '/profile', '/wallet', '/orders', '/orders?status=Pending', '/orders/new'],
        ...[`/orders/${paid}`, `/orders/${declined}`, '/letters', `/letters/${letter}`],
      ],
    },
    {
      who: { email: operator.email, password: system.secrets.operatorPassword },
      paths: [
        ...['/operator', '/operator/pending', `/operator/orders/${paid}`, '/operator/wallets'],
        ...['/operator/letters?state=all', `/operator/letters/${letter}`, '/operator/ledger'],
        ...['/operator/dead-letters', `/operator/dead-letters/${dead}`],
      ],
    },
  ];
}

async function openFor(
  t: TestContext,
  browser: TestBrowser,
  { who, language, size }: { who: Reader; language: Language; size: keyof typeof SIZES },
): Promise<Page> {
  const locale = language === 'ru' ? 'ru-RU' : 'en-US';
  const { page } = await browser.openPage(t, { locale, size });
  if (who.email !== null) {
    await page.goto('/sign-in');
    await signIn(page, wordsOf(language), who.email, who.password);
    await page.waitForURL((url) => url.pathname !== '/sign-in');
  }
  return page;
}

/** Nothing of a page is outside of its window. */
async function checkWidth(page: Page, path: string, width: number): Promise<void> {
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('.loading').first().waitFor({ state: 'detached' });
  assert.equal(await page.evaluate('document.scrollingElement.scrollWidth'), width, path);
}

/** The page that is open, in both colour schemes. */
async function checkBarriers(page: Page, path: string): Promise<void> {
  await page.emulateMedia({ colorScheme: 'light' });
  assert.deepEqual(await barriersOn(page), [], path);
  // Nothing but its colours changes.
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await barriersOn(page, ['color-contrast']), [], `${path} in the dark`);
}

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

/** Goes with Tab to an element, and sees that the focus shows there. */
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
  await press(page, link(page, words.shell.skip));
  await press(page, link(page, words.signIn.register));
  await type(page, page.getByLabel(words.register.name), name);
  await type(page, page.getByLabel(words.signIn.email), email);
  await type(page, page.getByLabel(words.signIn.password), PASSWORD);
  // From one choice to the other and back by arrows.
  await tabTo(page, page.locator('main').getByLabel(words.profile.locales.ru));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowLeft');
  await press(page, button(page, words.register.submit));
  await opened(page, words.home.hello(name));
  const nav = page.getByRole('navigation', { name: words.shell.nav });
  await press(page, nav.getByRole('link', { name: words.shell.wallet }));
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
  await press(page, page.locator('.answer button.primary'));
  await page.waitForURL((url) => url.href !== declined);
  await orderShown(page);
  assert.equal(await answerOn(page), 'Оплачен');
  await press(page, page.locator('.menu-button'));
  await press(page, button(page, words.shell.signOut));
  await opened(page, words.home.title);
}

async function orderByKeyboard(page: Page, words: Words, price: string): Promise<void> {
  const nav = page.getByRole('navigation', { name: words.shell.nav });
  await press(page, nav.getByRole('link', { name: words.shell.orders }));
  await press(page, link(page, words.orders.create));
  await type(page, page.getByLabel(words.newOrder.name), 'Книга');
  await type(page, page.getByLabel(words.newOrder.price), price);
  await press(page, button(page, words.newOrder.submit));
  await orderShown(page);
}
