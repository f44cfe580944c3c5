import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { barriersOn, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, startTestSystem } from '#harness/system/system.ts';
import { button, link, opened, textsOf, wordsOf } from './steps.ts';

// The mailbox of the default set-up, which needs no sign-in.

const words = wordsOf('ru');

test('the mailbox in a browser', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  const anna = await system.customer({ topUp: 1_000 });

  for (const size of ['phone', 'desktop'] as const) {
    await t.test(`letters appear automatically, are found and read: ${size}`, async (t) => {
      const { page } = await browser.openPage(t, { size });
      await page.goto('/mailbox');
      await opened(page, words.mail.title);
      const rows = page.locator('.mail-list .row');
      const { body: order } = await anna.call('POST', '/v1/orders', orderOf(100));
      await rows.filter({ hasText: order.id }).waitFor();
      const { body: refused } = await anna.call('POST', '/v1/orders', orderOf(100_000));
      await rows.filter({ hasText: refused.order.id }).waitFor();
      assert.deepEqual(await barriersOn(page), []);

      await page.getByLabel(words.mail.search).fill(order.id);
      await page.waitForURL((url) => url.searchParams.get('search') === order.id);
      await rows.filter({ hasText: refused.order.id }).waitFor({ state: 'detached' });
      await rows.filter({ hasText: order.id }).waitFor();
      assert.equal(await rows.count(), 1);
      await rows.click();
      const frame = page.frameLocator('.letter-frame').frameLocator('iframe');
      await frame.getByRole('heading', { name: 'Письмо счастья' }).waitFor();
      await page.getByRole('tab', { name: words.letters.headers }).click();
      const names = await textsOf(page.getByRole('tabpanel').getByRole('rowheader'));
      assert.ok(names.includes('message-id'), names.join());
      await page.getByRole('tab', { name: words.mail.source }).click();
      await page.getByRole('tabpanel').getByText('Content-Type: multipart/').waitFor();
      assert.deepEqual(await barriersOn(page), []);

      if (size === 'phone') await link(page, `← ${words.mail.back}`).click();
      else await page.goBack();
      await page.waitForURL((url) => url.pathname === '/mailbox');
      assert.equal(new URL(page.url()).searchParams.get('search'), order.id);
      await page.getByLabel(words.mail.search).fill('nobody-has-this');
      await page.getByText(words.mail.notFound, { exact: true }).waitFor();
    });
  }

  await t.test('letters are unread until they are opened, and deleted', async (t) => {
    const { page } = await browser.openPage(t);
    const names = ['Самовар', 'Чайник'];
    for (const name of names) {
      const items = [{ name, quantity: 1, unitPrice: { amount: 100, currency: 'RUB' } }];
      await anna.call('POST', '/v1/orders', { items });
    }
    const sent = await eventually('all letters are sent', async () => {
      const { body } = await anna.call('GET', '/v1/letters?limit=100');
      const letters: { state: string }[] = body.data;
      return letters.every(({ state }) => state === 'sent') && letters.length;
    });
    await page.goto('/mailbox');
    const rows = page.locator('.mail-list .row');
    const unread = rows.filter({ hasText: words.mail.unread });
    await eventually('the list', async () => (await rows.count()) >= sent);
    const [all, before] = [await rows.count(), await unread.count()];
    await rows.first().click();
    await page.locator('.mail-pane .inner summary').click();
    await eventually('it is read', async () => (await unread.count()) === before - 1);
    assert.deepEqual(await barriersOn(page), []);
    await page.reload();
    await button(page, words.mail.delete).click();
    await page.getByText(words.mail.choose).waitFor();
    await eventually('it is gone', async () => (await rows.count()) === all - 1);
    await button(page, words.mail.deleteAll).click();
    await page.getByRole('group').getByRole('button', { name: words.mail.deleteAll }).click();
    await page.getByText(words.letters.none).waitFor();
  });
});
