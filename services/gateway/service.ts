import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { CurrencySetting } from '#contracts/common.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { settingsSchema } from '#platform/config/load-config.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { createHttpClient, type HttpClient } from '#platform/http/client.ts';
import { serveMetrics } from '#platform/http/metrics.ts';
import { createHttpServer, listen } from '#platform/http/server.ts';
import { createCredentials } from '#platform/http/service-token.ts';
import {
  listenerSettings,
  type RunningService,
  serveHealth,
} from '#platform/service/internal-service.ts';
import { createTokenCheck } from './auth/access-token.ts';
import { createIssuerKeys, discoverKeys } from './auth/issuer-keys.ts';
import type { Gateway } from './context/context.ts';
import type { Neighbours } from './context/service-clients.ts';
import { serveAccounts } from './forwards/account-routes.ts';
import { serveLetters } from './forwards/letter-routes.ts';
import { serveDeadLetters, serveOperatorLetters } from './forwards/operator-letter-routes.ts';
import { servePendingOrders } from './forwards/operator-order-routes.ts';
import { serveOperatorWallets } from './forwards/operator-wallet-routes.ts';
import { serveOverview } from './forwards/overview-routes.ts';
import { serveWallets } from './forwards/wallet-routes.ts';
import { serveJourneys } from './journey/journey-routes.ts';
import { serveOrders } from './orders/order-routes.ts';
import { contactMemoryIn } from './orders/provision-profile.ts';
import { startRecovery } from './orders/recovery-loop.ts';
import { serveLedger } from './reconciliation/ledger-routes.ts';
import { serveRepairs } from './reconciliation/repair-routes.ts';
import { limitSettings, limitWork } from './request-limits.ts';
import { type ConsoleFacts, serveConsole } from './web/console-routes.ts';
import { serveDocs } from './web/docs-routes.ts';
import { serveMailbox } from './web/mailbox-routes.ts';
import { answerHeadersOf } from './web/response-headers.ts';

const READ_DEADLINE_MS = 5_000;

const urls = (callee: string) =>
  Type.Array(Type.String({ format: 'http-url' }), {
    description: `Base URLs of ${callee}, comma-separated.`,
  });

const properties = {
  ...listenerSettings,
  PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535, description: 'Public port.' }),
  GATEWAY_PRIVATE_KEY: Type.String({
    format: 'ed25519-key',
    description: "Ed25519 key (PKCS#8 PEM) that signs the gateway's calls to the services.",
  }),
  ORDERS_URL: urls('orders'),
  BILLING_URL: urls('billing'),
  PROFILES_URL: urls('profiles'),
  NOTIFICATIONS_URL: urls('notifications'),
  IDENTITY_URL: Type.Optional(urls('identity; not used when OIDC_ISSUER is set')),
  OIDC_ISSUER: Type.Optional(
    Type.String({
      format: 'issuer-url',
      description: 'OpenID Connect issuer whose tokens are accepted instead.',
    }),
  ),
  OIDC_AUDIENCE: Type.String({ default: 'orderbell', description: 'Required `aud` of tokens.' }),
  OIDC_CLIENT_ID: Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,255}$',
      description:
        'Public client (PKCE, redirect to /sign-in) by which the console signs people in at ' +
        'OIDC_ISSUER; without it one pastes a token there.',
    }),
  ),
  OIDC_SCOPE: Type.String({
    default: 'openid email profile',
    // RFC 6749 section 3.3; without openid there is no ID token to tell who came.
    pattern: '^openid( [\\x21\\x23-\\x5b\\x5d-\\x7e]+)*$',
    description: 'Scopes that the console asks OIDC_ISSUER for, openid first.',
  }),
  TOKEN_ISSUER: Type.String({
    default: 'orderbell',
    description: 'Required `iss` of tokens of the identity service.',
  }),
  TOKEN_TYPES: Type.Array(Type.String(), {
    default: ['none', 'jwt', 'at+jwt'],
    description: 'Accepted `typ` headers of tokens; `none` for tokens without one.',
  }),
  OPERATOR_CLAIM: Type.String({
    default: 'scope',
    description: 'Claim that makes an operator; dots lead into objects (realm_access.roles).',
  }),
  OPERATOR_CLAIM_VALUE: Type.String({ default: 'operator', description: 'Its value.' }),
  WALLET_SELF_TOP_UP: Type.Boolean({
    default: false,
    description: 'Whether customers may top their own wallets up.',
  }),
  CURRENCY: CurrencySetting,
  ORDER_DEADLINE_MS: Type.Integer({
    default: 5_000,
    minimum: 100,
    maximum: 60_000,
    description: 'Budget of one order; after it the answer is 202 or 503.',
  }),
  RECOVERY_AGE_MS: Type.Integer({
    default: 30_000,
    minimum: 0,
    maximum: 86_400_000,
    description: 'Age at which a Pending order is recovered; above ORDER_DEADLINE_MS.',
  }),
  RECOVERY_INTERVAL_MS: Type.Integer({
    default: 5_000,
    minimum: 50,
    maximum: 3_600_000,
    description: 'Mean time between rounds of recovery.',
  }),
  ...limitSettings,
  TRUST_PROXY: Type.Boolean({
    default: false,
    description: 'Whether X-Forwarded-For tells the client address (only behind your own proxy).',
  }),
  METRICS: Type.Boolean({
    default: false,
    description:
      'Whether /metrics is served on the public port; for listeners that are not public.',
  }),
  CONSOLE: Type.Boolean({
    default: true,
    description: 'Whether the web console is served at /; without it / leads to the API docs.',
  }),
  MAILBOX_URL: Type.Optional(
    Type.String({
      format: 'http-url',
      description:
        'Where the mailbox of the default set-up is; for the page /mailbox of the console.',
    }),
  ),
};

export const GatewayConfig = settingsSchema(properties, (_config, isSet) =>
  isSet('OIDC_ISSUER') || isSet('IDENTITY_URL')
    ? []
    : ['IDENTITY_URL is not set: it is needed where OIDC_ISSUER is not set either'],
);
export type GatewayConfig = Static<typeof GatewayConfig>;

/** Starts the gateway: the public API, and the recovery of orders whose request died. */
export async function startGateway(config: GatewayConfig, log: Logger): Promise<RunningService> {
  if (config.RECOVERY_AGE_MS <= config.ORDER_DEADLINE_MS) {
    // No money is at stake, whatever the two say: the decision is made once (design section 2).
    log.warn('RECOVERY_AGE_MS is not above ORDER_DEADLINE_MS: orders at work may be cancelled');
  }
  const keys = createIssuerKeys(keySourceOf(config));
  const neighbours = await createNeighbours(config, log);
  const checkToken = createTokenCheck({
    issuer: config.OIDC_ISSUER ?? config.TOKEN_ISSUER,
    audience: config.OIDC_AUDIENCE,
    keys,
    types: config.TOKEN_TYPES,
    operatorClaim: config.OPERATOR_CLAIM,
    operatorValue: config.OPERATOR_CLAIM_VALUE,
  });
  const identify: Gateway['identify'] = (request) => checkToken(request.headers.authorization);
  const gateway: Gateway = {
    config,
    neighbours,
    identify,
    async identifyOperator(request) {
      const caller = await identify(request);
      if (caller.operator) return caller;
      throw new AppError(commonProblems.forbidden, 'not an operator');
    },
    readDeadline: () => deadlineIn(READ_DEADLINE_MS),
    rememberContact:
      config.OIDC_ISSUER === undefined ? async () => {} : contactMemoryIn(neighbours.profiles, log),
  };

  const app = createHttpServer({
    log,
    trustProxy: config.TRUST_PROXY,
    answerHeaders: answerHeadersOf,
  });
  const workMetrics = limitWork(app, config, log);
  // What an order needs, and nothing that only letters or reads need. Invariant I7.
  serveHealth(app, {
    orders: neighbours.orders.checkReady,
    billing: neighbours.billing.checkReady,
  });
  if (config.METRICS) serveMetrics(app, workMetrics);
  await serveDocs(app);
  await serveConsole(app, config.CONSOLE, {
    currency: config.CURRENCY,
    selfTopUp: config.WALLET_SELF_TOP_UP,
    ...signInOf(config),
    mailbox: config.MAILBOX_URL !== undefined,
    operator: { claim: config.OPERATOR_CLAIM, value: config.OPERATOR_CLAIM_VALUE },
  });
  serveAccounts(app, gateway);
  serveWallets(app, gateway);
  serveOperatorWallets(app, gateway);
  serveOrders(app, gateway);
  serveLetters(app, gateway);
  serveJourneys(app, gateway);
  servePendingOrders(app, gateway);
  serveOperatorLetters(app, gateway);
  serveDeadLetters(app, gateway);
  serveLedger(app, gateway);
  serveRepairs(app, gateway);
  serveOverview(app, gateway);
  if (config.MAILBOX_URL !== undefined) serveMailbox(app, config.MAILBOX_URL);
  const url = await listen(app, config.LISTEN_ADDRESS, config.PORT, 'PORT');
  const recovery = startRecovery(neighbours, {
    ageMs: config.RECOVERY_AGE_MS,
    intervalMs: config.RECOVERY_INTERVAL_MS,
    log,
  });
  return {
    url,
    async close() {
      // Side by side: each may wait for calls under way, and a stop has 10 s for everything.
      await Promise.all([app.close(), recovery.close()]);
      await Promise.all(
        Object.values(neighbours).map((client: HttpClient | null) => client?.close()),
      );
    },
  };
}

async function createNeighbours(config: GatewayConfig, log: Logger): Promise<Neighbours> {
  const credentials = await createCredentials('gateway', config.GATEWAY_PRIVATE_KEY);
  const client = (callee: string, urls: string[]) =>
    createHttpClient({ callee, urls, credentials, log });
  // An external issuer keeps the accounts, also where identity runs beside it.
  const identityUrls = config.OIDC_ISSUER === undefined ? config.IDENTITY_URL : undefined;
  return {
    orders: client('orders', config.ORDERS_URL),
    billing: client('billing', config.BILLING_URL),
    profiles: client('profiles', config.PROFILES_URL),
    notifications: client('notifications', config.NOTIFICATIONS_URL),
    identity: identityUrls === undefined ? null : client('identity', identityUrls),
  };
}

/** How people sign in at the console. */
function signInOf(config: GatewayConfig): Pick<ConsoleFacts, 'signIn' | 'issuer'> {
  const { OIDC_ISSUER: url, OIDC_CLIENT_ID: clientId, OIDC_SCOPE: scope } = config;
  if (url === undefined) return { signIn: 'password', issuer: null };
  if (clientId === undefined) return { signIn: 'token', issuer: null };
  const audience = config.OIDC_AUDIENCE;
  return {
    signIn: 'issuer',
    issuer: { url, clientId, scope, resource: URL.canParse(audience) ? audience : null },
  };
}

/** Where the keys of the access tokens are published. One of the two is set (the rules above). */
function keySourceOf({ OIDC_ISSUER: issuer, IDENTITY_URL }: GatewayConfig): () => Promise<URL[]> {
  if (issuer !== undefined) return async () => [await discoverKeys(issuer)];
  const urls = (IDENTITY_URL ?? []).map((base) => new URL('/jwks', base));
  return async () => urls;
}
