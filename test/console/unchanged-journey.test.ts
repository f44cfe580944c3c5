import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Route } from 'playwright-core';
import { startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { startTestSystem } from '#harness/system/system.ts';
import { button, fillOrder, signInAs, wordsOf } from './steps.ts';

const words = wordsOf('ru');

test('an order’s page reads a journey again by its ETag, and shows it when it has changed', {
  skip: skipWithoutChromium,
}, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  const anna = await system.customer({ topUp: 50_000 });
  const { page, context } = await browser.openPage(t);
  const tags: (string | undefined)[] = [];
  let complete = false;
  const unchangedTwice = Promise.withResolvers<void>();
  await context.route('**/journey', async (route: Route) => {
    const etag = `"${complete}"`;
    const asked = route.request().headers()['if-none-match'];
    tags.push(asked);
    if (asked === etag) {
      if (tags.length > 2) unchangedTwice.resolve();
      return route.fulfill({ status: 304, headers: { etag } });
    }
    const answer = await route.fetch();
    // The letter may be sent before the first reading, or after the change.
    const ending = complete ? 'delivered' : 'open';
    const body = { ...((await answer.json()) as object), complete, ending };
    await route.fulfill({ response: answer, json: body, headers: { ...answer.headers(), etag } });
  });
  await signInAs(page, words, anna.email);
  await fillOrder(page, words, [{ name: 'Книга', quantity: '1', price: '150' }]);
  await button(page, words.newOrder.submit).click();
  await unchangedTwice.promise;
  // What was read stays on the page.
  await page.locator('.answer.paid').waitFor();
  assert.equal(await page.getByText(words.path.endings.delivered).count(), 0);
  complete = true;
  await page.getByText(words.path.endings.delivered).waitFor();
  assert.deepEqual(tags.slice(0, 3), [undefined, '"false"', '"false"']);
});
