import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Provider } from 'oidc-provider';
import type { Page } from 'playwright-core';
import { eventually } from '#harness/eventually.ts';
import { startBrowser } from '#harness/system/browser.ts';
import { skipWithoutChromium } from '#harness/system/chromium.ts';
import { startTestSystem } from '#harness/system/system.ts';
import { button, fillItem, holds, link, opened, sendOrder, signOut, wordsOf } from './steps.ts';

// Signing in where a real OpenID Connect provider keeps the accounts: code, PKCE, JWT for our API;
// renewal with rotated refresh tokens and without them; signing out.

const words = wordsOf('ru');
const AUDIENCE = 'https://orderbell.test/api';
const CLIENT = 'orderbell-console';
const EMAIL = 'anna@example.com';

// Tokens that end while the test runs; the console renews them after two thirds of it.
const SHORT_TTL_S = 9;

/** A system whose console signs people in at a provider of its own. */
async function startSystemWithIssuer(t: TestContext, options: ProviderOptions) {
  const issuer = await openIssuer(t, options);
  const system = await startTestSystem(t, {
    OIDC_ISSUER: issuer.url,
    OIDC_AUDIENCE: AUDIENCE,
    OIDC_CLIENT_ID: CLIENT,
  });
  issuer.serve(`${system.url}/sign-in`, system.url);
  const browser = await startBrowser(t, system.url);

  async function openPage(t: TestContext) {
    const opened = await browser.openPage(t);
    opened.allow('', issuer.url);
    // The provider's own pages for trying out ask for a font.
    opened.allow('', 'fonts.googleapis.com');
    return opened;
  }
  return { issuer, openPage };
}

test('people sign in and out on the page of an external issuer', {
  skip: skipWithoutChromium,
}, async (t) => {
  const { issuer, openPage } = await startSystemWithIssuer(t, { ttlS: 300, refresh: true });

  await t.test(
    'they go on at the page that they had asked for, with their own wallet',
    async (t) => {
      const { page } = await openPage(t);
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
    const { page } = await openPage(t);
    await page.goto('/sign-in');
    await button(page, words.signIn.issuer).click();
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.getByText(words.signIn.issuerFailed).waitFor();
    await button(page, words.signIn.issuer).click();
    await signInAtIssuer(page);
    await opened(page, words.home.hello('anna'));
  });

  await t.test('an answer that this tab did not request does not sign in', async (t) => {
    const { page } = await openPage(t);
    await page.goto('/sign-in?code=stolen&state=foreign');
    await page.getByText(words.signIn.issuerFailed).waitFor();
    await page.goto('/wallet');
    await opened(page, words.signIn.title);
  });

  await t.test('signing out ends the session at the issuer, too', async (t) => {
    const { page } = await openPage(t);
    await page.goto('/wallet');
    await button(page, words.signIn.issuer).click();
    await signInAtIssuer(page);
    await opened(page, words.wallet.title);
    await signOut(page, words);
    await page.getByRole('button', { name: 'Yes, sign me out' }).click();
    await opened(page, words.signIn.title);
    assert.equal(new URL(page.url()).pathname, '/sign-in');
    await button(page, words.signIn.issuer).click();
    // Nobody is signed in there: it asks for the password again.
    await signInAtIssuer(page);
    await opened(page, words.home.hello('anna'));
  });

  await t.test(
    'without an answer of the issuer, the person learns where they still are',
    async (t) => {
      const opened = await openPage(t);
      const { page } = opened;
      await page.goto('/sign-in');
      await button(page, words.signIn.issuer).click();
      await signInAtIssuer(page);
      await page.getByRole('heading', { name: words.home.hello('anna') }).waitFor();
      await opened.context.route(`${issuer.url}/**`, (route) => route.abort());
      await signOut(page, words);
      await page.getByText(words.common.onlyHere(new URL(issuer.url).host)).waitFor();
      assert.equal(await storedSession(page), null);
    },
  );
});

test('tokens are renewed by refresh tokens, of which each is used once by all tabs', {
  skip: skipWithoutChromium,
}, async (t) => {
  const { issuer, openPage } = await startSystemWithIssuer(t, { ttlS: SHORT_TTL_S, refresh: true });
  const { page, context, allow } = await openPage(t);
  // The wallet is empty.
  allow('406', '/v1/orders');
  await page.goto('/orders/new');
  await button(page, words.signIn.issuer).click();
  await signInAtIssuer(page);
  await opened(page, words.newOrder.title);
  await fillItem(page, words, 1, { name: 'Чай', quantity: '2', price: '50' });
  const others = await Promise.all([1, 2].map(() => context.newPage()));
  for (const other of others) {
    await other.goto('/wallet');
    await opened(other, words.wallet.title);
  }
  await eventually('three renewals', async () => {
    assert.deepEqual(issuer.faults(), []);
    return issuer.renewals() >= 3;
  });
  const row = page.getByRole('group', { name: words.newOrder.item(1), exact: true });
  await holds(row.getByLabel(words.newOrder.name), 'Чай');
  await sendOrder(page, words);

  // A browser that was closed: the token has ended meanwhile, the refresh token has not. The lock
  // keeps other tabs from renewing while this one leaves.
  await page.evaluate(`void navigator.locks.request('orderbell.renewal', () => {
    const session = JSON.parse(localStorage.getItem('orderbell.session'));
    session.expiresAt = Date.now() - 1_000;
    session.issued.renewAt = session.expiresAt;
    localStorage.setItem('orderbell.session', JSON.stringify(session));
    location.assign('/wallet');
    return new Promise(() => {});
  })`);
  await opened(page, words.wallet.title);
  await page.getByLabel(words.wallet.amount).waitFor();
  assert.deepEqual(issuer.faults(), []);
  // The system closes before these pages do: a reading under way would be refused.
  for (const each of [page, ...others]) await each.goto('about:blank');
});

test('without refresh tokens the session goes on by that of the issuer, and typed text stays', {
  skip: skipWithoutChromium,
}, async (t) => {
  const { issuer, openPage } = await startSystemWithIssuer(t, {
    ttlS: SHORT_TTL_S,
    refresh: false,
  });
  const { page, context } = await openPage(t);
  await page.goto('/wallet');
  await button(page, words.signIn.issuer).click();
  await signInAtIssuer(page);
  await opened(page, words.wallet.title);
  const first = await storedSession(page);
  await eventually('another token', async () => {
    const session = await storedSession(page);
    return session !== null && session.token !== first?.token;
  });
  await opened(page, words.wallet.title);
  assert.equal(new URL(page.url()).pathname, '/wallet');

  await page.getByLabel(words.wallet.amount).fill('100');
  await page.getByText(words.common.lapsed).waitFor();
  const [second] = await Promise.all([
    context.waitForEvent('page'),
    link(page, words.common.lapsedSignIn).click(),
  ]);
  // The issuer still knows the person.
  await opened(second, words.home.hello('anna'));
  await page.getByText(words.common.lapsed).waitFor({ state: 'hidden' });
  await holds(page.getByLabel(words.wallet.amount), '100');
  await button(page, words.wallet.topUp).click();
  await page.getByText(/Кошелёк пополнен/).waitFor();
  await second.close();

  // Without its session the issuer refuses silently: the page asks to sign in.
  await context.clearCookies();
  await page.goto('/letters');
  await page.getByText(words.signIn.expired).waitFor();
  assert.equal(new URL(page.url()).pathname, '/letters');
  assert.equal(issuer.renewals(), 0);
});

/** The session in the browser's storage; null without one, or while the page changes. */
async function storedSession(page: Page): Promise<{ token: string } | null> {
  try {
    return await page.evaluate("JSON.parse(localStorage.getItem('orderbell.session'))");
  } catch {
    return null;
  }
}

async function signInAtIssuer(page: Page): Promise<void> {
  await page.getByPlaceholder('Enter any login').fill('anna');
  await page.getByPlaceholder('and password').fill('whatever');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

interface ProviderOptions {
  /** How long access tokens last. */
  ttlS: number;
  /** Whether it gives refresh tokens; it rotates them, and a second use ends the session. */
  refresh: boolean;
}

interface Issuer {
  url: string;
  /** Begins to answer, once the console's address is known. */
  serve(redirectUri: string, origin: string): void;
  /** Refresh tokens that were exchanged. */
  renewals: () => number;
  /** Refused token requests, and sessions that ended by reuse. */
  faults: () => string[];
}

/** A provider on 127.0.0.1 that takes any password; it ends with the test. */
async function openIssuer(t: TestContext, options: ProviderOptions): Promise<Issuer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const faults: string[] = [];
  let renewals = 0;
  return {
    url,
    serve(redirectUri, origin) {
      const provider = createProvider(url, redirectUri, origin, options);
      provider.on('grant.success', ({ oidc }) => {
        if (oidc.params?.grant_type === 'refresh_token') renewals++;
      });
      provider.on('grant.error', (_context, error) => void faults.push(error.message));
      provider.on('grant.revoked', () => void faults.push('a grant was revoked'));
      server.on('request', provider.callback());
    },
    renewals: () => renewals,
    faults: () => faults,
  };
}

function createProvider(
  url: string,
  redirectUri: string,
  origin: string,
  { ttlS, refresh }: ProviderOptions,
): Provider {
  return new Provider(url, {
    clients: [
      {
        client_id: CLIENT,
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [redirectUri],
        grant_types: ['authorization_code', ...(refresh ? ['refresh_token'] : [])],
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
    issueRefreshToken: async () => refresh,
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'openid email profile',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: ttlS,
        }),
      },
    },
  });
}
