import type { Logger } from 'pino';
import { listEndedSessions } from '#contracts/identity.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { createFaultLog } from '#platform/async/fault-log.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { type CallTls, createCallTls } from '#platform/http/call-tls.ts';
import { createHttpClient, type HttpClient } from '#platform/http/client.ts';
import { createHttpServer, type HttpServer } from '#platform/http/server.ts';
import { serveMetrics } from '#platform/http/server-metrics.ts';
import { createCredentials } from '#platform/http/service-token.ts';
import { createListenerTls } from '#platform/http/tls.ts';
import { createMetrics, type Metrics } from '#platform/metrics/metrics.ts';
import { defineService } from '#platform/service/definition.ts';
import {
  type RunningService,
  serveHealth,
  startListeners,
} from '#platform/service/internal-service.ts';
import { confirmStored } from './accounts/confirm-address.ts';
import { serveConfirmations } from './accounts/confirmation-routes.ts';
import { servePasswords } from './accounts/password-routes.ts';
import { serveRegistration } from './accounts/registration-routes.ts';
import { serveSessions } from './accounts/session-routes.ts';
import { serveAudit } from './audit/audit-routes.ts';
import { createTokenCheck } from './auth/access-token.ts';
import { createEndedSessions, type EndedSessions } from './auth/ended-sessions.ts';
import { createIssuerKeys, type IssuerKeys } from './auth/issuer-keys.ts';
import { readIdentityKeys, readIssuerKeys } from './auth/read-keys.ts';
import { GatewayConfig } from './context/config.ts';
import type { Gateway } from './context/context.ts';
import { warnOfOpenDoors } from './context/open-to-network.ts';
import { type Customers, limitWork } from './context/request-limits.ts';
import { foundIn, type ServiceClients } from './context/service-clients.ts';
import { serveProfiles } from './forwards/account-routes.ts';
import { serveForwards } from './forwards/forwards.ts';
import { serveOperatorWallets, serveWallets } from './forwards/wallet-routes.ts';
import { serveJourneys } from './journey/journey-routes.ts';
import { createContactFaults } from './orders/contact-faults.ts';
import { countOrders } from './orders/order-metrics.ts';
import { serveOrders } from './orders/order-routes.ts';
import { profileProvisioner } from './orders/provision-profile.ts';
import { startRecovery } from './orders/recovery-loop.ts';
import { createErasedCustomers, type ErasedCustomers } from './privacy/erased-customers.ts';
import { startErasures } from './privacy/erasure-loop.ts';
import { servePrivacy } from './privacy/privacy-routes.ts';
import { serveReconciliation } from './reconciliation/reconciliation-routes.ts';
import { CONSOLE_ASSETS_PREFIX, type ConsoleConfig, serveConsole } from './web/console-routes.ts';
import { DOCS_ASSETS_PREFIX, serveDocs } from './web/docs-routes.ts';
import { checkHosts } from './web/host-check.ts';
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
  const metrics = createMetrics(log);
  const tls = createCallTls(config, log);
  const clients = await createServiceClients(config, log, metrics, tls);
  const keys = createIssuerKeys({ read: keySourceOf(config, tls), log });
  const endedSessions = createEndedSessions({ read: endedSource(clients.identity), log });
  const contactFaults = createContactFaults(log);
  const erased = createErasedCustomers();
  const customers: Customers = new WeakMap();
  let publicUrl = config.PUBLIC_URL ?? '';
  const gateway: Gateway = {
    ...createIdentification(config, { keys, endedSessions, customers, erased }, log),
    endedSessions,
    config,
    clients,
    publicUrl: () => publicUrl,
    readDeadline: () => deadlineIn(READ_TIMEOUT_MS),
    ...(config.OIDC_ISSUER === undefined
      ? { provisionProfile: async () => {}, overview: () => null }
      : {
          provisionProfile: profileProvisioner(clients.profiles, contactFaults, log, (profile) =>
            confirmStored(gateway, profile, log),
          ),
          overview: contactFaults.overview,
        }),
  };
  const app = createHttpServer({
    log,
    trustProxy: config.TRUST_PROXY,
    answerHeaders: answerHeadersOf,
    metrics,
    stopDelayMs: config.STOP_DELAY_MS,
    logRequests: config.LOG_REQUESTS,
    connectionsMax: config.CONNECTIONS_MAX,
    filePrefixes: [CONSOLE_ASSETS_PREFIX, DOCS_ASSETS_PREFIX],
    tls: createListenerTls(config, log),
  });
  checkHosts(app, config);
  warnOfOpenDoors(config, log);
  metrics.add([...limitWork(app, config, customers, log), contactFaults.metric]);
  const count = countOrders(metrics);
  // Only what an order needs, not the services of letters and reads. Invariant I7.
  serveHealth(app, {
    keys: keys.checkReady,
    orders: clients.orders.checkReady,
    billing: clients.billing.checkReady,
  });
  if (config.METRICS) serveMetrics(app, metrics);
  await serveDocs(app);
  await serveConsole(app, config.CONSOLE, consoleConfigOf(config));
  serveAccounts(app, gateway);
  serveProfiles(app, gateway);
  serveConfirmations(app, gateway);
  serveWallets(app, gateway);
  serveOperatorWallets(app, gateway);
  serveOrders(app, gateway, count);
  serveForwards(app, gateway);
  serveJourneys(app, gateway);
  serveReconciliation(app, gateway);
  serveAudit(app, gateway);
  servePrivacy(app, gateway, erased);
  if (config.MAILBOX_URL !== undefined) serveMailbox(app, config.MAILBOX_URL);
  const { url, metricsServer } = await startListeners(app, config, metrics, log);
  publicUrl = publicUrlOf(config, url, log);
  const refreshes = [keys.startRefresh()];
  if (clients.identity !== null) refreshes.push(endedSessions.startRefresh());
  const recovery = startRecovery(clients, {
    ageMs: config.RECOVERY_AGE_MS,
    intervalMs: config.RECOVERY_INTERVAL_MS,
    log,
    count,
  });
  const erasures = startErasures(clients, {
    intervalMs: config.RECOVERY_INTERVAL_MS,
    mailboxUrl: config.MAILBOX_URL,
    erased,
    log,
  });
  return {
    url,
    metricsUrl: metricsServer?.url,
    async close() {
      // In parallel: each may wait for running calls, and a stop has 10 s for everything but its
      // delay, in which other gateways recover orders.
      const loops = [recovery, erasures, ...refreshes].map((loop) => loop.close());
      await Promise.all([app.close(), ...loops]);
      await Promise.all(Object.values(clients).map((client: HttpClient | null) => client?.close()));
      tls.close();
      await metricsServer?.close();
    },
  };
}

/** Where the links in letters lead. @param own the gateway's own address */
function publicUrlOf({ PUBLIC_URL, CONFIRM_ADDRESSES }: GatewayConfig, own: string, log: Logger) {
  if (PUBLIC_URL === undefined) {
    const level = CONFIRM_ADDRESSES ? 'warn' : 'info';
    log[level](`PUBLIC_URL is not set: links in letters lead to ${own}, the gateway's own address`);
  }
  return (PUBLIC_URL ?? own).replace(/\/+$/, '');
}

/** Accounts at identity. With an external issuer its own pages do this; the routes do not exist. */
function serveAccounts(app: HttpServer, gateway: Gateway): void {
  const { identity } = gateway.clients;
  if (identity === null) return;
  serveRegistration(app, gateway, identity);
  serveSessions(app, gateway, identity);
  servePasswords(app, gateway, identity);
}

/** Where the ended sessions are read; null from an identity of an earlier version. */
function endedSource(
  identity: HttpClient | null,
): Parameters<typeof createEndedSessions>[0]['read'] {
  return async (withinS, after) => {
    if (identity === null) return null;
    const query = { withinS, ...(after !== undefined && { after }) };
    const options = { deadline: deadlineIn(READ_TIMEOUT_MS) };
    return foundIn(await identity.call(listEndedSessions, { query }, options));
  };
}

/** Finds out who sends a request. */
function createIdentification(
  config: GatewayConfig,
  {
    keys,
    endedSessions,
    customers,
    erased,
  }: {
    keys: IssuerKeys;
    endedSessions: EndedSessions;
    customers: Customers;
    erased: ErasedCustomers;
  },
  log: Logger,
): Pick<Gateway, 'identify' | 'identifyOperator'> {
  const logFault = createFaultLog({ log });
  const checkToken = createTokenCheck({
    issuer: config.OIDC_ISSUER ?? config.TOKEN_ISSUER,
    audience: config.OIDC_AUDIENCE,
    keys: keys.find,
    types: config.TOKEN_TYPES,
    operatorClaim: config.OPERATOR_CLAIM,
    operatorValue: config.OPERATOR_CLAIM_VALUE,
    ...(config.OIDC_ISSUER === undefined && { isEnded: endedSessions.has }),
    onMismatch: (reason) => logFault('an access token is refused', new Error(reason)),
  });
  const identify: Gateway['identify'] = async (request) => {
    const customer = await checkToken(request.headers.authorization);
    if (erased.has(customer.customerId)) {
      throw new AppError(commonProblems.unauthenticated, 'a token of an erased customer');
    }
    customers.set(request, customer.customerId);
    return customer;
  };
  return {
    identify,
    async identifyOperator(request) {
      const caller = await identify(request);
      if (caller.operator) return caller;
      throw new AppError(commonProblems.forbidden, 'not an operator');
    },
  };
}

async function createServiceClients(
  config: GatewayConfig,
  log: Logger,
  metrics: Metrics,
  tls: CallTls,
): Promise<ServiceClients> {
  const credentials = await createCredentials('gateway', config.GATEWAY_PRIVATE_KEY);
  const client = (callee: string, urls: string[]) =>
    createHttpClient({ callee, urls, credentials, log, metrics, tls });
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
    confirmAddresses: config.CONFIRM_ADDRESSES,
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

/** How the keys of the access tokens are read. GatewayConfig requires one of the two settings. */
function keySourceOf(
  { OIDC_ISSUER: issuer, IDENTITY_URL: urls = [] }: GatewayConfig,
  tls: CallTls,
) {
  return (signal: AbortSignal) =>
    issuer === undefined ? readIdentityKeys(urls, signal, tls) : readIssuerKeys(issuer, signal);
}

export const service = defineService({
  name: 'gateway',
  settings: GatewayConfig,
  start: startGateway,
  descriptions: {
    'gateway.openapi.json': async () => (await import('#contracts/published.ts')).gatewayApi(),
  },
});
