import type { Logger } from 'pino';
import { deadlineIn } from '#platform/async/deadline.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { createHttpClient, type HttpClient } from '#platform/http/client.ts';
import { serveMetrics } from '#platform/http/metrics.ts';
import { createHttpServer, listen } from '#platform/http/server.ts';
import { createCredentials } from '#platform/http/service-token.ts';
import { defineService } from '#platform/service/definition.ts';
import { type RunningService, serveHealth } from '#platform/service/internal-service.ts';
import { createTokenCheck } from './auth/access-token.ts';
import { createIssuerKeys, discoverKeys } from './auth/issuer-keys.ts';
import { GatewayConfig } from './context/config.ts';
import type { Gateway } from './context/context.ts';
import { limitWork } from './context/request-limits.ts';
import type { ServiceClients } from './context/service-clients.ts';
import { serveAccounts } from './forwards/account-routes.ts';
import { serveForwards } from './forwards/forwards.ts';
import { serveOperatorWallets, serveWallets } from './forwards/wallet-routes.ts';
import { serveJourneys } from './journey/journey-routes.ts';
import { serveOrders } from './orders/order-routes.ts';
import { profileProvisioner } from './orders/provision-profile.ts';
import { startRecovery } from './orders/recovery-loop.ts';
import { serveReconciliation } from './reconciliation/reconciliation-routes.ts';
import { type ConsoleConfig, serveConsole } from './web/console-routes.ts';
import { serveDocs } from './web/docs-routes.ts';
import { serveMailbox } from './web/mailbox-routes.ts';
import { answerHeadersOf } from './web/response-headers.ts';

const READ_TIMEOUT_MS = 5_000;

export { GatewayConfig };

/** Starts the gateway: the public API, and the recovery of orders whose request died. */
export async function startGateway(config: GatewayConfig, log: Logger): Promise<RunningService> {
  if (config.RECOVERY_AGE_MS <= config.ORDER_DEADLINE_MS) {
    // Only a warning: the decision is made once (docs/protocol.md), so no money is at risk.
    log.warn('RECOVERY_AGE_MS is not above ORDER_DEADLINE_MS: orders at work may be cancelled');
  }
  const clients = await createServiceClients(config, log);
  const gateway = createGateway(config, clients, log);
  const app = createHttpServer({
    log,
    trustProxy: config.TRUST_PROXY,
    answerHeaders: answerHeadersOf,
    logRequests: config.LOG_REQUESTS,
  });
  const workMetrics = limitWork(app, config, log);
  // Only the services that an order needs, not those of letters and reads. Invariant I7.
  serveHealth(app, {
    orders: clients.orders.checkReady,
    billing: clients.billing.checkReady,
  });
  if (config.METRICS) serveMetrics(app, workMetrics);
  await serveDocs(app);
  await serveConsole(app, config.CONSOLE, consoleConfigOf(config));
  serveAccounts(app, gateway);
  serveWallets(app, gateway);
  serveOperatorWallets(app, gateway);
  serveOrders(app, gateway);
  serveForwards(app, gateway);
  serveJourneys(app, gateway);
  serveReconciliation(app, gateway);
  if (config.MAILBOX_URL !== undefined) serveMailbox(app, config.MAILBOX_URL);
  const url = await listen(app, config.LISTEN_ADDRESS, config.PORT, 'PORT');
  const recovery = startRecovery(clients, {
    ageMs: config.RECOVERY_AGE_MS,
    intervalMs: config.RECOVERY_INTERVAL_MS,
    log,
  });
  return {
    url,
    async close() {
      // In parallel: each may wait for running calls, and a stop has 10 s for everything.
      await Promise.all([app.close(), recovery.close()]);
      await Promise.all(Object.values(clients).map((client: HttpClient | null) => client?.close()));
    },
  };
}

/** The context of the routes. */
function createGateway(config: GatewayConfig, clients: ServiceClients, log: Logger): Gateway {
  const keys = createIssuerKeys(keySourceOf(config));
  const checkToken = createTokenCheck({
    issuer: config.OIDC_ISSUER ?? config.TOKEN_ISSUER,
    audience: config.OIDC_AUDIENCE,
    keys,
    types: config.TOKEN_TYPES,
    operatorClaim: config.OPERATOR_CLAIM,
    operatorValue: config.OPERATOR_CLAIM_VALUE,
  });
  const identify: Gateway['identify'] = (request) => checkToken(request.headers.authorization);
  return {
    config,
    clients,
    identify,
    async identifyOperator(request) {
      const caller = await identify(request);
      if (caller.operator) return caller;
      throw new AppError(commonProblems.forbidden, 'not an operator');
    },
    readDeadline: () => deadlineIn(READ_TIMEOUT_MS),
    provisionProfile:
      config.OIDC_ISSUER === undefined ? async () => {} : profileProvisioner(clients.profiles, log),
  };
}

async function createServiceClients(config: GatewayConfig, log: Logger): Promise<ServiceClients> {
  const credentials = await createCredentials('gateway', config.GATEWAY_PRIVATE_KEY);
  const client = (callee: string, urls: string[]) =>
    createHttpClient({ callee, urls, credentials, log });
  // With an external issuer the gateway ignores identity, also where IDENTITY_URL is set.
  const identityUrls = config.OIDC_ISSUER === undefined ? config.IDENTITY_URL : undefined;
  return {
    orders: client('orders', config.ORDERS_URL),
    billing: client('billing', config.BILLING_URL),
    profiles: client('profiles', config.PROFILES_URL),
    notifications: client('notifications', config.NOTIFICATIONS_URL),
    identity: identityUrls === undefined ? null : client('identity', identityUrls),
  };
}

function consoleConfigOf(config: GatewayConfig): ConsoleConfig {
  return {
    currency: config.CURRENCY,
    selfTopUp: config.WALLET_SELF_TOP_UP,
    ...signInOf(config),
    mailbox: config.MAILBOX_URL !== undefined,
    operator: { claim: config.OPERATOR_CLAIM, value: config.OPERATOR_CLAIM_VALUE },
  };
}

/** The console's way of signing in. */
function signInOf(config: GatewayConfig): Pick<ConsoleConfig, 'signIn' | 'issuer'> {
  const { OIDC_ISSUER: url, OIDC_CLIENT_ID: clientId, OIDC_SCOPE: scope } = config;
  if (url === undefined) return { signIn: 'password', issuer: null };
  if (clientId === undefined) return { signIn: 'token', issuer: null };
  const audience = config.OIDC_AUDIENCE;
  return {
    signIn: 'issuer',
    issuer: { url, clientId, scope, resource: URL.canParse(audience) ? audience : null },
  };
}

/** Where the keys of the access tokens are published. GatewayConfig requires one of the two settings. */
function keySourceOf({ OIDC_ISSUER: issuer, IDENTITY_URL }: GatewayConfig): () => Promise<URL[]> {
  if (issuer !== undefined) return async () => [await discoverKeys(issuer)];
  const urls = (IDENTITY_URL ?? []).map((base) => new URL('/jwks', base));
  return async () => urls;
}

export const service = defineService({
  name: 'gateway',
  settings: GatewayConfig,
  start: startGateway,
  descriptions: {
    'gateway.openapi.json': async () => (await import('#contracts/published.ts')).gatewayApi(),
  },
});
