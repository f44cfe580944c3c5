import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { fill } from '#dev/demo/fill.ts';
import { startOwn } from '#dev/demo/system.ts';
import { freePort } from '#dev/files/free-port.ts';
import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { SIZES } from '#harness/system/browser.ts';
import { findChromium } from '#harness/system/chromium.ts';
import {
  button,
  fillOrder,
  goTo,
  type Language,
  link,
  opened,
  orderShown,
  register,
  signIn,
  topUp,
  wordsOf,
} from './console/steps.ts';

// `npm run pictures`: a system of its own with the demonstration's customers, and the pictures of
// README.md taken of it.

const PLACE = join(import.meta.dirname, '..', 'docs', 'pictures');
const FILL = { customers: 8, orders: 160, seed: 'pictures' };
// Orders between two readings of the overview, whose lines show the last minutes.
const WAVES = [30, 90, 150, 60, 20, 80, 200, 120, 70, 140];

interface Look {
  language: Language;
  size: keyof typeof SIZES;
  /** Height of the picture where it is another than the window's. */
  height?: number;
  colorScheme?: 'light' | 'dark';
}

const home = await mkdtemp(join(tmpdir(), 'orderbell-pictures-'));
process.env.ORDERBELL_HOME = home;
const url = `http://127.0.0.1:${await freePort()}`;
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new Error('stopped')));
const system = await startOwn(url, interrupted.signal);
try {
  await fill({ url, ...FILL, signal: interrupted.signal });
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('there is no Chromium');
  const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox'] });
  await mkdir(PLACE, { recursive: true });
  await takeCustomers(browser);
  await takeNewOrder(browser);
  await takeOperators(browser);
  await browser.close();
} finally {
  system.stop('SIGTERM');
  await system.exited;
  await rm(home, { recursive: true });
}

/** An order that was paid with its way and its letter, and one that was declined. */
async function takeCustomers(browser: Browser): Promise<void> {
  const words = wordsOf('en');
  const page = await openPage(browser, { language: 'en', size: 'desktop', height: 1_268 });
  await register(page, words, { name: 'Nina', email: 'nina@example.com' });
  await topUp(page, words, '1000');
  await fillOrder(page, words, [
    { name: 'Book “The Time Machine”', quantity: '1', price: '590' },
    { name: 'Black tea, 100 g', quantity: '1', price: '249.50' },
  ]);
  await button(page, words.newOrder.submit).click();
  await orderShown(page);
  await page.getByText(words.path.endings.delivered).waitFor();
  await take(page, 'order-paid');
  await page.setViewportSize(SIZES.desktop);
  await link(page, words.order.openLetter).click();
  const letter = page.frameLocator('.letter-frame').frameLocator('iframe');
  await letter.getByRole('heading').waitFor();
  await take(page, 'letter');

  const russian = wordsOf('ru');
  const phone = await openPage(browser, { language: 'ru', size: 'phone' });
  await register(phone, russian, { name: 'Нина', email: 'nina.ru@example.com' });
  await topUp(phone, russian, '1000');
  await fillOrder(phone, russian, [{ name: 'Настольная игра', quantity: '1', price: '2490' }]);
  await button(phone, russian.newOrder.submit).click();
  await orderShown(phone);
  await phone.getByText(russian.path.endings.delivered).waitFor();
  await take(phone, 'order-declined');
}

async function takeNewOrder(browser: Browser): Promise<void> {
  const words = wordsOf('en');
  const page = await openPage(browser, { language: 'en', size: 'phone', colorScheme: 'dark' });
  await register(page, words, { name: 'Leo', email: 'leo@example.com' });
  await topUp(page, words, '1000');
  await fillOrder(page, words, [
    { name: 'Coffee beans, 250 g', quantity: '1', price: '689' },
    { name: 'Postcard', quantity: '3', price: '50' },
  ]);
  await page.locator('h1').scrollIntoViewIfNeeded();
  await take(page, 'new-order');
}

/** The mailbox of the default set-up and the operator's overview. */
async function takeOperators(browser: Browser): Promise<void> {
  const words = wordsOf('en');
  const page = await openPage(browser, { language: 'en', size: 'desktop' });
  await page.goto('/operator');
  const password = (await readFile(join(home, 'operator-password'), 'utf8')).trim();
  await signIn(page, words, OPERATOR_EMAIL, password);
  await opened(page, words.overview.title);
  for (const [index, orders] of WAVES.entries()) {
    await fill({ url, ...FILL, orders, seed: `wave-${index}`, signal: interrupted.signal });
    await page.waitForResponse('**/v1/operator/overview');
  }
  await take(page, 'overview');
  await goTo(page, words, 'mailbox');
  await page.locator('.mail-list .row').nth(1).click();
  await page.frameLocator('.letter-frame').frameLocator('iframe').getByRole('heading').waitFor();
  await take(page, 'mailbox');
}

async function openPage(browser: Browser, look: Look): Promise<Page> {
  const { language, size, height = SIZES[size].height, colorScheme = 'light' } = look;
  return browser.newPage({
    baseURL: url,
    locale: language === 'ru' ? 'ru-RU' : 'en-US',
    timezoneId: 'Europe/Moscow',
    viewport: { width: SIZES[size].width, height },
    // A phone's picture is small.
    deviceScaleFactor: size === 'phone' ? 2 : 1,
    colorScheme,
    reducedMotion: 'reduce',
  });
}

async function take(page: Page, name: string): Promise<void> {
  await page.evaluate('document.fonts.ready.then(() => true)');
  await page.screenshot({ path: join(PLACE, `${name}.png`), caret: 'hide' });
}
