import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '#harness/eventually.ts';
import { barriersOn, SIZES, startBrowser, type TestBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { PASSWORD, startTestSystem, type TestSystem } from '#harness/system/system.ts';
import { type Language, signIn, wordsOf } from './steps.ts';

// Everybody can read the console: with a reader, with any eyes, on a small phone.

test('the console for everybody', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  const places = await fill(system);

  for (const [language, sizes] of [
    ['ru', ['phone']],
    ['en', ['phone', 'desktop']],
  ] as const) {
    await t.test(`no page keeps anybody out: ${language}, ${sizes.join(', ')}`, async (t) => {
      for (const { who, paths } of places) {
        const page = await openFor(t, browser, { who, language });
        for (const path of paths) {
          await open(page, path);
          for (const size of sizes) await checkWidth(page, path, size);
          await checkBarriers(page, path);
        }
      }
    });
  }
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
  const webhooks = await fillWebhooks(system);
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
        ...[`/orders/${paid}/again`, `/orders/${declined}/again`],
      ],
    },
    {
      who: { email: operator.email, password: system.secrets.operatorPassword },
      paths: [
        ...['/operator', '/operator/pending', `/operator/orders/${paid}`, '/operator/orders'],
        ...['/operator/customers', `/operator/customers/${anna.customerId}`],
        ...['/operator/operations', '/operator/search', '/operator/search?q=nobody'],
        ...['/operator/letters?state=all', `/operator/letters/${letter}`, '/operator/ledger'],
        ...[
          '/operator/letter-studio',
          '/operator/dead-letters',
          `/operator/dead-letters/${dead}`,
          '/operator/audit',
        ],
        ...webhooks,
      ],
    },
  ];
}

/** An endpoint that nothing listens at, and a delivery. @returns the addresses of all pages */
async function fillWebhooks(system: TestSystem): Promise<string[]> {
  const operator = await system.operator();
  const path = '/v1/operator/webhook-endpoints';
  // Port 9 of this machine takes no connections.
  const url = `http://127.0.0.1:9/${'c'.repeat(300)}`;
  const data = { url, description: 'Ш'.repeat(100), statuses: ['Paid', 'Cancelled'] };
  const { body: endpoint } = await operator.call('POST', path, data);
  await operator.call('POST', `${path}/${endpoint.id}/rotate-secret`);
  const { body: delivery } = await operator.call('POST', `${path}/${endpoint.id}/test`);
  await eventually('an attempt', async () => {
    const { body } = await operator.call('GET', `/v1/operator/webhook-deliveries/${delivery.id}`);
    return body.attempts.length > 0;
  });
  const pages = '/operator/webhooks';
  return [
    ...[pages, `${pages}/new`, `${pages}/${endpoint.id}`],
    ...[`${pages}/deliveries`, `${pages}/deliveries/${delivery.id}`],
  ];
}

async function openFor(
  t: TestContext,
  browser: TestBrowser,
  { who, language }: { who: Reader; language: Language },
): Promise<Page> {
  const locale = language === 'ru' ? 'ru-RU' : 'en-US';
  const { page, allow } = await browser.openPage(t, { locale, size: 'phone' });
  // Its page says so, with that status.
  allow('status of 404', '/operator/nowhere');
  if (who.email !== null) {
    await page.goto('/sign-in');
    await signIn(page, wordsOf(language), who.email, who.password);
    await page.waitForURL((url) => url.pathname !== '/sign-in');
  }
  return page;
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('.loading').first().waitFor({ state: 'detached' });
}

/** Nothing of a page is outside of its window. */
async function checkWidth(page: Page, path: string, size: keyof typeof SIZES): Promise<void> {
  await page.setViewportSize(SIZES[size]);
  const width = await page.evaluate('document.scrollingElement.scrollWidth');
  assert.equal(width, SIZES[size].width, `${path}, ${size}`);
}

/** The page that is open, in both colour schemes. */
async function checkBarriers(page: Page, path: string): Promise<void> {
  await page.emulateMedia({ colorScheme: 'light' });
  assert.deepEqual(await barriersOn(page), [], path);
  // Nothing but its colours changes.
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await barriersOn(page, ['color-contrast']), [], `${path} in the dark`);
}
