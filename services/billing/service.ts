import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { CurrencySetting } from '#contracts/common.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { databaseStep, migrate } from '#platform/postgres/migrate.ts';
import { defineService } from '#platform/service/definition.ts';
import {
  calleeSettings,
  type RunningService,
  startInternalService,
} from '#platform/service/internal-service.ts';
import { claimCurrency } from './ledger/currency.ts';
import { servePayments } from './ledger/payment-routes.ts';
import { serveWallets } from './ledger/wallet-routes.ts';
import { serveAudit } from './operations/audit-routes.ts';
import { serveRepairs } from './operations/repair-routes.ts';

const CONNECTIONS_MAX = 16;

export const BillingConfig = Type.Object({
  ...calleeSettings,
  BILLING_DATABASE_URL: Type.String({
    format: 'postgres-url',
    description: 'PostgreSQL database of the billing service.',
  }),
  CURRENCY: CurrencySetting,
});
export type BillingConfig = Static<typeof BillingConfig>;

/** Starts billing: wallets and the payment decisions. */
export async function startBilling(config: BillingConfig, log: Logger): Promise<RunningService> {
  const database = createDatabase({
    url: config.BILLING_DATABASE_URL,
    connectionsMax: CONNECTIONS_MAX,
    applicationName: 'billing',
    log,
  });
  try {
    await migrate(database, new URL('migrations/', import.meta.url));
    await databaseStep(database, 'its currency', () => claimCurrency(database, config.CURRENCY));
  } catch (error) {
    await database.close();
    throw error;
  }
  return startInternalService({
    name: 'billing',
    config,
    log,
    ready: { database: () => database.query('select 1') },
    routes(api) {
      servePayments(api, database, config.CURRENCY);
      serveWallets(api, database, config.CURRENCY);
      serveAudit(api, database);
      serveRepairs(api, database, config.CURRENCY);
    },
    close: () => database.close(),
  });
}

export const service = defineService({
  name: 'billing',
  settings: BillingConfig,
  start: startBilling,
  descriptions: {
    'billing.openapi.json': async () => (await import('#contracts/published.ts')).billingApi(),
  },
});
