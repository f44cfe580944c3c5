import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, startTestSystem } from '#harness/system/system.ts';
import { amountToType } from '../../console/model/format.ts';
import { orderAgain } from '../../console/texts/order-again.ts';
import { button, fillItem, holds, signInAs, wordsOf } from './steps.ts';

// What an order lacks can be added beside it: never more than that without a question.

const words = wordsOf('ru');
const again = orderAgain.ru;

test('an amount is written as its field reads it', () => {
  const typed = (amount: number, currency: string) => amountToType({ amount, currency });
  assert.deepEqual(
    [typed(60_050, 'RUB'), typed(100_000, 'RUB'), typed(5, 'RUB'), typed(500, 'JPY')],
    ['600.5', '1000', '0.05', '500'],
  );
  assert.equal(typed(1_005, 'KWD'), '1.005');
});

test('topping up for an order in a browser', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  const balanceOf = async (anna: Awaited<ReturnType<typeof system.customer>>) =>
    (await anna.call('GET', '/v1/wallet')).body.balance.amount;

  await t.test('more than a new order lacks is added only after a question', async (t) => {
    const anna = await system.customer({ topUp: 10_000 });
    const { page } = await browser.openPage(t);
    await signInAs(page, words, anna.email);
    await page.goto('/orders/new');
    await fillItem(page, words, 1, { name: 'Чай', quantity: '1', price: '700,50' });
    await page.getByRole('link', { name: words.newOrder.toTopUp }).click();
    const field = page.getByLabel(words.wallet.amount);
    await holds(field, '600.5');
    await page.getByText(words.wallet.lacks('').trim().slice(0, -1)).waitFor();

    await field.fill('5000');
    await button(page, words.wallet.topUp).click();
    const question = page.getByRole('group', { name: /^Пополнить на 5.000.₽\?.*600,50.₽/ });
    await question.getByRole('button', { name: words.wallet.more.cancel }).click();
    await field.fill('600.5');
    await button(page, words.wallet.topUp).click();
    await page.getByRole('link', { name: words.wallet.toOrder }).click();
    await page.waitForURL((url) => url.pathname === '/orders/new');
    assert.equal(await balanceOf(anna), 70_050);

    await page.goto('/wallet?lacks=100');
    await field.fill('2');
    await button(page, words.wallet.topUp).click();
    await page.getByRole('button', { name: /^Пополнить на 2.₽$/ }).click();
    await page.getByRole('link', { name: words.wallet.toOrder }).waitFor();
    assert.equal(await balanceOf(anna), 70_250);
  });

  await t.test('a declined order takes no top-up that it no longer needs', async (t) => {
    const anna = await system.customer({ topUp: 10_000 });
    const { body } = await anna.call('POST', '/v1/orders', orderOf(70_000));
    const { page } = await browser.openPage(t);
    await signInAs(page, words, anna.email);
    await page.goto(`/orders/${body.order.id}/again`);
    const pay = page.getByRole('button', { name: /^Пополнить на 600.₽ и оплатить$/ });
    await pay.waitFor();
    // In another tab, say.
    await anna.call('POST', '/v1/wallet/top-ups', { amount: { amount: 50_000, currency: 'RUB' } });
    await pay.click();
    await page.getByText(again.changed).waitFor();
    await page.getByRole('button', { name: /^Пополнить на 100.₽ и оплатить$/ }).click();
    await page.locator('.answer .pill', { hasText: 'Оплачен' }).waitFor();
    assert.equal(await balanceOf(anna), 0);
  });
});
