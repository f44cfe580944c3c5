import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, PASSWORD, startTestSystem } from '#harness/system/system.ts';
import { emptyRow, rowsOutsideTotal } from '../../console/model/order-form.ts';
import { yourData } from '../../console/texts/your-data.ts';
import { button, fillItem, signInAs, wordsOf } from './steps.ts';

const words = wordsOf('ru');

test('rows without a valid quantity and price are named, but not before they are filled', () => {
  const row = (name: string, quantity: string, price: string) => ({
    ...emptyRow(),
    ...{ name, quantity, price },
  });
  const rows = [row('a', '1', '5'), row('b', '0', '5'), row('c', '1', 'x'), row('', '1', '')];
  assert.deepEqual(rowsOutsideTotal(rows, 'RUB', false), [2, 3]);
  assert.deepEqual(rowsOutsideTotal(rows, 'RUB', true), [2, 3, 4]);
});

test('lists and the order form in a browser', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  const anna = await system.customer({ topUp: 50_000 });
  for (let index = 0; index < 21; index++) await anna.call('POST', '/v1/orders', orderOf(100));

  await t.test(
    '"back" returns to the row that was opened; "older" begins at the top',
    async (t) => {
      const { page } = await browser.openPage(t, { size: 'phone' });
      await signInAs(page, words, anna.email);
      await page.goto('/orders');
      await page.locator('.row').nth(15).waitFor();
      // At once, so that the page hears of the scrolling after the click.
      await page.evaluate(`{
        const row = document.querySelectorAll('.row')[15];
        row.scrollIntoView({ block: 'center' });
        row.click();
      }`);
      await page.locator('.timeline').waitFor();
      assert.equal(await page.evaluate('scrollY'), 0);
      const path = new URL(page.url()).pathname;
      await page.goBack();
      await eventually('the row has the focus', () =>
        page.evaluate<boolean>(`document.activeElement?.getAttribute('href') === '${path}'`),
      );
      assert.ok((await page.evaluate<number>('scrollY')) > 300);
      await page.getByRole('link', { name: words.common.older }).click();
      await page.getByRole('link', { name: words.common.newest }).waitFor();
      assert.equal(await page.evaluate('scrollY'), 0);
      assert.equal(await page.evaluate('document.activeElement?.tagName'), 'H1');
    },
  );

  await t.test('a new item gets the focus; the total says what it leaves out', async (t) => {
    const { page } = await browser.openPage(t);
    await signInAs(page, words, anna.email);
    await page.goto('/orders/new');
    await fillItem(page, words, 1, { name: 'Чай', quantity: '1', price: '100000' });
    await page.getByRole('link', { name: words.newOrder.toTopUp }).waitFor();
    await button(page, words.newOrder.addItem).click();
    await page.keyboard.type('Кофе');
    const second = page.getByRole('group', { name: words.newOrder.item(2), exact: true });
    assert.equal(await second.getByLabel(words.newOrder.name).inputValue(), 'Кофе');
    await page.getByText(words.newOrder.outsideTotal('позиция 2')).waitFor();
    await button(page, words.newOrder.submit).click();
    const price = second.getByLabel(words.newOrder.price);
    await price.and(page.locator('[aria-invalid]:focus')).waitFor();
    await second.getByRole('button', { name: words.newOrder.removeItem(2) }).click();
    const focused = 'document.activeElement?.value';
    await eventually('the first item', async () => (await page.evaluate(focused)) === 'Чай');
  });

  await t.test('what a field must be is said in our words, next to it', async (t) => {
    const { page } = await browser.openPage(t, { locale: 'en-US' });
    const english = wordsOf('en');
    await page.goto('/register');
    await button(page, english.register.submit).click();
    const fault = page.locator('.field', { hasText: english.register.name }).locator('.error');
    await fault.getByText(english.common.fields.required).waitFor();
    const focused = await page.evaluate('document.activeElement?.autocomplete');
    assert.equal(focused, 'name');
    await page.getByLabel(english.signIn.email).fill('a');
    await button(page, english.register.submit).click();
    await page.getByText(english.common.fields.email).waitFor();
  });

  await t.test('nothing is erased without the consent', async (t) => {
    const { page } = await browser.openPage(t);
    await signInAs(page, words, anna.email);
    await page.goto('/profile');
    let sent = 0;
    await page.route('**/v1/account/**', (route) => {
      sent += 1;
      return route.abort();
    });
    const form = page.getByRole('form', { name: erasing.eraseTitle });
    await form.getByLabel(erasing.password).fill(PASSWORD);
    await form.getByRole('button', { name: erasing.erase }).click();
    const agreed = form.getByRole('checkbox');
    assert.equal(await agreed.isChecked(), false);
    assert.equal(sent, 0);
  });
});

const erasing = yourData.ru;
