import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Provider } from 'oidc-provider';
import type { Page } from 'playwright-core';
import { startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { startTestSystem } from '#harness/system/system.ts';
import { button, opened, wordsOf } from './steps.ts';

// Signing in where a real OpenID Connect provider keeps the accounts: code, PKCE, JWT for our API.

const words = wordsOf('ru');
const AUDIENCE = 'https://orderbell.test/api';
const CLIENT = 'orderbell-console';
const EMAIL = 'anna@example.com';

test('people sign in on the page of an external issuer', {
  skip: skipWithoutChromium,
}, async (t) => {
  const issuer = await openIssuer(t);
  const system = await startTestSystem(t, {
    OIDC_ISSUER: issuer.url,
    OIDC_AUDIENCE: AUDIENCE,
    OIDC_CLIENT_ID: CLIENT,
  });
  issuer.serve(`${system.url}/sign-in`, system.url);
  const browser = await startBrowser(t, system.url);

  async function openPage(t: TestContext): Promise<Page> {
    const opened = await browser.openPage(t);
    opened.allow('', issuer.url);
    // The provider's own pages for trying out ask for a font.
    opened.allow('', 'fonts.googleapis.com');
    return opened.page;
  }

  await t.test(
    'they go on at the page that they had asked for, with their own wallet',
    async (t) => {
      const page = await openPage(t);
      await page.goto('/wallet');
      await page.getByText(words.signIn.issuerLead(new URL(issuer.url).host)).waitFor();
      await button(page, words.signIn.issuer).click();
      await signInAtIssuer(page);
      await opened(page, words.wallet.title);
      await page.getByText(EMAIL).first().waitFor();
      const { pathname, search } = new URL(page.url());
      assert.deepEqual([pathname, search], ['/wallet', ''], 'nothing of the code is left');
      await page.getByLabel(words.wallet.amount).fill('100');
      await button(page, words.wallet.topUp).click();
      await page.getByText(/Кошелёк пополнен/).waitFor();
    },
  );

  await t.test('a refused sign-in is shown, and can be tried again', async (t) => {
    const page = await openPage(t);
    await page.goto('/sign-in');
    await button(page, words.signIn.issuer).click();
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.getByText(words.signIn.issuerFailed).waitFor();
    await button(page, words.signIn.issuer).click();
    await signInAtIssuer(page);
    await opened(page, words.home.hello('anna'));
  });

  await t.test('an answer that this tab did not request does not sign in', async (t) => {
    const page = await openPage(t);
    await page.goto('/sign-in?code=stolen&state=foreign');
    await page.getByText(words.signIn.issuerFailed).waitFor();
    await page.goto('/wallet');
    await opened(page, words.signIn.title);
  });
});

async function signInAtIssuer(page: Page): Promise<void> {
  await page.getByPlaceholder('Enter any login').fill('anna');
  await page.getByPlaceholder('and password').fill('whatever');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

interface Issuer {
  url: string;
  /** Begins to answer, once the console's address is known. */
  serve(redirectUri: string, origin: string): void;
}

/** A provider on 127.0.0.1 that takes any password; it ends with the test. */
async function openIssuer(t: TestContext): Promise<Issuer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    serve(redirectUri, origin) {
      server.on('request', createProvider(url, redirectUri, origin).callback());
    },
  };
}

function createProvider(url: string, redirectUri: string, origin: string): Provider {
  return new Provider(url, {
    clients: [
      {
        client_id: CLIENT,
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    clientBasedCORS: (_context, asking) => asking === origin,
    claims: { email: ['email'], profile: ['name'] },
    conformIdTokenClaims: false,
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: EMAIL, name: 'anna' }),
    }),
    extraTokenClaims: () => ({ email: EMAIL, email_verified: true, name: 'anna' }),
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'openid email profile',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
        }),
      },
    },
  });
}
