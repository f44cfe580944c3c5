import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { barriersOn, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { rub, startTestSystem, type TestCustomer } from '#harness/system/system.ts';
import { customerPage } from '../../console/texts/customer-page.ts';
import { operatorLists } from '../../console/texts/operator-lists.ts';
import { records } from '../../console/texts/records.ts';
import { button, link, opened, plain, signIn, signInAs, textsOf, wordsOf } from './steps.ts';

// Manual top-ups in a browser: the operator sees the customer before money moves, and undoes
// mistakes from the row.

const words = wordsOf('ru');
const texts = words.operator.wallets;
const lists = operatorLists.ru;

test('the operator’s page of a customer and the wallet', {
  skip: skipWithoutChromium,
}, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  const anna = await system.customer({ topUp: 50_000, name: 'Анна К.' });
  const { page, allow } = await browser.openPage(t);
  await page.goto('/operator/wallets');
  await signIn(page, words, OPERATOR_EMAIL, system.secrets.operatorPassword);
  // The address that wallets had.
  await opened(page, lists.customers.title);
  const find = async (text: string) => {
    await page.getByLabel(records.ru.names.customer, { exact: true }).fill(text);
    await button(page, records.ru.apply).click();
  };

  await t.test('an unknown customer is not found, and there is no top-up form', async () => {
    for (const nobody of ['pat@example.com', 'nobody']) {
      await find(nobody);
      await page.waitForURL((url) => url.searchParams.get('customer') === nobody);
      await page.getByText(lists.customers.none).waitFor();
    }
    assert.deepEqual(await barriersOn(page), []);
    await page.goto('/operator/customers/nobody');
    await page.getByText(customerPage.ru.unknown('nobody')).waitFor();
    assert.equal(await page.getByText(customerPage.ru.noProfile).count(), 0);
    assert.equal(await page.getByLabel(words.wallet.amount).count(), 0);
    assert.deepEqual(await barriersOn(page), []);
  });

  await t.test('a customer is found by address, and recognised before money moves', async () => {
    await page.goto('/operator/customers');
    await find(anna.email.toUpperCase());
    await link(page, 'Анна К.').click();
    await opened(page, `${customerPage.ru.title}: Анна К.`);
    await page.getByLabel(words.wallet.amount).waitFor();
    const profile = page.getByRole('region', { name: customerPage.ru.profile });
    const [name, email] = await textsOf(profile.locator('dd'));
    const [id] = await textsOf(profile.locator('code'));
    assert.deepEqual([name, id], ['Анна К.', anna.customerId]);
    assert.match(email as string, /^.\*\*\*@example\.com$/);
    await balanceShown(page, '500 ₽');
    assert.ok(page.url().endsWith(`/operator/customers/${anna.customerId}`));
    assert.deepEqual(await barriersOn(page), []);
  });

  await t.test(
    'by keyboard: a top-up needs confirmation, and a second Enter does not confirm',
    async () => {
      await page.getByLabel(words.wallet.amount).focus();
      await page.keyboard.type('1000');
      await page.keyboard.press('Enter');
      const question = texts.ask('1\u00a0000\u00a0₽', 'Анна К.');
      const focused = page.locator('[role=group]:focus').getByText(question);
      await focused.waitFor();
      await page.keyboard.press('Enter');
      // To «cancel» and back to the form, with what was typed.
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.locator('input:focus').waitFor();
      assert.equal(await page.getByLabel(words.wallet.amount).inputValue(), '1000');
      assert.deepEqual(await balanceOf(anna), rub(50_000));
      await page.keyboard.press('Enter');
      await focused.waitFor();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.getByText(texts.done('1\u00a0000\u00a0₽', '1\u00a0500\u00a0₽')).waitFor();
      assert.deepEqual(await balanceOf(anna), rub(150_000));
    },
  );

  await t.test('an answer that is lost and a reload add nothing twice', async () => {
    allow('ERR_', '/v1/');
    const keys = new Set<string | null>();
    page.on('request', (request) => {
      if (request.url().endsWith('/top-ups'))
        keys.add(request.headers()['idempotency-key'] ?? null);
    });
    // Done, and its answer lost, until the page is loaded again.
    let lost = Promise.withResolvers<void>();
    let losesAnswers = true;
    await page.route('**/top-ups', async (route) => {
      if (!losesAnswers) return route.continue();
      await route.fetch();
      // A repetition that the reload has cut needs no end.
      await route.abort('connectionreset').catch(() => {});
      lost.resolve();
    });
    await page.getByLabel(words.wallet.amount).fill('200');
    await button(page, words.wallet.topUp).click();
    await button(page, texts.confirm('200\u00a0₽')).click();
    await lost.promise;
    lost = Promise.withResolvers();
    await page.reload();
    await page.getByText(texts.resumed).waitFor();
    await lost.promise;
    losesAnswers = false;
    await page.getByText(texts.done('200\u00a0₽', '1\u00a0700\u00a0₽')).waitFor();
    assert.equal(keys.size, 1);
    assert.deepEqual(await balanceOf(anna), rub(170_000));
    // Nothing is left to resume.
    await page.reload();
    await page.getByLabel(words.wallet.amount).waitFor();
  });

  await t.test('the Escape key closes the reason’s dialog, and the focus returns', async () => {
    const undo = button(page, texts.undoThis('1\u00a0000\u00a0₽'));
    await undo.click();
    await page.getByLabel(texts.reason).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    const label = await page.evaluate<string>("document.activeElement.getAttribute('aria-label')");
    assert.equal(label, await undo.getAttribute('aria-label'));
    await balanceShown(page, '1 700 ₽');
  });

  await t.test('a top-up is undone with a reason, which the customer sees', async (t) => {
    await button(page, texts.undoThis('1\u00a0000\u00a0₽')).click();
    const form = page.getByRole('form', { name: texts.undoThis('1\u00a0000\u00a0₽') });
    const undo = form.getByRole('button', { name: texts.undoThis('1\u00a0000\u00a0₽') });
    await undo.click();
    await page.getByText(texts.reasonViolation).waitFor();
    await page.getByLabel(texts.reason).fill('не тот клиент');
    assert.deepEqual(await barriersOn(page), []);
    await undo.dblclick();
    await page.getByText(texts.undone('1\u00a0000\u00a0₽', '700\u00a0₽')).waitFor();
    assert.deepEqual(await balanceOf(anna), rub(70_000));
    await page.getByText(lists.operations.undone, { exact: true }).waitFor();
    await balanceShown(page, '700 ₽');
    assert.deepEqual(await barriersOn(page), []);

    const own = await browser.openPage(t);
    await signInAs(own.page, words, anna.email);
    await own.page.goto('/wallet');
    assert.match(
      await rowOf(own.page, 0),
      /^Отмена операции ?Причина: не тот клиент.*-1 000 ₽700 ₽$/,
    );
  });

  await t.test('a top-up that was spent cannot be undone: both sums are shown', async () => {
    const items = [{ name: 'Чай', quantity: 1, unitPrice: rub(30_000) }];
    assert.equal((await anna.call('POST', '/v1/orders', { items })).status, 201);
    await button(page, texts.undoThis('500\u00a0₽')).click();
    await page.getByLabel(texts.reason).fill('опечатка');
    const form = page.getByRole('form', { name: texts.undoThis('500\u00a0₽') });
    allow('409', '/v1/');
    await form.getByRole('button', { name: texts.undoThis('500\u00a0₽') }).click();
    await page.getByText(texts.excess('400\u00a0₽', '500\u00a0₽')).waitFor();
    await page.getByText(lists.operations.spent('500\u00a0₽')).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    assert.deepEqual(await balanceOf(anna), rub(40_000));
  });
  // The system closes before this page does: a reading under way would be refused.
  await page.goto('about:blank');
});

async function balanceShown(page: Page, sum: string): Promise<void> {
  const wallet = page.getByRole('region', { name: customerPage.ru.wallet });
  await wallet.locator('.figure', { hasText: new RegExp(sum.replaceAll(' ', '\\s')) }).waitFor();
}

async function balanceOf(customer: TestCustomer): Promise<unknown> {
  return (await customer.call('GET', '/v1/wallet')).body.balance;
}

/** The cells of a row, without the moment. */
async function rowOf(page: Page, index: number): Promise<string> {
  await page.locator('tbody tr').nth(index).waitFor();
  const text = plain(await page.locator('tbody tr').nth(index).textContent());
  return text.replaceAll('−', '-');
}
