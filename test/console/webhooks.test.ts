import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { eventually } from '#harness/eventually.ts';
import { barriersOn, SIZES, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, startTestSystem } from '#harness/system/system.ts';
import { startWebhookReceiver, verifyWebhook } from '#harness/system/webhook-receiver.ts';
import { webhooks } from '../../console/texts/webhooks.ts';
import { button, goTo, link, opened, plain, signIn, signInAs, wordsOf } from './steps.ts';

// The operator connects another system by the console alone; the receiver is a real one.

const words = wordsOf('ru');
const texts = webhooks.ru;
const ENDPOINTS = '/v1/operator/webhook-endpoints';

test('the operator’s pages of webhooks', { skip: skipWithoutChromium }, async (t) => {
  const receiver = await startWebhookReceiver(t);
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 10_000 });
  const { page, allow, context } = await browser.openPage(t);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await signInHere(page, system.secrets.operatorPassword);
  const endpoint = async () => (await operator.call('GET', ENDPOINTS)).body.data[0];
  let secret = '';
  /** What came of orders: repeats of failed tests come at any time. */
  const ofOrders = () =>
    receiver.received.filter(({ body }) => JSON.parse(body).type === 'order.paid');

  await t.test('a wrong form is explained by the page, and by the API at its field', async () => {
    await page.getByText(texts.none).waitFor();
    await link(page, texts.add).click();
    await opened(page, texts.add);
    await button(page, texts.add).click();
    await page.getByText(texts.urlViolation).waitFor();
    await page.getByText(texts.descriptionViolation).waitFor();
    for (const label of [texts.statuses.Paid, texts.statuses.Cancelled]) {
      await page.getByLabel(label).uncheck();
    }
    await page.getByText(texts.eventsViolation).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    for (const wrong of ['shop', 'ftp://shop.example', `${receiver.url}#a`, 'https://u:p@a.b']) {
      await page.getByLabel(texts.url).fill(wrong);
      await page.getByText(texts.urlViolation).waitFor();
    }
    await page.getByLabel(texts.statuses.Paid).check();
    await page.getByLabel(texts.description).fill(' Магазин ');
    // A name that leads nowhere public is known to the API only.
    allow('status of 422', ENDPOINTS);
    await page.route(`**${ENDPOINTS}`, (route) => route.fulfill(refusal(system.url)), { times: 1 });
    await page.getByLabel(texts.url).fill(receiver.url);
    await button(page, texts.add).click();
    await page.locator('.field.invalid').getByText('нужен публичный адрес').waitFor();
    assert.equal(await endpoint(), undefined);
  });

  await t.test('the secret of a new endpoint is shown once, and can be copied', async () => {
    await button(page, texts.add).click();
    await page.getByText(texts.secret.once).waitFor();
    secret = await page.getByLabel(texts.secret.label).inputValue();
    assert.match(secret, /^whsec_/);
    assert.deepEqual(await barriersOn(page), []);
    await button(page, texts.secret.copy).click();
    await page.getByText(texts.secret.copied).waitFor();
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), secret);
    assert.partialDeepStrictEqual(await endpoint(), {
      url: receiver.url,
      description: 'Магазин',
      statuses: ['Paid'],
      state: 'enabled',
    });
    await link(page, texts.secret.toEndpoint).click();
    await opened(page, 'Магазин');
    await page.goBack();
    await opened(page, texts.add);
    assert.ok(!(await page.content()).includes(secret));
    await goTo(page, words, 'webhooks');
    await page.locator('.rows a.row').click();
    await opened(page, 'Магазин');
    assert.ok(!(await page.content()).includes('whsec_'));
  });

  await t.test('a test says what the receiver answered, and how it goes on', async () => {
    receiver.answer('hang');
    await button(page, texts.test.send).click();
    await page.getByText(texts.test.waiting).waitFor();
    await receiver.until(1);
    receiver.release(204);
    await page.getByText(texts.test.delivered(204)).waitFor();
    receiver.answer({ status: 500 });
    await button(page, texts.test.send).click();
    const failed = page.getByRole('alert').filter({ hasText: texts.test.refused(500) });
    await failed.getByText(texts.test.next).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    receiver.answer({ status: 204 });
    // The narrowest phones, and between a phone and a desktop, where the sections take most room.
    for (const width of [320, 768, 1_024]) {
      await page.setViewportSize({ width, height: 740 });
      assert.equal(await page.evaluate('document.scrollingElement.scrollWidth'), width);
    }
    await page.setViewportSize(SIZES.desktop);
    const [first] = receiver.received;
    assert.ok(first !== undefined);
    assert.partialDeepStrictEqual(verifyWebhook(first, secret), { type: 'webhook.test' });
    // A receiver that cannot be reached has no status.
    receiver.answer('cut');
    await button(page, texts.test.send).click();
    const cut = page.getByRole('alert').filter({ hasText: texts.test.failed('') });
    await cut.waitFor();
    assert.doesNotMatch(plain(await cut.textContent()), /ответил/);
    receiver.answer({ status: 204 });
  });

  await t.test('deliveries are found by state, endpoint and order, and sent again', async () => {
    const { body: paid } = await anna.call('POST', '/v1/orders', orderOf(100));
    const id = await eventually('the delivery', async () => {
      const path = `/v1/operator/webhook-deliveries?orderId=${paid.id}`;
      const [delivery] = (await operator.call('GET', path)).body.data;
      return delivery?.state === 'delivered' && delivery.id;
    });
    await goTo(page, words, 'webhooks');
    await link(page, texts.deliveries).click();
    await opened(page, texts.deliveries);
    await page.getByLabel(texts.delivery.order, { exact: true }).fill('17');
    await button(page, texts.delivery.find).click();
    await page.getByText(texts.delivery.orderViolation).waitFor();
    await page.getByLabel(texts.delivery.order, { exact: true }).fill(paid.id.toUpperCase());
    await page.getByLabel(texts.endpoint).selectOption({ label: 'Магазин' });
    await button(page, texts.delivery.find).click();
    await page.waitForURL(/order=/);
    const rows = page.locator('.rows a.row');
    await eventually('the one row', async () => (await rows.count()) === 1);
    assert.match(plain(await rows.textContent()), /Заказ оплачен.*Магазин · попыток: 1/);
    await link(page, texts.delivery.filters.dead).click();
    await page.getByText(texts.delivery.none).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('order'), paid.id.toUpperCase());
    assert.deepEqual(await barriersOn(page), []);
    await link(page, texts.delivery.filters.delivered).click();
    await rows.click();
    await opened(page, texts.delivery.one);
    assert.equal(page.url().split('/').at(-1), id);
    await page.getByText(texts.delivery.answered(204)).waitFor();
    receiver.answer({ status: 503 });
    await button(page, texts.delivery.again).click();
    await page.getByText(texts.test.refused(503)).waitFor();
    await page.goto(`/operator/webhooks/deliveries?state=queued&order=${paid.id}`);
    await page.locator('.row-error').getByText(texts.test.refused(503)).click();
    receiver.answer({ status: 204 });
    await button(page, texts.delivery.again).click();
    await page.getByText(texts.test.delivered(204)).waitFor();
    // More than three where the worker has repeated the refused one by itself: then the outcome
    // above may be of that, and one more attempt comes.
    await eventually('every attempt on the page', async () => {
      const count = await page.locator('.attempts > li').count();
      return count >= 3 && count === ofOrders().length;
    });
    const ids = ofOrders().map((webhook) => webhook.id);
    assert.deepEqual([...new Set(ids)], [await eventIdOn(page)]);
    assert.deepEqual(await barriersOn(page), []);
  });

  await t.test('events are sent again from a local time on, part by part', async () => {
    await page.locator('.facts a[href^="/operator/webhooks/"]').click();
    await opened(page, 'Магазин');
    await button(page, texts.replay.run).click();
    await page.getByText(texts.replay.sinceViolation).waitFor();
    await page.getByLabel(texts.replay.since).fill(await localTime(page, -3_600_000));
    const before = ofOrders().length;
    await button(page, texts.replay.run).click();
    await page.getByText(texts.replay.done('1')).waitFor();
    await eventually('the order again', async () => ofOrders().length > before);
    // Older than anything that is stored, and more than one part.
    const asked: string[] = [];
    await page.route('**/replay', async (route) => {
      const { since } = route.request().postDataJSON() as { since: string };
      asked.push(since);
      const next = asked.length === 1 ? '2026-02-01T00:00:00.000Z' : null;
      await route.fulfill({ json: { queued: 5_000, since, next } });
    });
    await page.getByLabel(texts.replay.since).fill('2026-01-31T10:30');
    await button(page, texts.replay.run).click();
    await page.getByText(texts.replay.more).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    await button(page, texts.replay.go).click();
    await page.getByText(texts.replay.done('10\u00a0000')).waitFor();
    const local = await page.evaluate("new Date('2026-01-31T10:30').toISOString()");
    assert.deepEqual(asked, [local, '2026-02-01T00:00:00.000Z']);
    await page.unroute('**/replay');
    await page.getByLabel(texts.replay.since).fill('2000-01-01T00:00');
    await button(page, texts.replay.run).click();
    await page.getByText(texts.replay.later).waitFor();
  });

  await t.test('a new secret is asked for, and the former one signs for a day', async () => {
    await button(page, texts.secret.rotate).click();
    await page.getByRole('group', { name: texts.secret.rotateAsk }).waitFor();
    // The focus is on the question: a second Enter confirms nothing.
    await page.keyboard.press('Enter');
    await button(page, texts.cancel).click();
    assert.equal((await endpoint()).previousSecretUntil, null);
    await button(page, texts.secret.rotate).click();
    await button(page, texts.secret.rotate).click();
    await page.getByText(texts.secret.rotated).waitFor();
    const rotated = await page.getByLabel(texts.secret.label).inputValue();
    assert.notEqual(rotated, secret);
    const { previousSecretUntil } = await endpoint();
    await page.locator(`.facts time[datetime="${previousSecretUntil}"]`).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    await button(page, texts.test.send).click();
    await page.getByText(texts.test.delivered(204)).waitFor();
    const [latest] = (await operator.call('GET', '/v1/operator/webhook-deliveries')).body.data;
    const webhook = receiver.received.find(({ id }) => id === latest.eventId);
    assert.ok(webhook !== undefined);
    for (const each of [secret, rotated]) verifyWebhook(webhook, each);
  });

  await t.test('an endpoint is changed, and disabled by an operator or by its 410', async () => {
    await page.getByText(texts.change, { exact: true }).click();
    await page.getByLabel(texts.description).fill('Склад');
    await page.getByLabel(texts.statuses.Cancelled).check();
    await button(page, texts.save).click();
    await opened(page, 'Склад');
    await page.getByText(texts.saved).waitFor();
    await button(page, texts.disable).click();
    await page.getByText(texts.reasons.operator).waitFor();
    assert.partialDeepStrictEqual(await endpoint(), {
      description: 'Склад',
      statuses: ['Paid', 'Cancelled'],
      state: 'disabled',
    });
    allow('status of 409', '/test');
    await button(page, texts.test.send).click();
    await page.getByText('Отключённому получателю ничего не отправляют').waitFor();
    assert.deepEqual(await barriersOn(page), []);
    await button(page, texts.enable).click();
    await button(page, texts.disable).waitFor();
    // The repetition of an earlier test would be answered 410 as well, and this test not be sent.
    await eventually('no delivery is left', async () => {
      const path = '/v1/operator/webhook-deliveries?state=';
      const lists = await Promise.all(
        ['queued', 'delivering'].map((state) => operator.call('GET', path + state)),
      );
      return lists.every(({ body }) => body.data.length === 0);
    });
    receiver.answer({ status: 410 });
    await button(page, texts.test.send).click();
    await page.getByText(texts.test.refused(410)).waitFor();
    await page.getByText(texts.reasons.gone).waitFor();
  });

  await t.test('an answer that is lost is not repeated, and the page says what to do', async () => {
    allow('ERR_', '/v1/');
    let sent = 0;
    await page.route('**/rotate-secret', async (route) => {
      sent += 1;
      await route.fetch();
      await route.abort('connectionreset');
    });
    await button(page, texts.secret.rotate).click();
    await page.getByRole('group', { name: texts.secret.rotateAgain }).waitFor();
    await button(page, texts.secret.rotate).click();
    await page.getByText(texts.open.rotate.detail).waitFor();
    await page.unroute('**/rotate-secret');
    assert.equal(sent, 1);
    await page.getByRole('link', { name: words.common.webhooks }).first().click();
    await link(page, texts.add).click();
    await page.route(`**${ENDPOINTS}`, (route) => route.abort('connectionreset'), { times: 1 });
    await page.getByLabel(texts.url).fill(receiver.url);
    await page.getByLabel(texts.description).fill('Второй');
    await button(page, texts.add).click();
    await page.getByText(texts.open.add.detail).waitFor();
  });

  await t.test('an endpoint is removed after a question', async () => {
    await goTo(page, words, 'webhooks');
    await page.locator('.rows a.row').click();
    await opened(page, 'Склад');
    await button(page, texts.remove.run).click();
    await page.getByRole('group', { name: texts.remove.ask('Склад') }).waitFor();
    await button(page, texts.cancel).click();
    assert.equal((await endpoint()).description, 'Склад');
    await button(page, texts.remove.run).click();
    await button(page, texts.remove.run).click();
    await page.getByText(texts.none).waitFor();
    assert.equal(await endpoint(), undefined);
  });

  await t.test(
    'a customer finds no such page, nor does an installation without webhooks',
    async (t) => {
      const { page: own } = await browser.openPage(t);
      await signInAs(own, words, anna.email);
      await own.goto('/operator/webhooks');
      await opened(own, words.common.notFound);
      const without = await browser.openPage(t);
      // As of a gateway without the setting, and of one of an older version.
      let webhooksOf: boolean | undefined = false;
      await without.page.route('**/console.json', async (route) => {
        const config = await (await route.fetch()).json();
        await route.fulfill({ json: { ...config, webhooks: webhooksOf } });
      });
      await signInHere(without.page, system.secrets.operatorPassword);
      for (const path of ['', '/new', '/deliveries', `/${randomUUID()}`]) {
        await without.page.goto(`/operator/webhooks${path}`);
        await without.page.getByText(texts.off).waitFor();
        webhooksOf = undefined;
      }
      assert.deepEqual(await barriersOn(without.page), []);
      const nav = without.page.getByRole('navigation', { name: words.common.nav });
      assert.equal(await nav.getByRole('link', { name: words.common.ledger }).count(), 1);
      assert.equal(await nav.getByRole('link', { name: words.common.webhooks }).count(), 0);
    },
  );
  // The system closes before this page does: a reading under way would be refused.
  await page.goto('about:blank');
});

async function signInHere(page: Page, password: string): Promise<void> {
  await page.goto('/operator/webhooks');
  await page.getByText(words.signIn.needed).waitFor();
  await signIn(page, words, OPERATOR_EMAIL, password);
  await opened(page, texts.title);
}

/** The API's answer to an address that is not public, which this set-up allows. */
function refusal(url: string) {
  const problem = {
    type: '/problems/webhook-address-refused',
    title: 'Адрес не подходит',
    status: 422,
    detail: 'Вебхуки отправляются только по https и только на публичные адреса.',
    instance: new URL(ENDPOINTS, url).pathname,
    code: 'webhook-address-refused',
    errors: [{ pointer: '#/url', rule: 'public-address', detail: 'нужен публичный адрес' }],
    traceId: 'a'.repeat(32),
    retryable: false,
  };
  return { status: 422, contentType: 'application/problem+json', body: JSON.stringify(problem) };
}

async function eventIdOn(page: Page): Promise<string | null> {
  return page
    .locator('.facts div', { hasText: texts.delivery.event })
    .locator('code')
    .textContent();
}

/** A moment as a field of the page takes it: in the browser's time. */
async function localTime(page: Page, fromNowMs: number): Promise<string> {
  return page.evaluate<string>(`(() => {
    const date = new Date(Date.now() + ${fromNowMs});
    const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
    return local.toISOString().slice(0, 16);
  })()`);
}
