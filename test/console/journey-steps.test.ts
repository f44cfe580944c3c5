import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Journey } from '#contracts/gateway.ts';
import type { JourneyStep } from '#contracts/journey.ts';
import type { LetterAttempt } from '#contracts/notifications.ts';
import { orderNumberOf } from '#contracts/order-number.ts';
import { eventually } from '#harness/eventually.ts';
import { barriersOn, startBrowser, type TestBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { orderOf, startTestSystem } from '#harness/system/system.ts';
import { button, type Language, signInAs, wordsOf } from './steps.ts';

// What an order's page shows of a journey that real orders have rarely: many attempts, a resend, the
// next step, and each ending. The browser gets a real answer with these members changed.

test('the steps of a journey in a browser', { skip: skipWithoutChromium }, async (t) => {
  const system = await startTestSystem(t);
  const browser = await startBrowser(t, system.url);
  const anna = await system.customer({ topUp: 50_000 });
  const { body: order } = await anna.call('POST', '/v1/orders', orderOf(100));
  const paid = await eventually('the end', async () => {
    const { body } = await anna.call('GET', `/v1/orders/${order.id}/journey`);
    return (body as Journey).complete && (body as Journey);
  });
  const show = (own: TestContext, changed: Journey, options: Options = {}) =>
    openJourney(own, { browser, email: anna.email, journey: changed, ...options });

  for (const language of ['ru', 'en'] as const) {
    await t.test(`twelve attempts are one row, without barriers: ${language}`, async (t) => {
      const words = wordsOf(language);
      const { page } = await show(t, withAttempts(paid), { language });
      const row = page.locator('.timeline details', { hasText: words.path.attempts(12) }).first();
      await row.waitFor();
      assert.equal(await page.locator('.timeline .step-what').count(), 9);
      assert.equal(await page.locator('svg .step').count(), 9);
      await row.locator('summary').first().click();
      // They are drawn after the row has opened.
      await row.locator('li .step-what').nth(11).waitFor();
      assert.equal(await row.locator('li .step-what').count(), 12);
      // With all records open, in both colour schemes.
      await openAll(page);
      assert.deepEqual(await barriersOn(page), []);
      await page.emulateMedia({ colorScheme: 'dark' });
      assert.deepEqual(await barriersOn(page, ['color-contrast']), []);
    });
  }

  await t.test(
    'the page says how long the client waited, who resent, and what comes',
    async (t) => {
      const { page } = await show(t, withAttempts(paid));
      const facts = page.locator('.journey > .facts');
      await facts.getByText(words.path.waited).waitFor();
      await facts.getByText(words.path.resentBy.operator).waitFor();
      await page.getByText(words.path.nexts.send).waitFor();
      const number = orderNumberOf(paid.order.id) ?? '';
      await page.getByRole('heading', { level: 1, name: number }).waitFor();
      assert.match(await page.title(), new RegExp(number));
    },
  );

  await t.test('a step opens by keyboard, with its records', async (t) => {
    const { page } = await show(t, paid);
    const step = page.locator('.step-line', { hasText: words.path.kinds.publish }).first();
    await step.locator('summary').first().focus();
    await page.keyboard.press('Enter');
    await step.getByText(words.path.details.route).waitFor();
    await step.getByText(words.path.raw.event).click();
    await step.locator('pre', { hasText: `"${paid.event?.id}"` }).waitFor();
    await page.keyboard.press('Enter');
  });

  await t.test('each ending has its words', async (t) => {
    for (const ending of ['open', 'failed', 'discarded', 'expired'] as const) {
      const { page } = await show(t, { ...paid, ending, complete: ending !== 'open' });
      await page.getByText(words.path.endings[ending]).waitFor();
    }
  });

  await t.test('an answer of an older gateway is shown as well', async (t) => {
    const { waitedMs: _1, ending: _2, next: _3, resends: _4, ...older } = paid;
    const steps = older.steps.map(({ durationMs: _, ...step }) => step);
    const { page } = await show(t, { ...older, steps });
    await page.getByText(words.path.endings.delivered).waitFor();
    assert.equal(await page.getByText(words.path.waited).count(), 0);
  });

  await t.test('the journey is saved as JSON and as text, and the trace is copied', async (t) => {
    const { page, context } = await show(t, withAttempts(paid));
    const json = JSON.parse(await saved(page, words.path.exportJson));
    assert.equal(json.order.id, paid.order.id);
    assert.equal(json.letter.attempts.length, 12);
    const text = await saved(page, words.path.exportText);
    assert.match(text, /450 4\.2\.0 try later/);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await button(page, words.common.copyOf(words.path.trace)).first().click();
    await page.getByText(words.common.copied).first().waitFor();
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), paid.traceId);
  });

  await t.test('on a phone the timeline needs no scrolling sideways', async (t) => {
    const { page } = await show(t, withAttempts(paid), { size: 'phone' });
    await page.setViewportSize({ width: 390, height: 844 });
    await openAll(page);
    const widths = await page.evaluate<number[]>(
      "[document.scrollingElement, document.querySelector('.timeline')].map((one) => one.scrollWidth - one.clientWidth)",
    );
    assert.deepEqual(widths, [0, 0]);
    assert.equal(await page.locator('.diagram').isVisible(), false);
  });
});

const words = wordsOf('ru');

interface Options {
  language?: Language;
  size?: 'phone' | 'desktop';
}

async function openJourney(
  t: TestContext,
  given: { browser: TestBrowser; email: string; journey: Journey } & Options,
) {
  const { browser, email, journey, language = 'ru', size = 'desktop' } = given;
  const locale = language === 'ru' ? 'ru-RU' : 'en-US';
  const opened = await browser.openPage(t, { locale, size });
  await opened.context.route('**/journey', (route) => route.fulfill({ json: journey }));
  await signInAs(opened.page, wordsOf(language), email);
  await opened.page.goto(`/orders/${journey.order.id}`);
  await opened.page.locator('.timeline').waitFor();
  return opened;
}

/** Opens all records: those within a step are drawn when it is open. */
async function openAll(page: Page): Promise<void> {
  const open = "document.querySelectorAll('details').forEach((one) => { one.open = true })";
  const counts = "document.querySelectorAll('.inner').length";
  await eventually('all records', async () => {
    const before = await page.evaluate<number>(counts);
    await page.evaluate(open);
    await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))');
    return before > 0 && before === (await page.evaluate<number>(counts));
  });
}

async function saved(page: Page, name: string): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, name).click()]);
  return readFile(await download.path(), 'utf8');
}

/** The journey with eleven failed attempts more, and the next one to come. */
function withAttempts(paid: Journey): Journey {
  const start = Date.parse(paid.order.updatedAt);
  const letter = paid.letter as NonNullable<Journey['letter']>;
  const [tried] = letter.attempts as [LetterAttempt];
  const response = '450 4.2.0 try later';
  const attempts = Array.from({ length: 12 }, (_, index): LetterAttempt => {
    const startedAt = new Date(start + index * 500_000).toISOString();
    return { ...tried, number: index + 1, startedAt, outcome: 'transient', response };
  });
  const before = paid.steps.filter(({ attempt }) => attempt === null);
  const base = { from: 'notifications', to: 'smtp', detail: null } as const;
  const steps = attempts.flatMap(({ number, startedAt: at }): JourneyStep[] => [
    { ...base, kind: 'send', at, attempt: number, outcome: 'done', durationMs: 40 },
    { ...base, kind: 'reply', at, attempt: number, outcome: 'failed', detail: response },
  ]);
  const waiting = { ...base, kind: 'send', at: null, attempt: 13, outcome: 'waiting' } as const;
  return {
    ...paid,
    steps: [...before, ...steps, waiting],
    letter: { ...letter, state: 'queued', attempts },
    waitedMs: 34,
    ending: 'open',
    next: { kind: 'send', at: new Date(Date.now() + 3_600_000).toISOString() },
    resends: [{ at: new Date(start).toISOString(), by: 'operator' }],
    complete: false,
  };
}
