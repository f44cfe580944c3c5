import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Journey } from '#contracts/gateway.ts';
import { eventually } from '#harness/eventually.ts';
import { startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, startTestSystem, stop, type TestCustomer } from '#harness/system/system.ts';
import {
  answerOn,
  fillOrder,
  register,
  sendOrder,
  signInAs,
  textsOf,
  topUp,
  wordsOf,
} from './steps.ts';

// An order's page shows the journey from the services' records, and adds new steps.

test('the journey of an order in a browser', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);

  for (const [what, price] of [
    ['paid', 100],
    ['declined', 100_000],
  ] as const) {
    await t.test(`diagram and list of a ${what} order say what the API says`, async (t) => {
      const anna = await system.customer({ topUp: 500 });
      const { body } = await anna.call('POST', '/v1/orders', orderOf(price));
      const id: string = body.id ?? body.order.id;
      const journey = await eventually('the end', async () => {
        const found = await journeyOf(anna, id);
        return found.complete && found;
      });
      const { page } = await browser.openPage(t);
      await signInAs(page, words, anna.email);
      await page.goto(`/orders/${id}`);
      await page.getByText(words.path.endings.delivered).waitFor();
      assert.deepEqual(await textsOf(page.locator('.step-what')), journey.steps.map(said));
      assert.equal(await page.locator('svg .step').count(), journey.steps.length);
      await page.getByRole('img', { name: words.path.diagram }).waitFor();
    });
  }

  await t.test('steps after the answer appear automatically', async (t) => {
    const { page } = await browser.openPage(t);
    await register(page, words, { name: 'Вера', email: `vera-${Date.now()}@example.com` });
    await topUp(page, words, '500');
    const start = await stop(system, 'notifications');
    await fillOrder(page, words, [{ name: 'Чай', quantity: '1', price: '100' }]);
    await sendOrder(page, words);
    assert.equal(await answerOn(page), 'Оплачен');
    await page.getByText(words.path.endings.open).waitFor();
    await page.getByText(words.path.unavailable(words.path.participants.notifications)).waitFor();
    await page.getByText(words.order.letterLater).waitFor();
    assert.equal(await page.getByText(words.path.kinds.reply).count(), 0);
    await start();
    await page.getByText(words.path.endings.delivered).waitFor();
    await page.locator('.step-what', { hasText: words.path.kinds.reply }).waitFor();
    await page.getByRole('link', { name: words.order.openLetter }).waitFor();
  });
});

const words = wordsOf('ru');

async function journeyOf(customer: TestCustomer, id: string): Promise<Journey> {
  return (await customer.call('GET', `/v1/orders/${id}/journey`)).body;
}

/** A step as the list words it. */
function said({ from, to, kind }: Journey['steps'][number]): string {
  const { participants, kinds } = words.path;
  return `${participants[from]}${from === to ? '' : ` → ${participants[to]}`}: ${kinds[kind]}`;
}
