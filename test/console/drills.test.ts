import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { ORDER_UPDATE_TYPE } from '#contracts/order-update-message.ts';
import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { eventually } from '#harness/eventually.ts';
import { type SmtpStep, startTestSmtpServer } from '#harness/faults/smtp-server.ts';
import { answeredWith, call } from '#harness/requests.ts';
import { barriersOn, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, rub, startTestSystem, stop } from '#harness/system/system.ts';
import { operatorLists } from '../../console/texts/operator-lists.ts';
import { search } from '../../console/texts/search.ts';
import { button, opened, signIn, signInAs, wordsOf } from './steps.ts';

// Five drills that an operator does with the pages alone, each from the overview. Their clicks and
// pages are limited; their times are printed for docs/how-to/operators-day.md.

const words = wordsOf('ru');
const { repair, overview } = words;
const lists = operatorLists.ru;
const NO_SUCH_USER: SmtpStep = { at: 'rcpt', do: 'reply', reply: '550 5.1.1 no such user' };

test('the operator’s day', { skip: skipWithoutChromium }, async (t) => {
  let refuses = false;
  const server = await startTestSmtpServer(t, {
    choose: () => (refuses ? NO_SUCH_USER : undefined),
  });
  // No recovery: the third drill ends its order by hand.
  const env = { SMTP_URL: server.url, RECOVERY_AGE_MS: '600000' };
  const system = await startTestSystem(t, env);
  const browser = await startBrowser(t, system.url);
  const operator = await system.operator();
  const anna = await system.customer({ topUp: 100_000, name: 'Анна' });
  const { page } = await browser.openPage(t);
  await page.goto('/operator');
  await signIn(page, words, OPERATOR_EMAIL, system.secrets.operatorPassword);
  await opened(page, overview.title);
  const attention = (text: string) => page.locator('.attention a').getByText(text);
  const allIsWell = () => page.getByText(overview.attention.nothing).waitFor();

  await t.test(
    'a failed letter is delivered once the customer corrected the address',
    async (t) => {
      refuses = true;
      await anna.call('POST', '/v1/orders', orderOf(100));
      const failed = attention(overview.attention.failed('1'));
      await page.goto('/operator');
      await failed.waitFor();
      const profile = (await browser.openPage(t)).page;
      await signInAs(profile, words, anna.email);
      await profile.goto('/profile');
      await drill(t, page, { clicks: 4, pages: 3 }, async (person) => {
        await person.click(failed);
        const row = page.locator('tbody tr').filter({ hasText: 'no such user' });
        // First the operator resends it. The row shows the outcome and stays.
        await person.click(row.getByRole('button'));
        await row.getByText(repair.outcomes.failed).waitFor();
        assert.deepEqual(await barriersOn(page), []);
        await person.click(row.getByRole('link', { name: /Письмо/ }));
        await page.getByText(repair.address.lead).waitFor();
        // The customer reads the operator's message and corrects the address.
        refuses = false;
        await profile.getByLabel(words.profile.email).fill(`anna-${randomUUID()}@example.com`);
        await button(profile, words.profile.save).click();
        await page.getByText(repair.address.changed).waitFor();
        await page.locator('.letter .pill.good').waitFor();
        assert.deepEqual(await barriersOn(page), []);
        await person.toOverview();
        await allIsWell();
      });
      assert.match(server.messages.at(-1)?.to[0] ?? '', /^anna-/);
    },
  );

  await t.test('a dead letter is tried again, and discarded until all is well', async (t) => {
    const headers = { ce_id: randomUUID(), ce_type: ORDER_UPDATE_TYPE };
    const value = Buffer.from('{"orderId":');
    await system.broker.publish({ key: 'foreign', value, headers });
    const dead = attention(overview.attention.deadLetters('1'));
    await page.goto('/operator');
    await dead.waitFor();
    await drill(t, page, { clicks: 6, pages: 2 }, async (person) => {
      await person.click(dead);
      const row = page.locator('tbody tr').filter({ hasText: 'not JSON' });
      await person.click(row.getByRole('button'));
      await row.getByText(repair.dead.refused('')).waitFor();
      await person.click(row.getByRole('checkbox'));
      assert.deepEqual(await barriersOn(page), []);
      await person.click(button(page, repair.dead.discard));
      await person.decide(repair.dead.discard, 'чужое событие');
      await page.getByText(repair.dead.discarded('1')).waitFor();
      assert.deepEqual(await barriersOn(page), []);
      await person.toOverview();
      await allIsWell();
    });
  });

  await t.test('a stuck order is settled', async (t) => {
    const hasty = await system.startExtraGateway({ ORDER_DEADLINE_MS: '300' });
    const start = await stop(system, 'billing');
    await answeredWith(202, () =>
      call(hasty.url, 'POST', '/v1/orders', {
        headers: { authorization: `Bearer ${anna.token}`, 'idempotency-key': randomUUID() },
        body: orderOf(200),
      }),
    );
    await start();
    const pending = attention(overview.attention.pending('1'));
    await page.goto('/operator');
    await pending.waitFor();
    await drill(t, page, { clicks: 4, pages: 2 }, async (person) => {
      await person.click(pending);
      const settle = page.locator('main').getByRole('button').getByText(lists.settle.button);
      await person.click(settle);
      await person.decide(lists.settle.button, 'клиент ждёт');
      await page.getByText('отменён: деньги не списаны').waitFor();
      await person.toOverview();
      await allIsWell();
    });
    await hasty.close();
  });

  await t.test('a wrong top-up is undone', async (t) => {
    const boris = await system.customer({ name: 'Борис' });
    const path = `/v1/operator/wallets/${boris.customerId}/top-ups`;
    await operator.call('POST', path, { amount: rub(70_000) });
    await drill(t, page, { clicks: 3, pages: 1 }, async (person) => {
      await person.find(boris.email);
      await person.click(button(page, words.operator.wallets.undoThis('700\u00a0₽')));
      const confirm = words.operator.wallets.undoThis('700\u00a0₽');
      await person.decide(confirm, 'не тот клиент');
      await page.getByText(words.operator.wallets.undone('700\u00a0₽', '0\u00a0₽')).waitFor();
    });
    assert.equal((await boris.call('GET', '/v1/wallet')).body.balance.amount, 0);
  });

  await t.test('“where is my order?” is answered by the customer’s address', async (t) => {
    const vera = await system.customer({ topUp: 1_000, name: 'Вера' });
    const { body: order } = await vera.call('POST', '/v1/orders', orderOf(300));
    await eventually('the letter', async () => {
      const { body } = await vera.call('GET', `/v1/letters?orderId=${order.id}`);
      return body.data[0]?.state === 'sent';
    });
    await drill(t, page, { clicks: 2, pages: 2 }, async (person) => {
      await person.find(vera.email);
      await person.click(page.locator(`a[href="/operator/orders/${order.id}"]`).first());
      await page.getByRole('heading', { name: words.order.journey }).waitFor();
      await page.getByText(words.letters.states.sent).first().waitFor();
    });
  });
  // The system closes before this page does: a reading under way would be refused.
  await page.goto('about:blank');
});

interface Person {
  click: (place: Locator) => Promise<void>;
  /** Gives the reason in the dialog that is open, and confirms. */
  decide: (confirm: string, reason: string) => Promise<void>;
  /** Searches in the box of every page. */
  find: (text: string) => Promise<void>;
  toOverview: () => Promise<void>;
}

/** Does a drill from the overview on; prints its time, and limits its clicks and pages. */
async function drill(
  t: TestContext,
  page: Page,
  most: { clicks: number; pages: number },
  steps: (person: Person) => Promise<void>,
): Promise<void> {
  if (new URL(page.url()).pathname !== '/operator') await page.goto('/operator');
  await opened(page, overview.title);
  const done = { clicks: 0, pages: 0 };
  let at = '/operator';
  const onPage = () => {
    const { pathname } = new URL(page.url());
    // The search itself is left at once where it finds one thing.
    if (pathname !== at && pathname !== '/operator/search') done.pages++;
    at = pathname;
  };
  page.on('framenavigated', onPage);
  const click = async (place: Locator) => {
    done.clicks++;
    await place.click();
  };
  const startedAt = performance.now();
  await steps({
    click,
    async decide(confirm, reason) {
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('textbox').fill(reason);
      await click(dialog.getByRole('button', { name: confirm, exact: true }));
    },
    async find(text) {
      await page.getByRole('searchbox', { name: search.ru.label }).fill(text);
      done.clicks++;
      await page.keyboard.press('Enter');
    },
    async toOverview() {
      const nav = page.getByRole('navigation', { name: words.common.nav });
      await click(nav.getByRole('link', { name: words.common.overview, exact: true }));
    },
  });
  page.off('framenavigated', onPage);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  t.diagnostic(`${seconds} s, ${done.clicks} clicks, ${done.pages} pages`);
  assert.ok(done.clicks <= most.clicks, `${done.clicks} clicks`);
  assert.ok(done.pages <= most.pages, `${done.pages} pages`);
}
