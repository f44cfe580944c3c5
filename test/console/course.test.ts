import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OpenPage, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, startTestSystem } from '#harness/system/system.ts';
import { orderAgain } from '../../console/texts/order-again.ts';
import {
  type Account,
  answerOn,
  apiOf,
  button,
  fillOrder,
  goTo,
  type Language,
  link,
  newAccount,
  opened,
  orderShown,
  plain,
  register,
  sendOrder,
  signIn,
  signOut,
  textsOf,
  topUp,
  type Words,
  wordsOf,
} from './steps.ts';

// The course's scenario as a person clicks through it, in both languages and sizes.

/** Texts that are asserted literally in each language. */
const SAID = {
  ru: { Paid: 'Оплачен', Cancelled: 'Отменен', happy: 'Письмо счастья', sad: 'Письмо горя' },
  en: {
    Paid: 'Paid',
    Cancelled: 'Cancelled',
    happy: 'Letter of happiness',
    sad: 'Letter of grief',
  },
};
/** Sums as the languages write them. */
const SUMS = {
  ru: { thousand: '1 000 ₽', sixHundred: '600 ₽', fourHundred: '400 ₽', zero: '0 ₽' },
  en: { thousand: '₽1,000', sixHundred: '₽600', fourHundred: '₽400', zero: '₽0' },
};

test('the course’s scenario in a browser', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  for (const language of ['ru', 'en'] as const) {
    for (const size of ['phone', 'desktop'] as const) {
      await t.test(`${language}, ${size}`, async (t) => {
        const locale = language === 'ru' ? 'ru-RU' : 'en-US';
        const opened = await browser.openPage(t, { locale, size });
        await walkThrough({ ...opened, language, words: wordsOf(language) });
      });
    }
  }
});

interface Walk extends OpenPage {
  language: Language;
  words: Words;
}

async function walkThrough(walk: Walk): Promise<void> {
  const { page, words, allow } = walk;
  const account = newAccount();
  await register(page, words, account);
  await topUp(page, words, '1000');
  await payOrder(walk);
  await readLetter(walk, account);
  // 406 means a declined order; the browser logs it as an error.
  allow('status of 406', '/v1/orders');
  await orderTooDear(walk);
  await checkWallet(walk);
  await checkLists(walk);
  await changeAddress(walk);
  await signOut(page, words);
  await opened(page, words.home.title);
  await link(page, words.signIn.submit).click();
  await signIn(page, words, account.email);
  await opened(page, words.home.hello(account.name));
}

async function payOrder({ page, words, language }: Walk): Promise<void> {
  await fillOrder(page, words, [{ name: 'Книга', quantity: '2', price: '300' }]);
  const sums = page.locator('.summary dd');
  const { sixHundred, thousand, fourHundred } = SUMS[language];
  // The last two come with the balance.
  await sums.nth(2).waitFor();
  assert.deepEqual(await textsOf(sums), [sixHundred, thousand, fourHundred]);
  await sendOrder(page, words);
  assert.equal(await answerOn(page), SAID[language].Paid);
  assert.equal(plain(await page.locator('.answer .figure').textContent()), sixHundred);
}

async function readLetter({ page, words, language }: Walk, account: Account): Promise<void> {
  await link(page, words.order.openLetter).click();
  await opened(page, SAID[language].happy);
  const letter = page.frameLocator('.letter-frame').frameLocator('iframe');
  await letter.getByRole('heading', { name: SAID[language].happy }).waitFor();
  await letter.getByText(account.name).waitFor();
  await page.getByRole('tab', { name: words.letters.text, exact: true }).click();
  await page.getByRole('tabpanel').getByText(account.name).waitFor();
  await page.getByRole('tab', { name: words.letters.headers }).click();
  const to = page.getByRole('row').filter({ hasText: 'To' }).getByRole('cell');
  assert.ok((await textsOf(to)).includes(account.email));
  await page.getByRole('tab', { name: `${words.letters.attempts} (1)` }).click();
  await page.getByText('250 2.0.0 kept in the mailbox').waitFor();
}

async function orderTooDear({ page, words, language }: Walk): Promise<void> {
  const { fourHundred, sixHundred } = SUMS[language];
  await fillOrder(page, words, [
    { name: 'Книга', quantity: '1', price: '300' },
    { name: 'Лампа', quantity: '1', price: '700,00' },
  ]);
  await page.getByText(words.newOrder.willCancel).waitFor();
  await sendOrder(page, words);
  assert.equal(await answerOn(page), SAID[language].Cancelled);
  await page.getByText(words.order.declinedLead).waitFor();
  const seen = page.locator('.answer .facts').first().locator('dd');
  assert.deepEqual(await textsOf(seen), [fourHundred, sixHundred]);
  const declined = page.url();
  await link(page, words.order.again).click();
  await button(page, orderAgain[language].topUpAndPay(sixHundred)).click();
  await page.waitForURL((url) => url.href !== declined && !url.pathname.endsWith('/again'));
  await orderShown(page);
  assert.equal(await answerOn(page), SAID[language].Paid);
}

async function checkWallet({ page, words, language }: Walk): Promise<void> {
  await goTo(page, words, 'wallet');
  const rows = page.locator('tbody tr');
  await rows.nth(3).waitFor();
  assert.equal(plain(await page.locator('.balance .figure').textContent()), SUMS[language].zero);
  const sums = (await textsOf(rows.locator('td:nth-child(3)'))).map(numberIn).toReversed();
  const balances = (await textsOf(rows.locator('td:nth-child(4)'))).map(numberIn).toReversed();
  assert.deepEqual(sums, [1_000, -600, 600, -1_000]);
  let balance = 0;
  for (const [index, sum] of sums.entries()) {
    balance += sum;
    assert.equal(balances[index], balance);
  }
}

/** The figure in a sum of either language. */
function numberIn(sum: string): number {
  return Number(sum.replace(/[^\d.+-]/g, ''));
}

const ORDERS_MORE = 20;

async function checkLists({ page, words, language }: Walk): Promise<void> {
  const api = await apiOf(page);
  for (let number = 0; number < ORDERS_MORE; number++) {
    assert.equal((await api('POST', '/v1/orders', orderOf(100))).status, 406);
  }
  await goTo(page, words, 'orders');
  const rows = page.locator('.rows .row');
  const { Paid, Cancelled } = SAID[language];
  await rows.nth(19).waitFor();
  assert.equal(await rows.count(), 20);
  await link(page, `${words.common.older} →`).click();
  await page.getByText('Лампа').first().waitFor();
  assert.deepEqual(await textsOf(rows.locator('.pill')), [Paid, Cancelled, Paid]);
  await link(page, `← ${words.common.newest}`).click();
  await rows.nth(19).waitFor();
  await link(page, words.orders.filters.Paid).click();
  await page.getByText('Лампа').first().waitFor();
  assert.deepEqual(await textsOf(rows.locator('.pill')), [Paid, Paid]);
}

async function changeAddress({ page, words, language }: Walk): Promise<void> {
  const { email } = newAccount();
  await page.locator('.menu-button').click();
  await link(page, words.common.profile).click();
  await page.getByLabel(words.profile.email).fill(email);
  await button(page, words.profile.save).click();
  await page.getByText(words.profile.saved).waitFor();
  await fillOrder(page, words, [{ name: 'Чай', quantity: '1', price: '10,50' }]);
  await sendOrder(page, words);
  await link(page, words.order.openLetter).click();
  await opened(page, SAID[language].sad);
  await page.locator('.letter-head').getByText(email).waitFor();
}
