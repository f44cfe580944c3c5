import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '#harness/eventually.ts';
import { freePort } from '#harness/free-port.ts';
import { barriersOn, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { ready, temporaryHome } from '#harness/system/start.ts';
import { type LabOrder, verdictOf } from '../../console/model/fault-lab.ts';
import { faultLab } from '../../console/texts/fault-lab.ts';
import { button, goTo, opened, signIn, wordsOf } from './steps.ts';

// The page of the fault lab, on a system of `npm start -- --lab` and on one without.

const OPERATOR = 'operator@localhost.localdomain';

const ORDER: LabOrder = {
  number: 1,
  id: 'x',
  faults: [],
  changed: false,
  answer: null,
  status: null,
  steps: [],
  checks: [],
  complete: false,
  problem: null,
};

test('one wrong value makes the verdict, and what is not known keeps it open', () => {
  const check = (ok: boolean | null) =>
    ({ name: 'answer', expected: '201', observed: '201', ok }) as const;
  const verdict = (...oks: (boolean | null)[]) => verdictOf({ ...ORDER, checks: oks.map(check) });
  assert.equal(verdict(true, true), 'as-expected');
  assert.equal(verdict(true, null), 'open');
  assert.equal(verdict(null, false), 'differs');
  const failed = { ...ORDER, id: null, complete: true, checks: [check(null)] };
  assert.equal(verdictOf(failed), 'not-placed');
});

test('the fault lab in a browser', { skip: skipWithoutChromium }, async (t) => {
  const { home, start } = await temporaryHome(t);
  // The start without the lab returns to this port.
  const port = String(await freePort());
  const system = start(port, {}, ['--lab']);
  const url = await ready(system);
  // Written once the screen is printed.
  const password = await eventually(
    'the operator’s password',
    async () =>
      (await readFile(join(home, 'operator-password'), 'utf8').catch(() => '')).trim() || false,
  );
  const browser = await startBrowser(t, url);

  for (const language of ['en', 'ru'] as const) {
    await t.test(`a fault is switched on, and its effect is shown: ${language}`, async (t) => {
      const locale = language === 'ru' ? 'ru-RU' : 'en-US';
      const { page } = await browser.openPage(t, {
        locale,
        size: language === 'ru' ? 'phone' : 'desktop',
      });
      const [words, texts] = [wordsOf(language), faultLab[language]];
      await page.goto('/sign-in');
      await signIn(page, words, OPERATOR, password);
      await opened(page, words.overview.title);
      await goTo(page, words, 'faultLab');
      await opened(page, texts.title);
      await button(page, `${texts.turnOn}: ${texts.faults['broker-away'].name}`).click();
      const off = `${texts.turnOff}: ${texts.faults['broker-away'].name}`;
      await button(page, off).waitFor();
      await button(page, texts.place).click();
      // The newest is the first.
      const order = page.locator('.lab-order').first();
      await order.getByText(texts.during(texts.faults['broker-away'].name)).waitFor();
      const row = (name: string) =>
        order.locator('tr', { has: page.getByRole('rowheader', { name, exact: true }) });
      await row(texts.checks.waits).locator('.pill.good').waitFor();
      await row(texts.checks.answer).locator('.pill.good').waitFor();
      await checkWidthAndBarriers(page);

      await page.reload();
      await button(page, off).waitFor();
      await button(page, texts.allOff).click();
      await button(page, `${texts.turnOn}: ${texts.faults['broker-away'].name}`).waitFor();
      await order.getByText(texts.verdicts['as-expected'], { exact: true }).waitFor();
      assert.ok((await order.locator('.lab-steps li').count()) > 5);
      await checkWidthAndBarriers(page);
    });
  }

  await t.test('without the lab the page says how to start it', async (t) => {
    system.child.kill('SIGTERM');
    await system.exited;
    await ready(start(port));
    const { page } = await browser.openPage(t, { locale: 'en-US' });
    await page.goto('/operator/fault-lab');
    await signIn(page, wordsOf('en'), OPERATOR, password);
    await page.getByRole('heading', { name: faultLab.en.off.title }).waitFor();
    await page.getByText('npm start -- --lab', { exact: true }).waitFor();
    assert.equal(await page.getByRole('link', { name: wordsOf('en').common.faultLab }).count(), 0);
    await checkWidthAndBarriers(page);
  });
});

/** No sideways scrolling, and no findings of axe, in the light and in the dark. */
async function checkWidthAndBarriers(page: Page): Promise<void> {
  await eventually('a page that fits the screen', () =>
    page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'),
  );
  assert.deepEqual(await barriersOn(page), []);
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await barriersOn(page, ['color-contrast']), []);
  await page.emulateMedia({ colorScheme: 'light' });
}
