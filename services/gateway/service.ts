import type { Logger } from 'pino';
import { deadlineIn } from '#platform/async/deadline.ts';
import { createCallTls } from '#platform/http/call-tls.ts';
import type { HttpClient } from '#platform/http/client.ts';
import { createHttpServer, type HttpServer } from '#platform/http/server.ts';
import { serveMetrics } from '#platform/http/server-metrics.ts';
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
import { createEndedSessions } from './auth/ended-sessions.ts';
import { createIssuerKeys } from './auth/issuer-keys.ts';
import { GatewayConfig } from './context/config.ts';
import type { Gateway } from './context/context.ts';
import { answerPreflights, crossOriginHeaders } from './context/cross-origin.ts';
import { createIdentification, endedSource, keySourceOf } from './context/identification.ts';
import { warnOfOpenDoors } from './context/open-to-network.ts';
import { type Customers, limitWork } from './context/request-limits.ts';
import { createServiceClients } from './context/service-clients.ts';
import { serveProfiles } from './forwards/account-routes.ts';
import { serveCustomers } from './forwards/customer-routes.ts';
import { serveForwards } from './forwards/forwards.ts';
import { serveHistory } from './forwards/history-routes.ts';
import { serveOperatorWallets, serveWallets } from './forwards/wallet-routes.ts';
import { serveWebhooks } from './forwards/webhook-routes.ts';
import { serveJourneys } from './journey/journey-routes.ts';
import { createContactFaults } from './orders/contact-faults.ts';
import { countOrders } from './orders/order-metrics.ts';
import { serveOrders } from './orders/order-routes.ts';
import { profileProvisioner } from './orders/provision-profile.ts';
import { startRecovery } from './orders/recovery-loop.ts';
import { serveSettlements } from './orders/settle-routes.ts';
import { createErasedCustomers, type ErasedCustomers } from './privacy/erased-customers.ts';
import { startErasures } from './privacy/erasure-loop.ts';
import { servePrivacy } from './privacy/privacy-routes.ts';
import { serveReconciliation } from './reconciliation/reconciliation-routes.ts';
import { serveSearch } from './search/search-routes.ts';
import { consoleConfigOf } from './web/console-config.ts';
import { CONSOLE_ASSETS_PREFIX, isConsoleServed, serveConsole } from './web/console-routes.ts';
import { DOCS_ASSETS_PREFIX, serveDocs } from './web/docs-routes.ts';
import { serveFaultLab } from './web/fault-lab-routes.ts';
import { checkHosts } from './web/host-check.ts';
import { serveMailbox } from './web/mailbox-routes.ts';
import { presentProblem } from './web/present-problem.ts';
import { serveProblems } from './web/problem-routes.ts';
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
    ...createIdentification(config, { keys, endedSessions, customers, isErased: erased.has }, log),
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
  const app = createServer(config, log, metrics);
  checkHosts(app, config);
  if (config.CORS_ORIGINS.length > 0) answerPreflights(app);
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
  await serveDocuments(app, config);
  await serveConsole(app, config.CONSOLE, consoleConfigOf(config));
  serveApi(app, gateway, { count, erased });
  if (config.MAILBOX_URL !== undefined) serveMailbox(app, config.MAILBOX_URL);
  if (config.FAULT_LAB_URL !== undefined) serveFaultLab(app, gateway, config.FAULT_LAB_URL);
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

/** The pages that explain the API, with links to those that this gateway has. */
async function serveDocuments(app: HttpServer, config: GatewayConfig): Promise<void> {
  const links = {
    console: isConsoleServed(config.CONSOLE),
    mailbox: config.MAILBOX_URL !== undefined,
  };
  await serveDocs(app, links);
  serveProblems(app, links);
}

function createServer(config: GatewayConfig, log: Logger, metrics: Metrics): HttpServer {
  const sharing = crossOriginHeaders(config);
  return createHttpServer({
    log,
    trustProxy: config.TRUST_PROXY,
    answerHeaders: (request) => ({ ...answerHeadersOf(request), ...sharing(request) }),
    presentProblem,
    metrics,
    stopDelayMs: config.STOP_DELAY_MS,
    logRequests: config.LOG_REQUESTS,
    connectionsMax: config.CONNECTIONS_MAX,
    filePrefixes: [CONSOLE_ASSETS_PREFIX, DOCS_ASSETS_PREFIX],
    tls: createListenerTls(config, log),
  });
}

/** The public operations. */
function serveApi(
  app: HttpServer,
  gateway: Gateway,
  { count, erased }: { count: ReturnType<typeof countOrders>; erased: ErasedCustomers },
): void {
  serveAccounts(app, gateway);
  serveProfiles(app, gateway);
  serveConfirmations(app, gateway);
  serveWallets(app, gateway);
  serveOperatorWallets(app, gateway);
  serveCustomers(app, gateway);
  serveSearch(app, gateway);
  serveOrders(app, gateway, count);
  serveSettlements(app, gateway);
  serveForwards(app, gateway);
  serveHistory(app, gateway);
  serveWebhooks(app, gateway);
  serveJourneys(app, gateway);
  serveReconciliation(app, gateway);
  serveAudit(app, gateway);
  servePrivacy(app, gateway, erased);
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

export const service = defineService({
  name: 'gateway',
  settings: GatewayConfig,
  start: startGateway,
  descriptions: {
    'gateway.openapi.json': async () =>
      (await import('#contracts/documents/published.ts')).gatewayApi(),
  },
});
