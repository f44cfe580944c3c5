import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { listAuditTrail } from '#contracts/audit.ts';
import { CurrencySetting } from '#contracts/common.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { serveAuditTrail } from '#platform/postgres/audit-routes.ts';
import { AUDIT_MIGRATIONS } from '#platform/postgres/audit-trail.ts';
import {
  databaseSettings,
  databaseStep,
  openDatabase,
} from '#platform/postgres/service-database.ts';
import { defineService } from '#platform/service/definition.ts';
import {
  calleeSettings,
  type RunningService,
  startInternalService,
} from '#platform/service/internal-service.ts';
import { claimCurrency } from './ledger/currency.ts';
import { countDecisions } from './ledger/decision-metrics.ts';
import { servePayments } from './ledger/payment-routes.ts';
import { serveWallets } from './ledger/wallet-routes.ts';
import { serveOperations } from './operations/routes.ts';
import { serveWalletLists } from './operations/wallet-list-routes.ts';
import { serveOperationErasure } from './privacy/erase-operations.ts';

const DATABASE = {
  name: 'billing',
  connectionsMax: 16,
  migrations: [new URL('migrations/', import.meta.url), AUDIT_MIGRATIONS],
} as const;

export const BillingConfig = Type.Object({
  ...calleeSettings,
  ...databaseSettings(DATABASE),
  CURRENCY: CurrencySetting,
});
export type BillingConfig = Static<typeof BillingConfig>;

/** Starts billing: wallets and the payment decisions. */
export async function startBilling(config: BillingConfig, log: Logger): Promise<RunningService> {
  const metrics = createMetrics(log);
  const database = await openDatabase(DATABASE, config, { log, metrics });
  await databaseStep(database, 'its currency', () => claimCurrency(database, config.CURRENCY));
  return startInternalService({
    name: 'billing',
    config,
    log,
    database,
    metrics,
    routes(api) {
      servePayments(api, database, config.CURRENCY, countDecisions(metrics));
      serveWallets(api, database, config.CURRENCY);
      serveOperations(api, database, config.CURRENCY);
      serveWalletLists(api, database);
      serveAuditTrail(api, listAuditTrail, database);
      serveOperationErasure(api, database);
    },
  });
}

export const service = defineService({
  name: 'billing',
  settings: BillingConfig,
  start: startBilling,
  database: DATABASE,
  descriptions: {
    'billing.openapi.json': async () =>
      (await import('#contracts/documents/published.ts')).billingApi(),
  },
});
