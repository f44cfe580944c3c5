import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { startTestSystem } from '#harness/system/system.ts';
import { button, fillOrder, opened, sendOrder, signOut, topUp, wordsOf } from '../console/steps.ts';

// The realm file with a real Keycloak, which runs already: KEYCLOAK_URL, KEYCLOAK_ADMIN_PASSWORD
// (docs/how-to/keycloak.md).

const { KEYCLOAK_URL: keycloak = '', KEYCLOAK_ADMIN_PASSWORD: adminPassword = '' } = process.env;
const words = wordsOf('en');
const PASSWORD = randomBytes(12).toString('hex');
// The console renews after two thirds of it.
const TOKEN_S = 15;

test('the realm file of Keycloak: sign in, order, renew, sign out', {
  skip: keycloak === '' ? 'KEYCLOAK_URL is not set' : skipWithoutChromium,
}, async (t) => {
  const name = `orderbell-${randomBytes(4).toString('hex')}`;
  const issuer = `${keycloak}/realms/${name}`;
  const system = await startTestSystem(t, {
    OIDC_ISSUER: issuer,
    OIDC_CLIENT_ID: 'orderbell-console',
    OPERATOR_CLAIM: 'realm_access.roles',
    WALLET_SELF_TOP_UP: 'true',
  });
  const ready = async () => call(system.url, 'GET', '/readyz');
  assert.deepEqual((await ready()).body, { status: 'unavailable', failed: ['keys'] });
  await importRealm(t, name, system.url);
  await eventually('readiness', async () => (await ready()).status === 200);

  const browser = await startBrowser(t, system.url);
  const openPage = async (own: TestContext) => {
    const one = await browser.openPage(own, { locale: 'en-US' });
    one.allow('', keycloak);
    return one.page;
  };

  await t.test('a customer', async (own) => {
    const page = await openPage(own);
    await page.goto('/wallet');
    await button(page, words.signIn.issuer).click();
    await signInAt(page, 'anna@example.com');
    await opened(page, words.wallet.title);
    const first = await sessionOf(page);
    await topUp(page, words, '100');
    await fillOrder(page, words, [{ name: 'Tea', quantity: '1', price: '40' }]);
    await sendOrder(page, words);
    const asked = (token: string, path: string) =>
      call(system.url, 'GET', path, { headers: { authorization: `Bearer ${token}` } });
    const { body } = await asked(first.token, '/v1/profile');
    assert.deepEqual([body.email, body.name], ['anna@example.com', 'Anna Ivanova']);
    for (const token of [first.issued.idToken, first.issued.refreshToken]) {
      assert.equal((await asked(token, '/v1/wallet')).status, 401);
    }
    await eventually('two renewals', async () => {
      const { token, issued } = await sessionOf(page);
      return token !== first.token && issued.refreshToken !== first.issued.refreshToken;
    });
    await signOut(page, words);
    await opened(page, words.signIn.title);
    await button(page, words.signIn.issuer).click();
    await page.locator('#username').waitFor();
  });

  await t.test('the operator', async (own) => {
    const page = await openPage(own);
    await page.goto('/operator');
    await button(page, words.signIn.issuer).click();
    await signInAt(page, 'operator@example.com');
    await opened(page, words.overview.title);
  });
});

interface StoredSession {
  token: string;
  issued: { idToken: string; refreshToken: string };
}

function sessionOf(page: Page): Promise<StoredSession> {
  return page.evaluate("JSON.parse(localStorage.getItem('orderbell.session'))");
}

async function signInAt(page: Page, email: string): Promise<void> {
  await page.locator('#username').fill(email);
  await page.locator('#password').fill(PASSWORD);
  await page.locator('#kc-login').click();
}

/** Imports the realm file under another name, for a console elsewhere, with two people. */
async function importRealm(t: TestContext, name: string, consoleUrl: string): Promise<void> {
  const file = new URL('../../deploy/keycloak/realm.json', import.meta.url);
  const realm = JSON.parse(await readFile(file, 'utf8'));
  const person = (email: string, firstName: string, realmRoles: string[]) => ({
    ...{ username: email, email, firstName, lastName: 'Ivanova', enabled: true, realmRoles },
    credentials: [{ type: 'password', value: PASSWORD }],
  });
  realm.realm = name;
  realm.accessTokenLifespan = TOKEN_S;
  realm.clients[0].redirectUris = [`${consoleUrl}/sign-in`];
  realm.users = [
    person('anna@example.com', 'Anna', []),
    person('operator@example.com', 'Olga', ['operator']),
  ];
  const made = await admin('', { method: 'POST', body: JSON.stringify(realm) });
  assert.equal(made.status, 201, await made.text());
  t.after(() => admin(`/${name}`, { method: 'DELETE' }));
}

async function admin(path: string, request: RequestInit): Promise<Response> {
  const answer = await fetch(`${keycloak}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: 'admin',
      password: adminPassword,
    }),
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return fetch(`${keycloak}/admin/realms${path}`, { ...request, headers });
}
