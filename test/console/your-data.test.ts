import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { eventually } from '#harness/eventually.ts';
import { barriersOn, startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { PASSWORD, startTestSystem } from '#harness/system/system.ts';
import { yourData } from '../../console/texts/your-data.ts';
import { button, newAccount, opened, register, signIn, wordsOf } from './steps.ts';

const words = wordsOf('ru');
const texts = yourData.ru;

test('a customer keeps a copy of the own data, and erases them', {
  skip: skipWithoutChromium,
}, async (t) => {
  const system = await startTestSystem(t, { RECOVERY_INTERVAL_MS: '100' });
  const browser = await startBrowser(t, system.url);
  const { page, allow } = await browser.openPage(t);
  const anna = newAccount('Аннушка');
  await register(page, words, anna);
  await page.goto('/profile');
  await opened(page, words.profile.title);
  assert.deepEqual(await barriersOn(page), []);

  const waiting = page.waitForEvent('download');
  await button(page, texts.export).click();
  const download = await waiting;
  assert.equal(download.suggestedFilename(), 'orderbell-export.json');
  const copy = JSON.parse(await readFile(await download.path(), 'utf8'));
  assert.deepEqual([copy.profile.name, copy.account.email], [anna.name, anna.email]);

  const erase = async (password: string) => {
    await page.getByLabel(texts.password).fill(password);
    await page.getByLabel(texts.agree).check();
    await button(page, texts.erase).click();
  };
  allow('status of 403', '/v1/account/erasure');
  await erase('a wrong password');
  await page.getByText('Нынешний пароль не подходит').waitFor();
  await erase(PASSWORD);
  await button(page, words.signIn.submit).waitFor();
  const operator = await system.operator();
  await eventually('the erasure', async () => {
    const path = `/v1/operator/customers/${copy.customerId}/erasure`;
    return (await operator.call('GET', path)).body.state === 'done';
  });
  allow('status of 401', '/v1/sessions');
  await signIn(page, words, anna.email);
  await page.getByText('Вход не выполнен').waitFor();
});
