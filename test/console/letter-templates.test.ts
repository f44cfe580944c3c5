import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderNumberOf } from '#contracts/order-number.ts';
import { eventually } from '#harness/eventually.ts';
import { barriersOn, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { startTestSystem, type TestSystem } from '#harness/system/system.ts';
import { renderLetter } from '#services/notifications/letter/template.ts';
import { letterStudio } from '../../console/texts/letter-studio.ts';
import { orderAgain } from '../../console/texts/order-again.ts';
import { timeZone } from '../../console/texts/time-zone.ts';
import {
  apiOf,
  button,
  newAccount,
  opened,
  orderShown,
  plain,
  register,
  signIn,
  signInAs,
  wordsOf,
} from './steps.ts';

// The letters of template version 2, the page where their link leads, and the operator's studio.

const words = wordsOf('ru');
const again = orderAgain.ru;
const studio = letterStudio.ru;
const SETTINGS = { LETTER_TEMPLATE: '2', PUBLIC_URL: 'https://shop.example' };
const ITEMS = [
  { name: 'Чай', quantity: 2, unitPrice: { amount: 30_000, currency: 'RUB' } },
  { name: 'Мёд', quantity: 1, unitPrice: { amount: 10_050, currency: 'RUB' } },
];

/** A declined order of 700.50 with 100 in the wallet. */
async function declinedOrder(system: TestSystem) {
  const anna = await system.customer({ topUp: 10_000 });
  const answer = await anna.call(
    'POST',
    '/v1/orders',
    { items: ITEMS },
    { 'idempotency-key': crypto.randomUUID() },
  );
  const id: string = answer.body.order.id;
  const operations = async () =>
    (await anna.call('GET', '/v1/wallet/operations')).body.data.map(
      ({ type, amount }: { type: string; amount: { amount: number } }) => [type, amount.amount],
    );
  return { anna, id, operations };
}

test('letters of version 2 in the console', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t, SETTINGS);
  const browser = await startBrowser(t, system.url);

  await t.test('a declined order is paid again by one button, and never twice', async (t) => {
    const { anna, id, operations } = await declinedOrder(system);
    const { page, allow } = await browser.openPage(t);
    // The second visit asks for another amount under the key of the first top-up.
    allow('422', '/v1/wallet/top-ups');
    await signInAs(page, words, anna.email);
    await page.goto(`/orders/${id}/again`);
    await opened(page, again.title(`№\u00a0${orderNumberOf(id)}`));
    const pay = page.getByRole('button', { name: /^Пополнить на 600,50.₽ и оплатить$/ });
    await pay.waitFor();
    assert.match(plain(await page.locator('.items').textContent()), /Чай2 × 300 ₽600 ₽Мёд/);
    await pay.dblclick();
    const paid = await orderShown(page);
    assert.notEqual(paid, id);
    assert.equal(await page.locator('.answer .pill').textContent(), 'Оплачен');
    const after = [
      ['charge', -70_050],
      ['top_up', 60_050],
      ['top_up', 10_000],
    ];
    assert.deepEqual(await operations(), after);

    // The link of the letter is still there: it leads to the order that was paid.
    await page.goto(`/orders/${id}/again`);
    await page.getByRole('button', { name: /^Пополнить на 700,50/ }).click();
    assert.equal(await orderShown(page), paid);
    assert.deepEqual(await operations(), after);

    await page.goto(`/orders/${paid}/again`);
    await page.getByText(again.notCancelled).waitFor();
  });

  await t.test('with enough money it tops up nothing', async (t) => {
    const { anna, id, operations } = await declinedOrder(system);
    await anna.call('POST', '/v1/wallet/top-ups', {
      amount: { amount: 100_000, currency: 'RUB' },
    });
    const { page } = await browser.openPage(t);
    await signInAs(page, words, anna.email);
    await page.goto(`/orders/${id}/again`);
    await page.getByRole('button', { name: /^Оплатить 700,50/ }).click();
    await orderShown(page);
    assert.deepEqual((await operations())[0], ['charge', -70_050]);
    assert.equal((await operations()).length, 3);
  });

  await t.test('a new customer gets letters in the time of the browser', async (t) => {
    const { page } = await browser.openPage(t);
    await register(page, words, newAccount());
    const api = await apiOf(page);
    const own = await page.evaluate<string>('Intl.DateTimeFormat().resolvedOptions().timeZone');
    assert.equal((await api('GET', '/v1/profile')).body.timeZone, own);
    await page.goto('/profile');
    await page.getByLabel(timeZone.ru.label).selectOption('Asia/Yekaterinburg');
    await button(page, words.profile.save).click();
    await page.getByText(words.profile.saved).waitFor();
    assert.equal((await api('GET', '/v1/profile')).body.timeZone, 'Asia/Yekaterinburg');
    const body = { email: 'a@example.com', name: 'A', locale: 'ru', timeZone: 'Mars/Olympus' };
    const refused = await api('PUT', '/v1/profile', body);
    assert.equal(refused.status, 400);
    assert.match(refused.body.errors[0].detail, /Mars\/Olympus/);
  });

  await t.test('the studio shows two versions of a past letter side by side', async (t) => {
    const { anna, id } = await declinedOrder(system);
    const operator = await system.operator();
    await eventually('the letter', async () => {
      const { body } = await operator.call('GET', `/v1/operator/letters?orderId=${id}`);
      return body.data[0]?.state === 'sent';
    });
    const { page } = await browser.openPage(t);
    await page.goto('/operator/letter-studio');
    await signIn(page, words, operator.email, system.secrets.operatorPassword);
    await opened(page, studio.title);
    await page.getByLabel(studio.find).fill(id);
    await button(page, studio.submit).click();
    const [first, second] = [1, 2].map((side) =>
      page.getByRole('region', { name: studio.side(side) }),
    ) as [ReturnType<typeof page.getByRole>, ReturnType<typeof page.getByRole>];
    const subjectIn = (side: typeof first) => side.locator('.letter-subject');
    await subjectIn(first).getByText(id).waitFor();
    await subjectIn(second)
      .getByText(orderNumberOf(id) as string)
      .waitFor();
    const shown = second.frameLocator('.letter-frame').frameLocator('iframe');
    await shown.getByText('Чай').waitFor();
    await second.getByLabel(studio.language).selectOption('en');
    await subjectIn(second).getByText('Letter of grief').waitFor();
    await page.getByLabel(timeZone.ru.label).selectOption('Asia/Tokyo');
    await page.getByText(studio.text, { exact: true }).click();
    await second.getByText('(Japan Standard Time)').waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await barriersOn(page), [], colorScheme);
    }
    // Looking at a letter is recorded, as everywhere.
    const { body: trail } = await operator.call('GET', '/v1/operator/audit?action=read-letter');
    assert.ok(
      trail.data.some((entry: { subject: object }) => {
        return (entry.subject as { customerId?: string }).customerId === anna.customerId;
      }),
    );
  });

  await t.test('every letter has enough contrast in light and in dark', async (t) => {
    const { page } = await browser.openPage(t);
    await page.goto('/sign-in');
    for (const [kind, reason] of [
      ['happiness', null],
      ['grief', 'insufficient-funds'],
      ['grief', 'voided'],
    ] as const) {
      const { html } = renderLetter(
        {
          ...{ kind, reason, locale: 'en', name: 'Anna', publicUrl: system.url },
          orderId: '0199a3c2-77aa-7c1e-9d3a-5f0b2c4d6e8f',
          total: { amount: 70_050, currency: 'RUB' },
          occurredAt: '2026-03-05T09:07:00.000Z',
          items: { first: ITEMS, count: 23 },
        },
        2,
      );
      // Without a base address, so that the policy of the console does not apply to its styles.
      await page.goto('about:blank');
      await page.setContent(html);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await barriersOn(page), [], `${kind} ${reason} ${colorScheme}`);
      }
    }
  });
});

test('where customers cannot top up themselves, the page says what to do', {
  skip: skipWithoutChromium,
}, async (t) => {
  const system = await startTestSystem(t, { WALLET_SELF_TOP_UP: 'false' });
  const browser = await startBrowser(t, system.url);
  const anna = await system.customer();
  const { body } = await anna.call(
    'POST',
    '/v1/orders',
    { items: ITEMS },
    { 'idempotency-key': crypto.randomUUID() },
  );
  const { page } = await browser.openPage(t);
  await signInAs(page, words, anna.email);
  await page.goto(`/orders/${body.order.id}/again`);
  await page.getByText(again.closed).waitFor();
  assert.equal(await page.locator('main button').count(), 0);
});
