import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { orderNumberOf } from '#contracts/order-number.ts';
import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { barriersOn, SIZES, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, startTestSystem } from '#harness/system/system.ts';
import { operatorLists } from '../../console/texts/operator-lists.ts';
import { records } from '../../console/texts/records.ts';
import { button, goTo, holds, opened, plain, signIn, textsOf, wordsOf } from './steps.ts';

// The operator's lists: filters in the address, sorting, older rows, «back», and the CSV file.

const words = wordsOf('ru');
const texts = records.ru;
const lists = operatorLists.ru;
/** A page of a list has 50 rows. */
const PAID = 55;

test('the operator’s lists', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  const anna = await system.customer({ topUp: 1_000_000, name: 'Анна К.' });
  const boris = await system.customer({ topUp: 100, name: '=Борис "Б", +1' });
  const ids: string[] = [];
  for (let index = 1; index <= PAID; index++) {
    const { body } = await anna.call('POST', '/v1/orders', orderOf(index * 100));
    ids.push(body.id as string);
  }
  const { order } = (await boris.call('POST', '/v1/orders', orderOf(200_050))).body;
  const declined: string = order.id;
  const { page } = await browser.openPage(t);
  await page.goto('/operator');
  await signIn(page, words, OPERATOR_EMAIL, system.secrets.operatorPassword);
  await goTo(page, words, 'orders');
  await opened(page, lists.orders.title);

  await t.test(
    'orders show their numbers, and older ones are added with the focus kept',
    async () => {
      await shown(page, 50);
      const [first] = await textsOf(page.locator('tbody tr').first().locator('.order-number'));
      assert.equal(first, `№ ${orderNumberOf(declined)}`);
      await button(page, texts.older).focus();
      await page.keyboard.press('Enter');
      await shown(page, PAID + 1);
      await page.getByText(texts.all).waitFor();
      // The button is gone; the focus is where it was, not at the top.
      assert.equal(await page.evaluate("document.activeElement.closest('.older') !== null"), true);
      assert.deepEqual(await barriersOn(page), []);
    },
  );

  await t.test('«back» returns to the same rows, place and link', async () => {
    const link = page.locator('tbody tr').nth(52).locator('a').first();
    const href = await link.getAttribute('href');
    await link.scrollIntoViewIfNeeded();
    const scrolled = await page.evaluate<number>('scrollY');
    assert.ok(scrolled > 0);
    await link.click();
    await page.waitForURL(/\/operator\/orders\/[0-9a-f-]{36}$/);
    await page.goBack();
    await shown(page, PAID + 1);
    await page.locator(`a[href="${href}"]:focus`).waitFor();
    assert.equal(await page.evaluate('scrollY'), scrolled);
  });

  await t.test('a heading sorts the rows that are loaded, and says so', async () => {
    await openOrders(page);
    await shown(page, 50);
    const heading = page.getByRole('columnheader', { name: lists.orders.total });
    await heading.getByRole('button').click();
    await page.getByText(texts.sorted('50')).waitFor();
    assert.equal(await heading.getAttribute('aria-sort'), 'descending');
    assert.match((await sumsOf(page))[0] as string, /^2 000,50/);
    await heading.getByRole('button').click();
    await page.locator('[aria-sort=ascending]').waitFor();
    // Older, smaller orders are not loaded.
    assert.match((await sumsOf(page))[0] as string, /^7 ₽$/);
    assert.deepEqual(await barriersOn(page), []);
  });

  await t.test('the time is sorted by the server, over all rows', async () => {
    await openOrders(page);
    await shown(page, 50);
    const heading = page.getByRole('columnheader', { name: lists.orders.at });
    assert.equal(await heading.getAttribute('aria-sort'), 'descending');
    await heading.getByRole('button').click();
    await page.waitForURL(/sort=oldest/);
    await page.locator(`tbody tr:first-child a[href$="${ids[0]}"]`).waitFor();
    assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
  });

  await t.test('a range that ends before it begins is named in its field, not sent', async () => {
    await page.goto('/operator/orders?min=500&max=99,50&from=2026-12-31&until=2026-12-30');
    const { names, range } = records.ru;
    await page.locator('.field', { hasText: names.max }).getByText(range.min).waitFor();
    await page.locator('.field', { hasText: names.until }).getByText(range.from).waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
    assert.equal(await page.locator('.records').count(), 0);
    await page.goto('/operator/orders?status=Lost&from=2026-02-31');
    await page.locator('.records').waitFor();
  });

  await t.test('filters are in the address: reload and «back» keep them', async () => {
    await openOrders(page);
    await page.getByLabel(texts.names.status).selectOption('Cancelled');
    await button(page, texts.apply).click();
    await shown(page, 1);
    await page.getByLabel(texts.names.status).selectOption('Paid');
    await page.getByLabel(texts.names.min).fill('1,50');
    await page.getByLabel(texts.names.max).fill('3');
    // An address becomes the id of its customer.
    await page.getByLabel(texts.names.customer, { exact: true }).fill(anna.email);
    await button(page, texts.apply).click();
    await shown(page, 2);
    assert.deepEqual(Object.fromEntries(new URL(page.url()).searchParams), {
      status: 'Paid',
      customer: anna.customerId,
      min: '1,50',
      max: '3',
    });
    assert.deepEqual(await sumsOf(page), ['3 ₽', '2 ₽']);
    await page.reload();
    await shown(page, 2);
    await holds(page.getByLabel(texts.names.min), '1,50');
    await page.goBack();
    await shown(page, 1);
    await holds(page.getByLabel(texts.names.status), 'Cancelled');
    await holds(page.getByLabel(texts.names.min), '');
  });

  await t.test(
    'an amount that cannot be read shows no list, and days include their end',
    async () => {
      await page.goto('/operator/orders?min=much');
      await page.locator('.field.invalid').waitFor();
      assert.equal(await page.locator('tbody tr').count(), 0);
      assert.deepEqual(await barriersOn(page), []);
      // Of the order: midnight may have passed since.
      const day = await page.evaluate<string>(
        `new Date('${order.createdAt}').toLocaleDateString('en-CA')`,
      );
      await page.goto(`/operator/orders?from=${day}&until=${day}&status=Cancelled`);
      await shown(page, 1);
      await page.goto('/operator/orders?from=2020-01-01&until=2020-01-02');
      await page.getByText(lists.orders.none).waitFor();
    },
  );

  await t.test(
    'the CSV file has all rows of the filter, not only those that are loaded',
    async () => {
      await openOrders(page, '?status=Paid');
      await shown(page, 50);
      const text = await csvOf(page);
      const [header = '', ...lines] = text.split('\r\n');
      assert.ok(header.startsWith(`\ufeff№;${lists.orders.at};${lists.orders.status};`), header);
      assert.equal(lines.pop(), '');
      assert.equal(lines.length, PAID);
      const cells = (lines.at(-1) as string).split(';');
      assert.deepEqual(
        [cells[0], cells[4], cells[5], cells[7], cells.at(-1)],
        [orderNumberOf(ids[0] ?? ''), '1,00', 'RUB', anna.customerId, ids[0]],
      );
      await page.getByText(texts.exported(String(PAID))).waitFor();
      assert.deepEqual(await barriersOn(page), []);
    },
  );

  await t.test('no cell of the file is a formula', async () => {
    await goTo(page, words, 'customers');
    await page.getByText('=Борис "Б", +1').waitFor();
    const text = await csvOf(page);
    assert.ok(text.includes(`;"'=Борис ""Б"", +1";`), text);
    assert.ok(!text.includes(boris.email));
    assert.deepEqual(await barriersOn(page), []);
  });

  await t.test('an export can be cancelled, and there is no file', async () => {
    await openOrders(page);
    await shown(page, 50);
    const asked = Promise.withResolvers<void>();
    await page.route('**/v1/operator/orders?*', (route) => {
      // It stays without an answer.
      if (route.request().url().includes('limit=100')) asked.resolve();
      else return route.continue();
    });
    await button(page, texts.export).click();
    await asked.promise;
    assert.deepEqual(await barriersOn(page), []);
    await button(page, texts.cancel).click();
    await page.getByText(texts.cancelled).waitFor();
    await page.unroute('**/v1/operator/orders?*');
  });

  await t.test('a file has a limit of rows, and says when it is reached', async () => {
    await openOrders(page);
    await shown(page, 50);
    const { body } = await anna.call('GET', '/v1/orders?limit=100');
    const full = Array.from({ length: 100 }, () => body.data[0]);
    // More pages than a file takes.
    await page.route('**/v1/operator/orders?limit=100*', (route) =>
      route.fulfill({ json: { data: full, nextCursor: 'more' } }),
    );
    const text = await csvOf(page);
    assert.equal(text.split('\r\n').length, 1 + 10_000 + 1);
    await page.getByText(texts.cut('10\u00a0000')).waitFor();
    await page.unroute('**/v1/operator/orders?limit=100*');
  });

  await t.test('operations are listed with their orders, and a reversal is made once', async () => {
    await goTo(page, words, 'operations');
    await shown(page, 50);
    await page.getByLabel(texts.names.type).selectOption('top_up');
    await page.getByLabel(texts.names.min).fill('0');
    await page.getByLabel(texts.names.max).fill('1');
    await button(page, texts.apply).click();
    await shown(page, 1);
    const wallets = words.operator.wallets;
    const undo = button(page, wallets.undoThis('1\u00a0₽'));
    await undo.click();
    await page.getByLabel(wallets.reason).fill('не тот клиент');
    const form = page.getByRole('form', { name: wallets.undoThis('1\u00a0₽') });
    await form.getByRole('button', { name: wallets.undoThis('1\u00a0₽') }).click();
    await page.getByText(wallets.undone('1\u00a0₽', '0\u00a0₽')).waitFor();
    // The filter hides the reversal, so the row cannot know of it.
    await undo.click();
    await page.getByRole('dialog', { name: lists.operations.already }).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    await page.getByText(lists.operations.because('не тот клиент')).waitFor();
    await button(page, lists.operations.close).click();
  });

  await t.test(
    'on a phone nothing is wider than the window, and headings still sort',
    async (t) => {
      const phone = await browser.openPage(t, { size: 'phone', locale: 'en-US' });
      const english = wordsOf('en');
      await phone.page.goto('/operator/orders');
      await signIn(phone.page, english, OPERATOR_EMAIL, system.secrets.operatorPassword);
      await opened(phone.page, operatorLists.en.orders.title);
      for (const path of ['orders', 'customers', 'operations']) {
        await phone.page.goto(`/operator/${path}`);
        await phone.page.locator('tbody tr').first().waitFor();
        const width = await phone.page.evaluate('document.scrollingElement.scrollWidth');
        assert.equal(width, SIZES.phone.width, path);
        assert.deepEqual(await barriersOn(phone.page), [], path);
      }
      const { amount } = operatorLists.en.operations;
      await phone.page.getByRole('button', { name: amount, exact: true }).click();
      await phone.page.locator('[aria-sort=descending]').waitFor();
      await phone.page.goto('about:blank');
    },
  );
  await page.goto('about:blank');
});

/** Waits until the list has so many rows. */
async function shown(page: Page, count: number): Promise<void> {
  await page.getByText(records.ru.shown(String(count))).waitFor();
  assert.equal(await page.locator('tbody tr').count(), count);
}

/** A fresh entry of the history: a reload would load the same rows again. */
async function openOrders(page: Page, query = ''): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`/operator/orders${query}`);
}

async function sumsOf(page: Page): Promise<string[]> {
  return (await page.locator('tbody .money').allTextContents()).map(plain);
}

async function csvOf(page: Page): Promise<string> {
  const saving = page.waitForEvent('download');
  await button(page, records.ru.export).click();
  const file = await saving;
  assert.match(file.suggestedFilename(), /^orderbell-[a-z]+-\d{4}-\d\d-\d\d\.csv$/);
  return readFile(await file.path(), 'utf8');
}
