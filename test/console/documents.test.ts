import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '#harness/eventually.ts';
import { barriersOn, SIZES, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { startTestSystem } from '#harness/system/system.ts';
import { common } from '../../console/texts/common.ts';

// The pages that explain the API: they are the gateway's own, with Swagger UI for the operations.

const STATIC_PAGES = ['/docs/events', '/problems', '/problems/insufficient-funds'];

test('the pages that explain the API', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);

  for (const [language, locale] of [
    ['ru', 'ru-RU'],
    ['en', 'en-US'],
  ] as const) {
    await t.test(`keep nobody out, light and dark, on a phone too: ${language}`, async (t) => {
      const { page } = await browser.openPage(t, { locale });
      for (const path of STATIC_PAGES) {
        await page.goto(path);
        await checkPage(page, language, path);
      }
      await page.goto('/docs');
      await openOperation(page, 'placeOrder');
      const orders = await openOperation(page, 'readAllOrders');
      await orders.getByRole('button', { name: 'Try it out' }).click();
      await checkPage(page, language, '/docs');
      await page.locator('.auth-wrapper .authorize').click();
      await page.getByRole('dialog').waitFor();
      await checkPage(page, language, '/docs with the question for a token');
    });
  }

  await t.test('"Try it out" offers a request that is done as it stands', async (t) => {
    const anna = await system.customer({ topUp: 100_000 });
    const { page } = await browser.openPage(t);
    await authorize(page, anna.token);
    const order = await openOperation(page, 'placeOrder');
    await order.getByRole('button', { name: 'Try it out' }).click();
    await order.getByRole('button', { name: 'Execute' }).click();
    await order.locator('.live-responses-table').getByText('201', { exact: true }).waitFor();
    const { body } = await anna.call('GET', '/v1/orders');
    assert.deepEqual(
      body.data.map(({ status }: { status: string }) => status),
      ['Paid'],
    );
    // What narrows a list is shown, not sent.
    const orders = await openOperation(page, 'readOrders');
    await orders.getByRole('button', { name: 'Try it out' }).click();
    const cursor = orders.getByRole('textbox', { name: 'cursor' });
    assert.equal(await cursor.inputValue(), '');
    assert.match((await cursor.getAttribute('placeholder')) ?? '', /^[A-Za-z0-9]+$/);
    await orders.getByRole('button', { name: 'Execute' }).click();
    await orders.locator('.live-responses-table').getByText('200', { exact: true }).waitFor();
    // What an operation needs is filled in.
    const journey = await openOperation(page, 'readJourney');
    const id = journey.getByRole('textbox', { name: 'orderId' });
    await eventually('an id', async () => /^[0-9a-f-]{36}$/.test(await id.inputValue()));
  });

  await t.test('lead to each other, to the console and to the mailbox, and back', async (t) => {
    const { page } = await browser.openPage(t, { locale: 'en-US' });
    const follow = async (name: string, path: string) => {
      await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
      await page.waitForURL((url) => url.pathname === path);
    };
    await page.goto('/docs?lang=ru');
    await follow('События', '/docs/events');
    await follow('Ошибки API', '/problems');
    await follow('API', '/docs');
    await page.getByRole('link', { name: 'English' }).click();
    await page.waitForURL((url) => url.search === '?lang=en');
    await follow('Mailbox', '/mailbox');
    await page.getByRole('button', { name: common.en.menu }).click();
    await page.getByRole('link', { name: common.en.apiDocs }).click();
    await page.waitForURL((url) => url.pathname === '/docs' && url.search === '?lang=en');
    await follow('Console', '/');
  });
});

async function openOperation(page: Page, id: string) {
  const operation = page.locator(`.opblock[id$="-${id}"]`);
  await operation.locator('.opblock-summary-control').click();
  await operation.locator('.opblock-body').waitFor();
  return operation;
}

async function authorize(page: Page, token: string): Promise<void> {
  await page.goto('/docs');
  await page.locator('.auth-wrapper .authorize').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Access token').fill(token);
  await dialog.getByRole('button', { name: 'Authorize' }).click();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
}

/** The page that is open: its language, its width on a phone, and axe in both colour schemes. */
async function checkPage(page: Page, language: string, what: string): Promise<void> {
  assert.equal(await page.evaluate('document.documentElement.lang'), language, what);
  assert.deepEqual(await barriersOn(page), [], what);
  // Nothing but its colours changes.
  await page.emulateMedia({ colorScheme: 'dark' });
  // The page hears of it before its next frame, and sets the class that Swagger UI goes by.
  await page.evaluate('new Promise(requestAnimationFrame)');
  assert.deepEqual(await barriersOn(page, ['color-contrast']), [], `${what} in the dark`);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(SIZES.phone);
  const width = await page.evaluate('document.scrollingElement.scrollWidth');
  assert.equal(width, SIZES.phone.width, `${what}, on a phone`);
  await page.setViewportSize(SIZES.desktop);
}
