import { randomUUID } from 'node:crypto';
import type { Locator, Page } from 'playwright-core';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { PASSWORD } from '#harness/system/system.ts';
import { account } from '../../console/texts/account.ts';
import { common } from '../../console/texts/common.ts';
import { customer } from '../../console/texts/customer.ts';
import { journey } from '../../console/texts/journey.ts';
import { ledger } from '../../console/texts/ledger.ts';
import { letterRepair } from '../../console/texts/letter-repair.ts';
import { mailbox } from '../../console/texts/mailbox.ts';
import { operator } from '../../console/texts/operator.ts';
import { operatorWallet } from '../../console/texts/operator-wallet.ts';
import { overview } from '../../console/texts/overview.ts';

// The actions of a person in the console, in either language.

export type Language = 'ru' | 'en';

/** The console's texts, by which the tests find elements. */
export function wordsOf(language: Language) {
  return {
    ...account[language],
    ...customer[language],
    common: common[language],
    path: journey[language],
    mail: mailbox[language],
    operator: {
      ...operator[language],
      ledger: ledger[language],
      wallets: operatorWallet[language],
    },
    overview: overview[language],
    repair: letterRepair[language],
  };
}
export type Words = ReturnType<typeof wordsOf>;

export interface Account {
  name: string;
  email: string;
}

export function newAccount(name = 'Анна'): Account {
  return { name, email: `${randomUUID()}@example.com` };
}

export function button(page: Page, name: string): Locator {
  return page.getByRole('button', { name, exact: true });
}

export function link(page: Page, name: string): Locator {
  return page.getByRole('link', { name, exact: true });
}

/** Waits until the page with this heading is there. */
export function opened(page: Page, title: string): Promise<void> {
  return page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
}

/** Goes to a section by the navigation. */
export async function goTo(
  page: Page,
  words: Words,
  section: keyof Words['common'],
): Promise<void> {
  const nav = page.getByRole('navigation', { name: words.common.nav });
  await nav.getByRole('link', { name: words.common[section] as string, exact: true }).click();
}

/** Registers from the start page; afterwards the start page of the signed-in person is open. */
export async function register(page: Page, words: Words, account: Account): Promise<void> {
  await page.goto('/');
  await link(page, words.signIn.register).click();
  await page.getByLabel(words.register.name).fill(account.name);
  await page.getByLabel(words.signIn.email).fill(account.email);
  await page.getByLabel(words.signIn.password).fill(PASSWORD);
  await button(page, words.register.submit).click();
  await opened(page, words.home.hello(account.name));
}

/** Fills the form of the page that is open and sends it. */
export async function signIn(
  page: Page,
  words: Words,
  email: string,
  password = PASSWORD,
): Promise<void> {
  await page.getByLabel(words.signIn.email).fill(email);
  await page.getByLabel(words.signIn.password).fill(password);
  await button(page, words.signIn.submit).click();
}

export async function signOut(page: Page, words: Words): Promise<void> {
  await page.locator('.menu-button').click();
  await button(page, words.common.signOut).click();
}

/** Tops the wallet up on its page. */
export async function topUp(page: Page, words: Words, amount: string): Promise<void> {
  await goTo(page, words, 'wallet');
  await page.getByLabel(words.wallet.amount).fill(amount);
  await button(page, words.wallet.topUp).click();
  await page.locator('.notice.good').waitFor();
}

export interface Item {
  name: string;
  quantity: string;
  price: string;
}

/** Fills one row of the order form. */
export async function fillItem(page: Page, words: Words, number: number, item: Item) {
  const row = page.getByRole('group', { name: words.newOrder.item(number), exact: true });
  await row.getByLabel(words.newOrder.name).fill(item.name);
  await row.getByLabel(words.newOrder.quantity).fill(item.quantity);
  await row.getByLabel(words.newOrder.price).fill(item.price);
}

/** Opens the order form by clicking and fills it. */
export async function fillOrder(page: Page, words: Words, items: Item[]): Promise<void> {
  await goTo(page, words, 'orders');
  await link(page, words.orders.create).click();
  for (const [index, item] of items.entries()) {
    if (index > 0) await button(page, words.newOrder.addItem).click();
    await fillItem(page, words, index + 1, item);
  }
}

/** Sends the order form. @returns the order's id, once its page is open */
export async function sendOrder(page: Page, words: Words): Promise<string> {
  await button(page, words.newOrder.submit).click();
  return orderShown(page);
}

/** Waits for the page of an order. @returns its id */
export async function orderShown(page: Page): Promise<string> {
  await page.waitForURL(/\/orders\/[0-9a-f-]{36}$/);
  await page.locator('.answer .pill').waitFor();
  return page.url().split('/').at(-1) as string;
}

/** The status that an order's page shows at its end: on a slow machine it is pending at first. */
export function answerOn(page: Page): Promise<string | null> {
  return page.locator('.answer:not(.pending) .pill').textContent();
}

/** Reads what the API says to the person who is signed in on this page. */
export async function apiOf(page: Page) {
  const { token } = await page.evaluate<{ token: string }>(
    "JSON.parse(localStorage.getItem('orderbell.session'))",
  );
  const { origin } = new URL(page.url());
  return (method: string, path: string, body?: unknown) =>
    call(origin, method, path, {
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body }),
    });
}

/** Waits until a field holds a text. A page fills its fields from the address after it is shown. */
export async function holds(field: Locator, text: string): Promise<void> {
  await eventually(`“${text}” in a field`, async () => (await field.inputValue()) === text);
}

/** A text of the page without the spaces that keep figures together. */
export function plain(text: string | null): string {
  return (text ?? '').replace(/[\u00a0\u202f]/g, ' ').trim();
}

export async function textsOf(locator: Locator): Promise<string[]> {
  return (await locator.allTextContents()).map(plain);
}

/** Signs a customer of the API in by the form of the page `/sign-in`. */
export async function signInAs(page: Page, words: Words, email: string): Promise<void> {
  await page.goto('/sign-in');
  await signIn(page, words, email);
  await page.waitForURL((url) => url.pathname === '/' || url.pathname === '/operator');
}
