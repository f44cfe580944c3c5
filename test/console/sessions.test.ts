import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { PASSWORD, startTestSystem } from '#harness/system/system.ts';
import { password as passwordTexts } from '../../console/texts/password.ts';
import {
  button,
  fillItem,
  holds,
  link,
  newAccount,
  opened,
  register,
  sendOrder,
  signIn,
  signOut,
  topUp,
  wordsOf,
} from './steps.ts';

// Sessions of accounts at identity: renewal while a person works, sign-out, new passwords.

const words = wordsOf('ru');
const texts = passwordTexts.ru;
const OTHER = 'another good one';

interface StoredSession {
  token: string;
  issued: { refreshToken: string };
}

const storedSession = (page: Page): Promise<StoredSession | null> =>
  page.evaluate("JSON.parse(localStorage.getItem('orderbell.session'))");

/** Waits until the server has answered a sign-out. */
const endedAtServer = (page: Page): Promise<boolean> =>
  eventually('the end at the server', () =>
    page.evaluate<boolean>("localStorage.getItem('orderbell.ending') === null"),
  );

test('a session goes on while a person works, in all tabs, and ends at a sign-out', {
  skip: skipWithoutChromium,
}, async (t) => {
  const system = await startTestSystem(t, { TOKEN_LIFETIME_S: '5', WALLET_SELF_TOP_UP: 'true' });
  const browser = await startBrowser(t, system.url);
  const { page, context, allow } = await browser.openPage(t);
  const renewalOf = ({ issued }: StoredSession) =>
    call(system.url, 'POST', '/v1/sessions/renewal', {
      body: { refreshToken: issued.refreshToken },
    });

  await register(page, words, newAccount());
  await topUp(page, words, '1000');
  await page.goto('/orders/new');
  await opened(page, words.newOrder.title);
  await fillItem(page, words, 1, { name: 'Чай', quantity: '2', price: '50' });
  const others = await Promise.all([1, 2].map(() => context.newPage()));
  for (const other of others) {
    await other.goto('/wallet');
    await opened(other, words.wallet.title);
  }
  const tokens = new Set<string>();
  await eventually('three renewals', async () => {
    tokens.add((await storedSession(page))?.token ?? 'none');
    return tokens.size > 3;
  });
  assert.ok(!tokens.has('none'), 'the session ended');
  const row = page.getByRole('group', { name: words.newOrder.item(1), exact: true });
  await holds(row.getByLabel(words.newOrder.name), 'Чай');
  await sendOrder(page, words);

  // A laptop that slept: the access token has expired.
  await page.evaluate(`void navigator.locks.request('orderbell.renewal', () => {
    const session = JSON.parse(localStorage.getItem('orderbell.session'));
    session.expiresAt = Date.now() - 1_000;
    localStorage.setItem('orderbell.session', JSON.stringify(session));
    location.assign('/wallet');
    return new Promise(() => {});
  })`);
  await opened(page, words.wallet.title);
  await page.getByLabel(words.wallet.amount).waitFor();

  const last = (await storedSession(page)) as StoredSession;
  await signOut(page, words);
  for (const other of others) {
    await other.locator('.menu-button').click();
    await link(other, words.common.signIn).waitFor();
    await other.close();
  }
  await endedAtServer(page);
  assert.equal((await renewalOf(last)).body.code, 'session-ended');
  assert.equal(await storedSession(page), null);

  // Without a connection the person is signed out here, and at the server once there is one.
  await page.goto('/sign-in');
  await register(page, words, newAccount());
  const open = (await storedSession(page)) as StoredSession;
  allow('', system.url);
  await context.setOffline(true);
  await signOut(page, words);
  await eventually('the sign-out', async () => (await storedSession(page)) === null);
  await context.setOffline(false);
  await endedAtServer(page);
  assert.equal((await renewalOf(open)).body.code, 'session-ended');
});

test('a person changes the password, forgets it, and sets another one by a letter', {
  skip: skipWithoutChromium,
}, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  const { page, allow } = await browser.openPage(t);
  const account = newAccount();
  await register(page, words, account);

  await page.goto('/profile');
  await link(page, words.profile.changePassword).click();
  await opened(page, texts.change.title);
  const change = async (current: string, next: string) => {
    await page.getByLabel(texts.change.current).fill(current);
    await page.getByLabel(texts.change.next, { exact: true }).fill(next);
    await button(page, texts.change.submit).click();
  };
  allow('403', '/v1/password');
  await change('wrong horse battery', OTHER);
  await page.getByText('Нынешний пароль не подходит.').waitFor();
  allow('400', '/v1/password');
  await change(PASSWORD, 'password123');
  await page
    .locator('.field.invalid')
    .getByText(/самых частых паролей/)
    .waitFor();
  await change(PASSWORD, OTHER);
  await page.getByText(texts.change.done).waitFor();
  await signOut(page, words);
  await endedAtServer(page);

  await page.goto('/sign-in');
  await link(page, words.signIn.forgot).click();
  await opened(page, texts.forgot.title);
  await page.getByLabel(words.signIn.email).fill(account.email);
  await button(page, texts.forgot.submit).click();
  await page.getByText(texts.forgot.done(account.email)).waitFor();
  const token = await eventually('the letter with the link', async () => {
    const mails = JSON.stringify(await system.listMails());
    return /reset-password#([\w-]+)/.exec(mails)?.[1];
  });

  await page.goto(`/reset-password#${token}`);
  await opened(page, texts.reset.title);
  assert.equal(new URL(page.url()).hash, '');
  const reset = async (password: string) => {
    await page.getByLabel(words.signIn.password).fill(password);
    await button(page, texts.reset.submit).click();
  };
  allow('400', '/v1/password-resets/redeem');
  await reset(account.email);
  await page
    .locator('.field.invalid')
    .getByText(/это ваш адрес/)
    .waitFor();
  await reset(PASSWORD);
  await page.getByText(texts.reset.done).waitFor();
  await page.locator('main').getByRole('link', { name: words.signIn.submit }).click();
  await signIn(page, words, account.email);
  await opened(page, words.home.hello(account.name));

  await page.goto(`/reset-password#${token}`);
  allow('422', '/v1/password-resets/redeem');
  await reset(OTHER);
  await link(page, texts.reset.again).waitFor();
  await page.goto('/reset-password');
  await page.getByText(texts.reset.noToken).waitFor();
});
