import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { orderNumberOf } from '#contracts/order-number.ts';
import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { eventually } from '#harness/eventually.ts';
import { answeredWith, call } from '#harness/requests.ts';
import { barriersOn, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, startTestSystem, stop } from '#harness/system/system.ts';
import { customerPage } from '../../console/texts/customer-page.ts';
import { operatorLists } from '../../console/texts/operator-lists.ts';
import { search } from '../../console/texts/search.ts';
import { button, goTo, holds, link, opened, plain, signIn, wordsOf } from './steps.ts';

// One box finds anything; what is found is settled or opened from there.

const words = wordsOf('ru');
const texts = search.ru;

test('the operator’s search and what it opens', { skip: skipWithoutChromium }, async (t) => {
  // No recovery: pending orders end by the operator alone.
  const system = await startTestSystem(t, { RECOVERY_AGE_MS: '600000' });
  const browser = await startBrowser(t, system.url);
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 50_000, name: 'Анна К.' });
  const { body: order } = await anna.call('POST', '/v1/orders', orderOf(10_000));
  const number = orderNumberOf(order.id) ?? '';
  const letter = await eventually('the letter', async () => {
    const { body } = await operator.call('GET', `/v1/operator/letters?orderId=${order.id}`);
    return body.data[0];
  });
  const { page, allow } = await browser.openPage(t);
  await page.goto('/operator');
  await signIn(page, words, OPERATOR_EMAIL, system.secrets.operatorPassword);
  await opened(page, words.overview.title);

  await t.test('Ctrl+K focuses the box, and an empty search says what can be found', async () => {
    await page.keyboard.press('/');
    assert.equal(
      await page.locator('input:focus').count(),
      0,
      'a key without a modifier does nothing',
    );
    await page.keyboard.press('Control+KeyK');
    await box(page).and(page.locator(':focus')).waitFor();
    assert.equal(await box(page).inputValue(), '');
    await page.keyboard.press('Enter');
    await opened(page, texts.title);
    for (const way of texts.ways) await page.getByText(way).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    // In a field it is a character.
    await box(page).focus();
    await page.keyboard.type('a/b');
    assert.equal(await box(page).inputValue(), 'a/b');
  });

  await t.test(
    'one hit opens its page at once, and «back» leads to where one searched',
    async () => {
      await goTo(page, words, 'letters');
      const orderPage = `/operator/orders/${order.id}`;
      const ways: [text: string, path: string][] = [
        [order.id, orderPage],
        [` ${number.toLowerCase().replace('-', '')} `, orderPage],
        [`${system.url}/orders/${order.id}?x=1`, orderPage],
        [anna.email.toUpperCase(), `/operator/customers/${anna.customerId}`],
        [anna.customerId, `/operator/customers/${anna.customerId}`],
        [letter.messageId, `/operator/letters/${letter.id}`],
        [order.payment.operationId, `/operator/operations?operation=${order.payment.operationId}`],
      ];
      for (const [text, path] of ways) {
        await find(page, text);
        await page.waitForURL((url) => `${url.pathname}${url.search}` === path);
        await page.goBack();
        await page.waitForURL(/\/operator\/letters$/);
      }
    },
  );

  await t.test('several hits are listed with kind, number, state, amount and time', async () => {
    // Orders of one minute begin alike, and a minute may end between two of them.
    const ids: string[] = [order.id];
    let prefix = '';
    let found: string[] = [];
    do {
      const { body } = await anna.call('POST', '/v1/orders', orderOf(10_000));
      prefix = body.id.slice(0, 8);
      ids.push(body.id);
      found = ids.filter((id) => id.startsWith(prefix));
    } while (found.length < 2);
    const [first = ''] = found;
    const firstNumber = orderNumberOf(first) ?? '';
    await find(page, prefix);
    const row = page.locator('tbody tr').filter({ hasText: firstNumber });
    const shown = plain(await row.textContent());
    assert.match(shown, new RegExp(`^Заказ№ ${firstNumber}Оплачен100 ₽\\d\\d:\\d\\d:\\d\\d`));
    assert.equal(await page.locator('tbody tr').count(), found.length);
    assert.deepEqual(await barriersOn(page), []);
    await row.getByRole('link', { name: firstNumber }).click();
    await page.waitForURL((url) => url.pathname === `/operator/orders/${first}`);
    await page.goBack();
    await holds(box(page), prefix);
  });

  await t.test('nothing found, and services that are away, are said', async () => {
    await find(page, 'nobody@example.com');
    await page.getByText(texts.none('nobody@example.com')).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    const start = await stop(system, 'profiles');
    await find(page, anna.email);
    await page.getByText(texts.away(texts.services.profiles)).waitFor();
    await page.getByText(texts.noneYet(anna.email)).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    // The rest of a customer's page is there.
    allow('503', '/v1/operator/customers');
    await page.goto(`/operator/customers/${anna.customerId}`);
    const wallet = page.getByRole('region', { name: customerPage.ru.wallet });
    await wallet.locator('.figure').waitFor();
    const profile = page.getByRole('region', { name: customerPage.ru.profile });
    await profile.getByRole('alert').waitFor();
    await start();
    await profile.getByText('Анна К.').waitFor();
    assert.deepEqual(await barriersOn(page), []);
  });

  await t.test('a pending order is settled with a reason, and its outcome is said', async () => {
    const hasty = await system.startExtraGateway({
      ORDER_DEADLINE_MS: '300',
      RECOVERY_AGE_MS: '600000',
    });
    const start = await stop(system, 'billing');
    const pending = async (): Promise<string> => {
      const key = { 'idempotency-key': randomUUID() };
      const { body } = await answeredWith(202, () =>
        call(hasty.url, 'POST', '/v1/orders', {
          headers: { authorization: `Bearer ${anna.token}`, ...key },
          body: orderOf(100),
        }),
      );
      return body.id;
    };
    const [first, second] = [await pending(), await pending()];
    await goTo(page, words, 'pending');
    const { settle } = operatorLists.ru;
    const nameOf = (id: string) => `№\u00a0${orderNumberOf(id)}`;
    // Billing is away: the order stays, and the dialog says why.
    allow('503', '/settlement');
    await button(page, settle.this(nameOf(first))).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: settle.button }).click();
    await dialog.getByText(words.operator.wallets.reasonViolation).waitFor();
    await dialog.getByLabel(words.operator.wallets.reason).fill('звонил клиент');
    await dialog.getByRole('button', { name: settle.button }).click();
    await dialog.getByRole('alert').waitFor();
    assert.deepEqual(await barriersOn(page), []);
    await start();
    await dialog.getByRole('button', { name: settle.button }).click();
    await page.getByText(settle.outcomes.Cancelled(nameOf(first))).waitFor();
    await button(page, settle.this(nameOf(first))).waitFor({ state: 'detached' });
    assert.deepEqual(await barriersOn(page), []);

    await find(page, second);
    await button(page, settle.this(nameOf(second))).click();
    await dialog.getByLabel(words.operator.wallets.reason).fill('звонил клиент');
    await dialog.getByRole('button', { name: settle.button }).click();
    await page.getByText(settle.outcomes.Cancelled(nameOf(second))).waitFor();
    await link(page, words.common.pending).click();
    await page.getByText(words.operator.pending.none).waitFor();
    const { body } = await operator.call('GET', `/v1/operator/audit?subject=${first}`);
    const entry = body.data.find((each: { action: string }) => each.action === 'settle-order');
    assert.equal(entry.reason, 'звонил клиент');
    await hasty.close();
  });
  await page.goto('about:blank');
});

function box(page: Page) {
  return page.getByRole('searchbox', { name: texts.label });
}

async function find(page: Page, text: string): Promise<void> {
  await box(page).fill(text);
  await page.keyboard.press('Enter');
}
