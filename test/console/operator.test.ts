import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import type { OperatorLetter } from '#contracts/notifications.ts';
import type { Overview } from '#contracts/operator.ts';
import { ORDER_UPDATE_TYPE } from '#contracts/order-update-message.ts';
import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { type SmtpStep, startTestSmtpServer } from '#harness/faults/smtp-server.ts';
import { answeredWith, call } from '#harness/requests.ts';
import { barriersOn, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, rub, startTestSystem, stop, type TestCustomer } from '#harness/system/system.ts';
import { audit } from '../../console/texts/audit.ts';
import { records } from '../../console/texts/records.ts';
import { search } from '../../console/texts/search.ts';
import { button, goTo, link, opened, plain, signIn, signInAs, textsOf, wordsOf } from './steps.ts';

// The operator's pages: what they show is what the API says, and what they do is done.

const words = wordsOf('ru');
const BLOCKED = { at: 'rcpt', do: 'reply', reply: '550 5.7.1 blocked by a list' } as const;
const SUSPENDED = { at: 'mail', do: 'reply', reply: '550 5.7.1 account is suspended' } as const;
const REFUSAL: SmtpStep = { at: 'rcpt', do: 'reply', reply: '550 5.1.1 no such user' };

test('the operator’s pages in a browser', { skip: skipWithoutChromium }, async (t) => {
  let refuses = false;
  let blocks = false;
  let suspended = false;
  const choose = () => (suspended ? SUSPENDED : blocks ? BLOCKED : refuses ? REFUSAL : undefined);
  const server = await startTestSmtpServer(t, { choose });
  const system = await startTestSystem(t, {
    SMTP_URL: server.url,
    // No recovery, unless a test starts a gateway for it.
    RECOVERY_AGE_MS: '600000',
  });
  const browser = await startBrowser(t, system.url);
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 1_000 });
  const letters = await browser.openPage(t);
  // One sign-in for all: the page of each test has the session of this one.
  await letters.page.goto('/operator');
  await signInHere(letters.page, system.secrets.operatorPassword);
  const { page } = letters;

  await t.test('a customer finds no such pages', async (t) => {
    const { page } = await browser.openPage(t);
    await signInAs(page, words, anna.email);
    for (const path of ['/operator', '/operator/letters', '/operator/ledger']) {
      await page.goto(path);
      await opened(page, words.common.notFound);
    }
    const nav = page.getByRole('navigation', { name: words.common.nav });
    assert.equal(await nav.getByRole('link', { name: words.common.ledger }).count(), 0);
  });

  await t.test('the overview says what the API says', async () => {
    await anna.call('POST', '/v1/orders', orderOf(100));
    await anna.call('POST', '/v1/orders', orderOf(100_000));
    await goTo(page, words, 'overview');
    // Each service refreshes its counts only at intervals.
    const counts = await eventually('both orders and their letters', async () => {
      const { orders, notifications } = await overviewOf(operator);
      const all = orders && notifications && { ...orders.latest, ...notifications.letters };
      return all?.sent === 2 && all.paid === 1 && all.cancelled === 1 && all;
    });
    const { statuses } = words.overview;
    const { filters: states } = words.operator.letters;
    for (const [label, count] of [
      [statuses.Paid, counts.paid],
      [statuses.Cancelled, counts.cancelled],
      [statuses.Pending, counts.pending],
      [states.sent, counts.sent],
      [states.failed, counts.failed],
    ] as const) {
      await eventually(`${label}: ${count}`, async () => (await countOn(page, label)) === count);
    }
    assert.deepEqual(await barriersOn(page), []);
  });

  await t.test('the audit trail shows each entry, and finds those of an id', async () => {
    const path = `/v1/operator/wallets/${anna.customerId}/top-ups`;
    const { body: topUp } = await operator.call('POST', path, { amount: rub(7) });
    const reason = `${anna.email} <b>twice</b>`;
    const reversal = `/v1/operator/wallets/${anna.customerId}/operations/${topUp.id}/reversal`;
    assert.equal((await operator.call('POST', reversal, { reason })).status, 201);
    const texts = audit.ru;
    await page.locator('.menu-button').click();
    await link(page, words.common.audit).click();
    await opened(page, texts.title);
    const entry = page
      .getByRole('row')
      .filter({ hasText: texts.actions['reverse-top-up'] as string });
    const shown = plain(await entry.first().textContent());
    assert.match(shown, /Причина: .\*\*\*@example\.com <b>twice<\/b>/);
    assert.ok(shown.includes(texts.services.billing), shown);
    await entry.first().locator(`a[href$="subject=${anna.customerId}"]`).waitFor();
    assert.ok(!(await page.content()).includes(anna.email));
    assert.deepEqual(await barriersOn(page), []);
    await page.getByLabel(texts.search).fill(` ${topUp.id.toUpperCase()} `);
    await page.locator('main').getByRole('button', { name: texts.find }).click();
    await page.waitForURL(/subject=/);
    await eventually('the two entries', async () => {
      const rows = page.locator('tbody tr');
      const about = rows.filter({ has: page.locator(`a[href$="subject=${topUp.id}"]`) });
      return (await rows.count()) === 2 && (await about.count()) === 2;
    });
    await page.getByLabel(texts.search).fill(randomUUID());
    await page.locator('main').getByRole('button', { name: texts.find }).click();
    await page.getByText(texts.noneHint).waitFor();
    await link(page, texts.all).click();
    await entry.first().waitFor();
  });

  await t.test('a letter that was refused is sent again with a click', async () => {
    refuses = true;
    const { body: order } = await anna.call('POST', '/v1/orders', orderOf(100));
    const letter = async () =>
      (await operator.call('GET', `/v1/operator/letters?orderId=${order.id}`)).body.data[0];
    await eventually('the refusal', async () => (await letter())?.state === 'failed');
    await goTo(page, words, 'letters');
    await page.getByText('550 5.1.1').waitFor();
    assert.deepEqual(await barriersOn(page), []);
    await page.locator('.dense a[href*="/operator/letters/"]').first().click();
    const early = await hideAttempt(page, 2);
    await button(page, words.operator.letters.resend).click();
    await early.read;
    await page.getByText(words.repair.outcomes.failed).waitFor();
    refuses = false;
    await button(page, words.operator.letters.resend).click();
    await page.locator('.outcome.good').getByText(words.repair.outcomes.sent).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    assert.equal((await letter()).state, 'sent');
    assert.deepEqual(server.messages.at(-1)?.to, [anna.email]);
    assert.equal(server.messages.length, 3);
  });

  await t.test(
    'failed letters are sent again by their reason, once it is said how many',
    async () => {
      const texts = words.operator.letters.resendMany;
      refuses = true;
      for (let i = 0; i < 2; i++) await anna.call('POST', '/v1/orders', orderOf(100));
      const failed = async () => (await overviewOf(operator)).notifications?.letters.failed;
      await eventually('two failed letters', async () => (await failed()) === 2);
      refuses = false;
      const before = server.messages.length;
      await goTo(page, words, 'letters');
      const filterBy = async (reason: string) => {
        await page.getByLabel(records.ru.names.failure).fill(reason);
        await button(page, records.ru.apply).click();
        await page.waitForURL((url) => url.searchParams.get('failure') === reason);
        await page.getByText(texts.title).click();
      };
      await filterBy('no such host');
      await button(page, texts.look).click();
      await page.getByText(texts.found('0')).waitFor();
      await filterBy('NO SUCH user');
      await page.getByLabel(texts.failedSince).fill('2026-01-01T00:00');
      await button(page, texts.look).click();
      await page.getByText(texts.found('2')).waitFor();
      assert.deepEqual(await barriersOn(page), []);
      assert.equal(server.messages.length, before);
      await button(page, texts.confirm('2')).click();
      await page.getByText(texts.done('2')).waitFor();
      await eventually('both letters', async () => server.messages.length === before + 2);
      await page.getByText(words.repair.none, { exact: true }).waitFor();
    },
  );

  await t.test('a refusal that is about us is on the overview, with what to check', async () => {
    blocks = true;
    await anna.call('POST', '/v1/orders', orderOf(100));
    await goTo(page, words, 'overview');
    await page.getByText(words.overview.refused(BLOCKED.reply)).waitFor();
    await page.getByText(words.overview.refusalFix.policy).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    blocks = false;
    const sent = server.messages.length + 1;
    await eventually('the letter', async () => server.messages.length === sent);
  });

  await t.test('a mail server that is paused is on the overview until it is back', async () => {
    suspended = true;
    await Promise.all([1, 2, 3].map(() => anna.call('POST', '/v1/orders', orderOf(1))));
    await goTo(page, words, 'overview');
    const paused = page.getByText(words.overview.paused(new URL(server.url).host, SUSPENDED.reply));
    await paused.waitFor();
    assert.deepEqual(await barriersOn(page), []);
    const sent = server.messages.length + 3;
    suspended = false;
    await eventually('the letters', async () => server.messages.length === sent);
    await paused.waitFor({ state: 'detached' });
  });

  await t.test(
    'an event that is no letter is shown, and refused again with its reason',
    async () => {
      const headers = { ce_id: randomUUID(), ce_type: ORDER_UPDATE_TYPE };
      const value = Buffer.from('{"orderId":');
      await system.broker.publish({ key: 'foreign', value, headers });
      await eventually('the dead letter', async () => {
        const { body } = await operator.call('GET', '/v1/operator/dead-letters');
        return body.data.length === 1;
      });
      await goTo(page, words, 'deadLetters');
      await page.getByText('the value is not JSON').waitFor();
      assert.deepEqual(await barriersOn(page), []);
      await button(page, words.operator.deadLetters.redriveAll).click();
      await page.getByText(words.operator.deadLetters.result('0', '1', '1')).waitFor();
      await page.locator('.repairs a[href*="/dead-letters/"]').click();
      await page.getByText('{"orderId":').waitFor();
      await button(page, words.operator.deadLetters.redrive).click();
      await page.getByRole('alert').getByText('the value is not JSON').waitFor();
      assert.deepEqual(await barriersOn(page), []);
    },
  );

  await t.test('orders that have not ended come and go by themselves', async () => {
    await goTo(page, words, 'pending');
    await page.getByText(words.operator.pending.none).waitFor();
    const hasty = await system.startExtraGateway({
      ORDER_DEADLINE_MS: '300',
      RECOVERY_AGE_MS: '500',
      RECOVERY_INTERVAL_MS: '100',
    });
    const start = await stop(system, 'billing');
    const key = { 'idempotency-key': randomUUID() };
    const { body: order } = await answeredWith(202, () =>
      call(hasty.url, 'POST', '/v1/orders', {
        headers: { authorization: `Bearer ${anna.token}`, ...key },
        body: orderOf(100),
      }),
    );
    await page.locator('.row-error').first().waitFor();
    assert.deepEqual(await barriersOn(page), []);
    await start();
    await page.getByText(words.operator.pending.none).waitFor();
    await hasty.close();
    await goTo(page, words, 'overview');
    await page.getByRole('searchbox', { name: search.ru.label }).fill(order.id);
    await page.keyboard.press('Enter');
    await page.getByText(words.path.recovered).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    // The reconciliation counts letters twice, so none may come in between.
    await eventually('its letter', async () => {
      const { body } = await operator.call('GET', `/v1/operator/letters?orderId=${order.id}`);
      return body.data[0]?.state === 'sent';
    });
  });

  await t.test('one click starts the reconciliation', async () => {
    await goTo(page, words, 'ledger');
    await button(page, words.operator.ledger.start).click();
    await page.getByText(words.operator.ledger.verdict.agree).waitFor();
    const { body } = await operator.call('GET', '/v1/operator/ledger/verify');
    assert.equal(body.ok, true);
    const checked = page.locator('[aria-labelledby=ledger-checked] dd');
    const { orders, letters: count, wallets, events } = body.checked;
    assert.deepEqual((await textsOf(checked)).map(Number), [orders, count, wallets, events]);
    assert.deepEqual(await barriersOn(page), []);
  });

  await t.test('a customer’s wallet is topped up', async () => {
    await goTo(page, words, 'overview');
    await link(page, words.overview.topUp).click();
    await page.getByRole('searchbox', { name: search.ru.label }).fill(anna.email);
    await page.keyboard.press('Enter');
    await page.getByLabel(words.wallet.amount).fill('12,50');
    const before = (await anna.call('GET', '/v1/wallet')).body.balance.amount;
    await button(page, words.wallet.topUp).click();
    assert.deepEqual(await barriersOn(page), []);
    await button(page, words.operator.wallets.confirm('12,50\u00a0₽')).dblclick();
    await page.locator('.notice.good').waitFor();
    assert.equal((await anna.call('GET', '/v1/wallet')).body.balance.amount, before + 1_250);
    assert.deepEqual(await barriersOn(page), []);
  });

  // Runs last: this letter has no order, which the reconciliation would report.
  await t.test('an event that can be read by now becomes its letter with a click', async () => {
    const message = {
      orderId: randomUUID(),
      customerId: anna.customerId,
      version: 2,
      status: 'Paid',
      previousStatus: 'Pending',
      total: rub(100),
      paymentOperationId: randomUUID(),
      reason: null,
      occurredAt: new Date().toISOString(),
    };
    // As a newer version, which reads what the older one could not.
    await queryRows(
      system.databaseUrl('notifications'),
      `update dead_letters set value = convert_to('${JSON.stringify(message)}', 'UTF8')`,
    );
    await goTo(page, words, 'deadLetters');
    await page.locator('.repairs a[href*="/dead-letters/"]').click();
    await button(page, words.operator.deadLetters.redrive).click();
    await page.getByText(words.operator.deadLetters.became).waitFor();
    await eventually('the letter', async () => {
      const { body } = await anna.call('GET', `/v1/letters?orderId=${message.orderId}`);
      return body.data[0]?.state === 'sent';
    });
  });
  // The system closes before this page does: a reading under way would be refused.
  await page.goto('about:blank');
});

async function signInHere(page: Page, password: string): Promise<void> {
  await page.getByText(words.signIn.needed).waitFor();
  await signIn(page, words, OPERATOR_EMAIL, password);
  await opened(page, words.overview.title);
}

/**
 * Once, the page reads a letter as it is for a moment: its state is recorded, the attempt that led
 * to it is not yet.
 * @returns resolves when it was read so, in an object, since a promise would be waited for
 */
async function hideAttempt(page: Page, number: number): Promise<{ read: Promise<void> }> {
  const read = Promise.withResolvers<void>();
  let hidden = false;
  await page.route(/\/v1\/operator\/letters\/[^/?]+$/, async (route) => {
    const response = await route.fetch();
    const letter = (await response.json()) as OperatorLetter;
    if (hidden || letter.attempts.at(-1)?.number !== number) return route.fulfill({ response });
    hidden = true;
    const json = { ...letter, attempts: letter.attempts.slice(0, -1) };
    await route.fulfill({ response, json });
    read.resolve();
  });
  return { read: read.promise };
}

async function overviewOf(operator: TestCustomer): Promise<Overview> {
  return (await operator.call('GET', '/v1/operator/overview')).body;
}

/** The figure next to a name on the overview. */
async function countOn(page: Page, label: string): Promise<number> {
  const place = page.locator('.count').filter({ has: page.getByText(label, { exact: true }) });
  return Number(plain(await place.locator('dd').textContent()));
}
