import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Overview, OverviewHistory } from '#contracts/operator.ts';
import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { eventually } from '#harness/eventually.ts';
import { type SmtpStep, startTestSmtpServer } from '#harness/faults/smtp-server.ts';
import { barriersOn, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, startTestSystem } from '#harness/system/system.ts';
import { records } from '../../console/texts/records.ts';
import { button, opened, plain, signIn, wordsOf } from './steps.ts';

// Failed letters are repaired in their list, and the overview shows what is left to do.

const words = wordsOf('ru');
const { overview, repair } = words;
const LETTERS = '/v1/operator/letters';
const REFUSAL: SmtpStep = { at: 'rcpt', do: 'reply', reply: '550 5.1.1 no such user' };

test('repairs of letters in a browser', { skip: skipWithoutChromium }, async (t) => {
  let refuses = true;
  const choose = () => (refuses ? REFUSAL : undefined);
  const server = await startTestSmtpServer(t, { choose });
  const system = await startTestSystem(t, { SMTP_URL: server.url });
  const browser = await startBrowser(t, system.url);
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 10_000 });
  for (const price of [100, 200, 99_999]) await anna.call('POST', '/v1/orders', orderOf(price));
  await eventually('three failed letters', async () => {
    const { body } = await operator.call('GET', `${LETTERS}?state=failed`);
    return body.data.length === 3;
  });
  const { page, context, allow } = await browser.openPage(t);
  await page.goto('/operator/letters');
  await signIn(page, words, OPERATOR_EMAIL, system.secrets.operatorPassword);
  await opened(page, words.operator.letters.title);
  const rows = page.locator('tbody tr');
  const shown = (count: number) =>
    eventually(`${count} rows`, async () => (await rows.count()) === count);

  await t.test('filters are in the address, and stay when the state changes', async () => {
    await shown(3);
    await page.getByLabel(records.ru.names.kind).selectOption('grief');
    await button(page, records.ru.apply).click();
    await page.waitForURL((url) => url.search === '?kind=grief');
    await shown(1);
    assert.match(plain(await rows.first().textContent()), /Письмо горя.*№ .*999,99/);
    await page.getByRole('link', { name: words.operator.letters.filters.all, exact: true }).click();
    await page.waitForURL((url) => url.search === '?kind=grief&state=all');
    await page.getByLabel(records.ru.names.min).fill('2000');
    await button(page, records.ru.apply).click();
    await page.getByText(repair.none, { exact: true }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('state'), 'all');
    assert.deepEqual(await barriersOn(page), []);
    await page.goto('/operator/letters');
    await shown(3);
  });

  await t.test('chosen letters are acknowledged, and say by whom and why', async () => {
    await page.getByLabel(/^Выбрать: Письмо горя/).check();
    await page.getByText(repair.selected('1')).waitFor();
    await button(page, repair.acknowledge).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill('клиент сам позвонил');
    assert.deepEqual(await barriersOn(page), []);
    await dialog.getByRole('button', { name: repair.acknowledge }).click();
    await page.getByText(repair.acknowledgedDone('1')).waitFor();
    const row = rows.filter({ hasText: 'Письмо горя' });
    await row.getByText(repair.because('клиент сам позвонил')).waitFor();
    await row.getByText(repair.acknowledged, { exact: true }).waitFor();
    await page.goto('/operator');
    await page.locator('.attention a').getByText(overview.attention.failed('2')).click();
    await shown(2);
  });

  await t.test('chosen letters are sent again; each row stays and says how it ended', async () => {
    await page.getByLabel(repair.selectAll).check();
    await button(page, repair.resendSelected).click();
    await page.getByText(repair.resentSelected('2')).waitFor();
    await eventually('both failed again', async () => {
      return (await page.locator('tbody .outcome.bad').count()) === 2;
    });
    refuses = false;
    await page.getByLabel(repair.selectAll).check();
    await button(page, repair.resendSelected).click();
    await eventually('both are sent', async () => {
      return (await page.locator('tbody .outcome.good').count()) === 2;
    });
    assert.equal(await rows.count(), 2);
    assert.deepEqual(await barriersOn(page), []);
    await page.goto('/operator/letters?acknowledged=false');
    await page.getByText(repair.none, { exact: true }).waitFor();
  });

  await t.test('the overview is green, and its counts lead to lists', async () => {
    await page.goto('/operator');
    await page.getByText(overview.attention.nothing).waitFor();
    const card = page.locator('[aria-labelledby=overview-orders]');
    await card.getByRole('link', { name: overview.statuses.Cancelled }).click();
    await shown(1);
    assert.equal(new URL(page.url()).search, '?status=Cancelled');
  });

  await t.test('charts begin with what the services recorded', async () => {
    const at = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1_000).toISOString();
    await page.route('**/v1/operator/overview/history', async (route) => {
      const answer = (await (await route.fetch()).json()) as OverviewHistory;
      const sample = { placed: 0, paid: 0, cancelled: 0, pending: 0, unpublished: 41 };
      const orders = [1_800, 1_790].map((seconds) => ({ at: at(seconds), ...sample }));
      await route.fulfill({ json: { ...answer, orders } });
    });
    await page.goto('/operator');
    await page
      .getByRole('img', { name: /Очередь публикации за последний час.* до 41\./ })
      .waitFor();
  });

  await t.test('a part that is away keeps its last known figures, marked as old', async () => {
    await hideOrders(page);
    await page.getByText(overview.ordersAway).waitFor();
    const card = page.locator('.card.outdated[aria-labelledby=overview-orders]');
    assert.equal(plain(await card.locator('dd').first().textContent()), '2');
    assert.equal(await page.getByText(overview.attention.nothing).count(), 0);
    assert.deepEqual(await barriersOn(page), []);
    await page.unroute('**/v1/operator/overview');
    await card.waitFor({ state: 'detached' });
  });

  await t.test('without answers the figures say of when they are', async () => {
    allow('ERR_', '/v1/');
    // A busy browser asks for a font only when it draws the text.
    allow('ERR_', '/assets/');
    await context.setOffline(true);
    await page.getByText(overview.asOfHint).waitFor();
    await page.locator('.overview.outdated').waitFor();
    assert.deepEqual(await barriersOn(page), []);
    await context.setOffline(false);
    await page.locator('.overview.outdated').waitFor({ state: 'detached' });
  });
  // The system closes before this page does: a reading under way would be refused.
  await page.goto('about:blank');
});

/** Makes every later answer say that orders is away. */
async function hideOrders(page: Page): Promise<void> {
  await page.route('**/v1/operator/overview', async (route) => {
    const json = (await (await route.fetch()).json()) as Overview;
    await route.fulfill({ json: { ...json, orders: null } });
  });
}
