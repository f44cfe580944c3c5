import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  foreignAnswers,
  foreignOrderAnswers,
  type Replacement,
  type ReplacingProxy,
  startReplacingProxy,
} from '#harness/foreign-answers.ts';
import { type OpenPage, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { startTestSystem, type TestCustomer } from '#harness/system/system.ts';
import { orderAgain } from '../../console/texts/order-again.ts';
import {
  answerOn,
  button,
  fillOrder,
  goTo,
  link,
  opened,
  orderShown,
  plain,
  signIn,
  signInAs,
  wordsOf,
} from './steps.ts';

// A proxy lets requests through and answers in place of the gateway: nothing is done twice.

const words = wordsOf('ru');
const BOOK = { name: 'Книга', quantity: '2', price: '150' };
const ORDERS = /^\/v1\/orders$/;
const TOP_UPS = /top-ups$/;
const asItIs: Replacement = (real) => real;

interface Replaced extends OpenPage {
  proxy: ReplacingProxy;
  anna: TestCustomer;
}

test('the console behind a proxy that answers by itself', {
  skip: skipWithoutChromium,
}, async (t) => {
  const system = await startTestSystem(t);
  const proxy = await startReplacingProxy(t, system.url);
  const browser = await startBrowser(t, proxy.url);
  const open = async (t: TestContext): Promise<Replaced> => {
    const anna = await system.customer({ topUp: 50_000 });
    const opened = await browser.openPage(t);
    proxy.replace(/^/, asItIs);
    await signInAs(opened.page, words, anna.email);
    opened.allow('status of', '/v1/');
    return { ...opened, proxy, anna };
  };
  const orders = { ...foreignAnswers, ...foreignOrderAnswers };
  await t.test('an order is charged once, even if another server answers', async (t) => {
    const replaced = await open(t);
    for (const name of ORDER_ANSWERS) await ordersOnce(replaced, orders[name] as Replacement, name);
    const paid = ORDER_ANSWERS.map(() => -3_000);
    assert.deepEqual(await sumsOf(replaced.anna), [...paid, 50_000]);
  });
  for (const [name, check] of Object.entries(CHECKS)) {
    await t.test(name, async (t) => check(await open(t)));
  }
  await t.test('an operator’s top-up is done once', async (t) => {
    const { page, anna } = await open(t);
    await page.evaluate('localStorage.clear()');
    await page.goto('/sign-in');
    const email = 'operator@localhost.localdomain';
    await signIn(page, words, email, system.secrets.operatorPassword);
    await page.waitForURL('**/operator');
    await page.goto(`/operator/wallets?customer=${anna.customerId}`);
    proxy.replace(TOP_UPS, foreignAnswers['204'] as Replacement);
    await page.getByLabel(words.wallet.amount).fill('1 000,50');
    await button(page, words.wallet.topUp).click();
    await button(page, words.operator.wallets.confirm('1\u00a0000,50\u00a0₽')).click();
    await page.getByText(words.operator.wallets.unknown.title).waitFor();
    proxy.replace(TOP_UPS, asItIs);
    await button(page, words.common.sameKey).click();
    await page.locator('.notice.good').waitFor();
    assert.deepEqual(await sumsOf(anna), [100_050, 50_000]);
  });
});

// One of each kind that a browser treats in its own way; all of them are judged by the module
// whose test has the whole table.
const ORDER_ANSWERS = [
  '504 of a load balancer',
  '429 of a proxy',
  '200 login page',
  '307 to itself',
  '204',
  'garbage called gzip',
  'another order',
];

/** Sends an order whose answer is replaced until the button that repeats it is pressed. */
async function ordersOnce(
  { page, proxy, allow }: Replaced,
  replacement: Replacement,
  name: string,
): Promise<void> {
  allow('ERR_', '/v1/orders');
  proxy.replace(ORDERS, replacement);
  await fillOrder(page, words, [{ ...BOOK, price: '15' }]);
  const before = proxy.posts.length;
  await button(page, words.newOrder.submit).click();
  await page.getByText(words.newOrder.unknown.title).waitFor();
  // A submitted order cannot be changed, nor submitted under another key.
  assert.equal(await button(page, words.newOrder.submit).count(), 0);
  assert.ok(await page.getByLabel(words.newOrder.price).isDisabled());
  proxy.replace(ORDERS, asItIs);
  await button(page, words.common.sameKey).click();
  await orderShown(page);
  assert.equal(await answerOn(page), 'Оплачен', name);
  const keys = proxy.posts.slice(before).map(({ key }) => key);
  assert.ok(keys.length >= 2, name);
  assert.equal(new Set(keys).size, 1, name);
}

const CHECKS: Record<string, (replaced: Replaced) => Promise<void>> = {
  async 'one lost answer is retried automatically'({ page, proxy, anna }) {
    await fillOrder(page, words, [BOOK]);
    proxy.replace(ORDERS, foreignAnswers['502 null'] as Replacement, 1);
    await button(page, words.newOrder.submit).click();
    await orderShown(page);
    assert.deepEqual(await sumsOf(anna), [-30_000, 50_000]);
  },

  async 'the key survives a reload and a refusal that comes later'({ page, proxy, anna }) {
    await fillOrder(page, words, [BOOK]);
    proxy.replace(ORDERS, foreignAnswers['502 null'] as Replacement);
    await button(page, words.newOrder.submit).click();
    await page.getByText(words.newOrder.unknown.title).waitFor();
    proxy.replace(ORDERS, ours(400, 'invalid-request'));
    await page.reload();
    await page.getByText(words.newOrder.unknown.title).waitFor();
    await page.getByText('Отказ. Подробности').waitFor();
    proxy.replace(ORDERS, asItIs);
    await button(page, words.common.sameKey).click();
    await orderShown(page);
    assert.deepEqual(await sumsOf(anna), [-30_000, 50_000]);
  },

  async 'the key survives a token that expires in between'({ page, proxy, anna }) {
    await fillOrder(page, words, [BOOK]);
    proxy.replace(ORDERS, foreignAnswers['502 null'] as Replacement);
    await button(page, words.newOrder.submit).click();
    await page.getByText(words.newOrder.unknown.title).waitFor();
    proxy.replace(ORDERS, ours(401, 'unauthenticated'));
    await button(page, words.common.sameKey).click();
    await page.getByText(words.signIn.expired).waitFor();
    proxy.replace(ORDERS, asItIs);
    await signIn(page, words, anna.email);
    await orderShown(page);
    assert.deepEqual(await sumsOf(anna), [-30_000, 50_000]);
  },

  async 'a refusal of the first request ends it'({ page, proxy, anna }) {
    await fillOrder(page, words, [BOOK]);
    proxy.replace(ORDERS, ours(400, 'invalid-request'), 1);
    await button(page, words.newOrder.submit).click();
    await page.getByText('Подробности').waitFor();
    assert.ok(await button(page, words.newOrder.submit).isEnabled());
    assert.equal(await page.getByText(words.newOrder.unknown.title).count(), 0);
    assert.equal((await anna.call('GET', '/v1/orders')).body.data.length, 1);
  },

  async 'a discarded order is not sent again, and the form is usable again'({ page, proxy }) {
    await fillOrder(page, words, [BOOK]);
    proxy.replace(ORDERS, foreignAnswers['502 null'] as Replacement);
    await button(page, words.newOrder.submit).click();
    await button(page, words.common.giveUp).click();
    assert.ok(await button(page, words.newOrder.submit).isEnabled());
    proxy.replace(ORDERS, asItIs);
    const before = proxy.posts.length;
    await page.reload();
    await opened(page, words.newOrder.title);
    await page.locator('.sums').waitFor();
    assert.equal(proxy.posts.length, before);
  },

  async 'a top-up is done once, also after a reload'({ page, proxy, anna }) {
    await goTo(page, words, 'wallet');
    await page.getByLabel(words.wallet.amount).fill('1 000,50');
    assert.match(plain(await page.locator('.hint').textContent()), /1 000,50 ₽$/);
    proxy.replace(TOP_UPS, foreignAnswers['200 empty object'] as Replacement);
    await button(page, words.wallet.topUp).click();
    await page.getByText(words.wallet.unknown.title).waitFor();
    proxy.replace(TOP_UPS, asItIs);
    await page.reload();
    await page.locator('.notice.good').waitFor();
    assert.deepEqual(await sumsOf(anna), [100_050, 50_000]);
    assert.equal(await page.getByLabel(words.wallet.amount).inputValue(), '');
  },

  async 'topping up and ordering again is done once'({ page, proxy, anna }) {
    await fillOrder(page, words, [{ name: 'Шкаф', quantity: '1', price: '800' }]);
    await button(page, words.newOrder.submit).click();
    await orderShown(page);
    proxy.replace(ORDERS, foreignAnswers['504 of a load balancer'] as Replacement);
    const declined = page.url();
    await link(page, words.order.again).click();
    const pay = button(page, orderAgain.ru.topUpAndPay('300\u00a0₽'));
    await pay.click();
    await page.getByText(orderAgain.ru.unknown).waitFor();
    proxy.replace(ORDERS, asItIs);
    await pay.click();
    await page.waitForURL((url) => !url.href.startsWith(declined));
    await orderShown(page);
    assert.equal(await answerOn(page), 'Оплачен');
    assert.deepEqual(await sumsOf(anna), [-80_000, 30_000, 50_000]);
  },

  async 'a page from another server does not sign the customer out, and the page recovers'({
    page,
    context,
  }) {
    let foreign = true;
    await context.route('**/v1/wallet', async (route) => {
      if (!foreign) return route.continue();
      return route.fulfill({ status: 401, contentType: 'text/html', body: 'login' });
    });
    await goTo(page, words, 'wallet');
    await page.getByText(words.common.foreign.title).waitFor();
    foreign = false;
    await page.locator('.balance .figure').waitFor();
  },
};

/** A problem of ours, which the gateway did not say. */
function ours(status: number, code: string): Replacement {
  const type = `urn:orderbell:problem:${code}`;
  const body = { type, status, code, title: 'Отказ', detail: 'Подробности', traceId: 'x' };
  return () => ({
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify(body),
  });
}

/** Every movement of the wallet, newest first. */
async function sumsOf(customer: TestCustomer): Promise<number[]> {
  const { body } = await customer.call('GET', '/v1/wallet/operations');
  return body.data.map((one: { amount: { amount: number } }) => one.amount.amount);
}
