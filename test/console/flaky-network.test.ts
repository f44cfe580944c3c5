import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page, Route } from 'playwright-core';
import type { ReplicaSet } from '#dev/system/replica-set.ts';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { type OpenPage, startBrowser, type TestBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import {
  startTestSystem,
  stop,
  type TestCustomer,
  type TestSystem,
} from '#harness/system/system.ts';
import { orderAgain } from '../../console/texts/order-again.ts';
import {
  answerOn,
  button,
  fillItem,
  fillOrder,
  goTo,
  link,
  opened,
  orderShown,
  plain,
  signIn,
  signInAs,
  signOut,
  wordsOf,
} from './steps.ts';

// Impatient people and flaky networks: nothing is lost, nothing is ordered twice.

const words = wordsOf('ru');
const BOOK = { name: 'Книга', quantity: '2', price: '150' };
const PATTERN = '**/v1/orders';

test('the console under rough use', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  for (const [name, check] of Object.entries(CHECKS)) {
    await t.test(name, async (t) => check(await openFor(t, system, browser)));
  }
});

/** A page of a customer with 500 roubles. */
interface Rough extends OpenPage {
  system: TestSystem;
  anna: TestCustomer;
  gateway: ReplicaSet;
}

async function openFor(t: TestContext, system: TestSystem, browser: TestBrowser): Promise<Rough> {
  const anna = await system.customer({ topUp: 50_000 });
  const open = await browser.openPage(t);
  await signInAs(open.page, words, anna.email);
  const gateway = system.system.services.get('gateway');
  if (gateway === undefined) throw new Error('there is no gateway');
  return { ...open, system, anna, gateway };
}

const CHECKS: Record<string, (rough: Rough) => Promise<void>> = {
  async 'reloading keeps what was typed into the order form'({ page, anna }) {
    await fillOrder(page, words, [BOOK, { name: 'Чай', quantity: '1', price: '' }]);
    await page.reload();
    assert.equal(await typedIn(page, 1, 'name'), 'Книга');
    assert.equal(await typedIn(page, 1, 'price'), '150');
    assert.equal(await typedIn(page, 2, 'name'), 'Чай');
    await fillItem(page, words, 2, { name: 'Чай', quantity: '1', price: '50' });
    await button(page, words.newOrder.submit).click();
    await orderShown(page);
    await oneOrder(anna, 35_000);
  },

  async 'reloading while the request is pending orders once'({ page, anna, allow }) {
    allow('ERR_', '/v1/orders');
    await fillOrder(page, words, [BOOK]);
    const { held, release } = await holdFirst(page, (route) => route.continue());
    await button(page, words.newOrder.submit).click();
    await held;
    await page.reload();
    await orderShown(page);
    release();
    assert.equal(await answerOn(page), 'Оплачен');
    await oneOrder(anna, 30_000);
  },

  async 'reloading before the answer of an order that was placed orders once'(rough) {
    const { page, anna, allow } = rough;
    allow('ERR_', '/v1/orders');
    await fillOrder(page, words, [BOOK]);
    const placed = Promise.withResolvers<void>();
    await page.route(
      PATTERN,
      async (route) => {
        await route.fetch();
        placed.resolve();
        // The answer never comes.
      },
      { times: 1 },
    );
    await button(page, words.newOrder.submit).click();
    await placed.promise;
    await page.reload();
    await orderShown(page);
    await oneOrder(anna, 30_000);
  },

  async 'an order’s page and the lists survive reloading'({ page }) {
    await fillOrder(page, words, [BOOK]);
    await button(page, words.newOrder.submit).click();
    await orderShown(page);
    await page.getByText(words.path.endings.delivered).waitFor();
    await page.reload();
    assert.equal((await orderShown(page)).length, 36);
    await goTo(page, words, 'orders');
    await link(page, words.orders.filters.Cancelled).click();
    await page.getByText(words.orders.noneOfKind).waitFor();
    await page.reload();
    await page.getByText(words.orders.noneOfKind).waitFor();
  },

  async 'back and forward lead through the pages, and not to a form that was sent'({ page }) {
    await fillOrder(page, words, [BOOK]);
    await button(page, words.newOrder.submit).click();
    const id = await orderShown(page);
    await page.goBack();
    await opened(page, words.orders.title);
    await page.getByText(BOOK.name).first().waitFor();
    await page.goForward();
    assert.equal(await orderShown(page), id);
    await goTo(page, words, 'wallet');
    await opened(page, words.wallet.title);
    await page.goBack();
    assert.equal(await orderShown(page), id);
  },

  async 'a double click orders once'({ page, anna }) {
    await fillOrder(page, words, [BOOK]);
    const asked = countAsked(page);
    await button(page, words.newOrder.submit).dblclick();
    await orderShown(page);
    assert.equal(asked(), 1);
    await oneOrder(anna, 30_000);
  },

  async 'two submits before the page is drawn again order once'({ page, anna }) {
    await fillOrder(page, words, [BOOK]);
    const asked = countAsked(page);
    await page.evaluate(`{
      const form = document.querySelector('form');
      form.requestSubmit();
      form.requestSubmit();
    }`);
    await orderShown(page);
    assert.equal(asked(), 1);
    await oneOrder(anna, 30_000);
  },

  async 'a double click tops up and orders again once'({ page, anna, allow }) {
    allow('status of 406', '/v1/orders');
    await fillOrder(page, words, [{ name: 'Шкаф', quantity: '1', price: '800' }]);
    await button(page, words.newOrder.submit).click();
    const declined = await orderShown(page);
    await link(page, words.order.again).click();
    await button(page, orderAgain.ru.topUpAndPay('300\u00a0₽')).dblclick();
    await page.waitForURL((url) => !url.pathname.includes(declined));
    await orderShown(page);
    assert.equal(await answerOn(page), 'Оплачен');
    const { body } = await anna.call('GET', '/v1/wallet/operations');
    const sums = body.data.map((one: { amount: { amount: number } }) => one.amount.amount);
    assert.deepEqual(sums, [-80_000, 30_000, 50_000]);
    assert.equal((await anna.call('GET', '/v1/orders')).body.data.length, 2);
  },

  async 'a session that ends asks to sign in at the same address, and the form is still filled'({
    page,
    anna,
    allow,
    system,
  }) {
    await page.clock.install();
    await page.reload();
    await fillOrder(page, words, [BOOK]);
    // Elsewhere: this page learns it when it renews its token.
    const token = await page.evaluate<string>(
      "JSON.parse(localStorage.getItem('orderbell.session')).token",
    );
    const headers = { authorization: `Bearer ${token}` };
    assert.equal(
      (await call(system.url, 'DELETE', '/v1/sessions/current', { headers })).status,
      204,
    );
    allow('status of 401', '/v1/');
    await page.clock.fastForward('01:00:05');
    await page.getByText(words.signIn.expired).waitFor();
    assert.equal(new URL(page.url()).pathname, '/orders/new');
    // This clock is an hour ahead of the gateway's from now on.
    await page.clock.resume();
    await signIn(page, words, anna.email);
    await opened(page, words.newOrder.title);
    assert.equal(await typedIn(page, 1, 'name'), BOOK.name);
    assert.equal(await typedIn(page, 1, 'price'), BOOK.price);
    await button(page, words.newOrder.submit).click();
    await orderShown(page);
    await oneOrder(anna, 30_000);
  },

  async 'a token that the gateway refuses asks to sign in, and the order continues'(rough) {
    const { page, anna, allow } = rough;
    allow('status of 401', '/v1/');
    await fillOrder(page, words, [BOOK]);
    // Both are wrong now; nothing in the page can know.
    await page.evaluate(`{
      const session = JSON.parse(localStorage.getItem('orderbell.session'));
      session.token = session.token.slice(0, -20) + 'A'.repeat(20);
      session.issued.refreshToken = 'A'.repeat(session.issued.refreshToken.length);
      localStorage.setItem('orderbell.session', JSON.stringify(session));
    }`);
    await page.reload();
    await page.getByText(words.signIn.expired).waitFor();
    await signIn(page, words, anna.email);
    await opened(page, words.newOrder.title);
    assert.equal(await typedIn(page, 1, 'name'), BOOK.name);
  },

  async 'signing out in one tab does so in the other, where another person then follows'(rough) {
    const { page, context, system } = rough;
    const boris = await system.customer({ name: 'Борис' });
    await goTo(page, words, 'wallet');
    await page.getByText('500').first().waitFor();
    const other = await context.newPage();
    await other.goto('/wallet');
    await opened(other, words.wallet.title);
    await signOut(other, words);
    await opened(page, words.signIn.title);
    assert.equal(await page.locator('.balance').count(), 0);
    await signInAs(other, words, boris.email);
    await opened(page, words.wallet.title);
    await page.locator('.balance .figure').waitFor();
    assert.equal(plain(await page.locator('.balance .figure').textContent()), '0 ₽');
    await page.getByText(words.wallet.noOperations).waitFor();
  },

  async 'a slow network: the button says that it works, and one order is placed'({ page, anna }) {
    await fillOrder(page, words, [BOOK]);
    const asked = countAsked(page);
    const { held, release } = await holdFirst(page, (route) => route.continue());
    await button(page, words.newOrder.submit).click();
    await held;
    const paying = button(page, words.newOrder.paying);
    assert.ok(await paying.isDisabled());
    release();
    await orderShown(page);
    assert.equal(asked(), 1);
    await oneOrder(anna, 30_000);
  },

  async 'a gateway that is gone when an order is sent: one order when it is back'(rough) {
    const { page, anna } = rough;
    await fillOrder(page, words, [BOOK]);
    const gateway = await stopGateway(rough);
    await button(page, words.newOrder.submit).click();
    await page.getByText(words.newOrder.repeating).waitFor();
    await gateway.start();
    await orderShown(page);
    assert.equal(await answerOn(page), 'Оплачен');
    await oneOrder(anna, 30_000);
  },

  async 'a gateway that restarts after an order was paid, before its answer: still one'(rough) {
    const { page, anna } = rough;
    allowOutage(rough);
    await fillOrder(page, words, [BOOK]);
    const { gateway } = rough;
    const cut = Promise.withResolvers<void>();
    await page.route(
      PATTERN,
      async (route) => {
        await route.fetch();
        await gateway.stop();
        await route.abort('connectionreset');
        cut.resolve();
      },
      { times: 1 },
    );
    await button(page, words.newOrder.submit).click();
    await cut.promise;
    await page.getByText(words.newOrder.repeating).waitFor();
    await gateway.start();
    await orderShown(page);
    await oneOrder(anna, 30_000);
  },

  async 'pages recover by themselves when the gateway is back'(rough) {
    const { page } = rough;
    const gateway = await stopGateway(rough);
    await goTo(page, words, 'wallet');
    await page.getByText(words.common.unreachable.detail).first().waitFor();
    await gateway.start();
    await page.locator('.balance .figure').waitFor();
    // Each part of the page asks again on its own.
    const notice = page.getByText(words.common.unreachable.detail);
    await eventually('no notice is left', async () => (await notice.count()) === 0);
  },

  async 'an open order page updates again after the gateway was down'(rough) {
    const { page, system } = rough;
    const start = await stop(system, 'notifications');
    await fillOrder(page, words, [BOOK]);
    await button(page, words.newOrder.submit).click();
    await orderShown(page);
    const gateway = await stopGateway(rough);
    // The loaded data stays on the page, with a line that gives its age.
    await page.locator('.stale').waitFor();
    assert.equal(await answerOn(page), 'Оплачен');
    await start();
    await gateway.start();
    await page.getByText(words.path.endings.delivered).waitFor();
    const stale = page.locator('.stale');
    await eventually('no notice is left', async () => (await stale.count()) === 0);
  },

  async 'offline: the page says so, and resumes when the network is back'(rough) {
    const { page, context, anna } = rough;
    allowOutage(rough);
    await fillOrder(page, words, [BOOK]);
    await context.setOffline(true);
    await button(page, words.newOrder.submit).click();
    await page.getByText(words.newOrder.repeating).waitFor();
    await goTo(page, words, 'orders');
    await page.getByText(words.common.unreachable.title).waitFor();
    await context.setOffline(false);
    await page.getByText(words.orders.none).or(page.locator('.rows')).waitFor();
    await link(page, words.orders.create).click();
    await orderShown(page);
    await oneOrder(anna, 30_000);
  },
};

function typedIn(page: Page, row: number, field: 'name' | 'price'): Promise<string> {
  const group = page.getByRole('group', { name: words.newOrder.item(row), exact: true });
  return group.getByLabel(words.newOrder[field]).inputValue();
}

/** Counts the orders that the page asks for from now on. */
function countAsked(page: Page): () => number {
  let asked = 0;
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/v1/orders')) asked += 1;
  });
  return () => asked;
}

/** Holds the page's first request for an order back until it is released. */
async function holdFirst(page: Page, go: (route: Route) => Promise<void>) {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  await page.route(
    PATTERN,
    async (route) => {
      held.resolve();
      await released.promise;
      // The page may be gone meanwhile.
      await go(route).catch(() => {});
    },
    { times: 1 },
  );
  return { held: held.promise, release: () => released.resolve() };
}

/** Stops the gateway when the page asks for nothing more. @returns it, to be started again */
async function stopGateway(rough: Rough): Promise<ReplicaSet> {
  const { gateway, page } = rough;
  await page.waitForLoadState('networkidle');
  allowOutage(rough);
  await gateway.stop();
  return gateway;
}

/** Lets requests fail without an answer, or with the 503 of a gateway that is stopping. */
function allowOutage({ allow }: Rough): void {
  // A busy browser asks for a font only when it draws the text.
  for (const part of ['/v1/', '/assets/']) {
    for (const text of ['ERR_', 'status of 503']) allow(text, part);
  }
}

/** The customer has exactly one order, and paid for it once. */
async function oneOrder(customer: TestCustomer, total: number): Promise<void> {
  const { body: orders } = await customer.call('GET', '/v1/orders');
  assert.equal(orders.data.length, 1);
  assert.equal(orders.data[0].total.amount, total);
  const { body: wallet } = await customer.call('GET', '/v1/wallet');
  assert.equal(wallet.balance.amount, 50_000 - total);
}
