import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { listAuditTrail } from '#contracts/audit.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { serveAuditTrail } from '#platform/postgres/audit-routes.ts';
import { AUDIT_MIGRATIONS } from '#platform/postgres/audit-trail.ts';
import { startRetention } from '#platform/postgres/retention.ts';
import { databaseSettings, openDatabase } from '#platform/postgres/service-database.ts';
import { defineService } from '#platform/service/definition.ts';
import {
  calleeSettings,
  type RunningService,
  startInternalService,
} from '#platform/service/internal-service.ts';
import { deleteExpiredTokens } from './confirmation-store.ts';
import { serveErasures } from './erasure-routes.ts';
import { serveProfiles } from './routes.ts';

const DATABASE = {
  name: 'profiles',
  connectionsMax: 8,
  migrations: [new URL('migrations/', import.meta.url), AUDIT_MIGRATIONS],
} as const;

const RETENTION_BATCH = 500;

export const ProfilesConfig = Type.Object({
  ...calleeSettings,
  ...databaseSettings(DATABASE),
});
export type ProfilesConfig = Static<typeof ProfilesConfig>;

/** Starts profiles: contact data of the customers. */
export async function startProfiles(config: ProfilesConfig, log: Logger): Promise<RunningService> {
  const metrics = createMetrics(log);
  const database = await openDatabase(DATABASE, config, { log, metrics });
  const retention = startRetention({
    log,
    metrics,
    tasks: [
      {
        name: 'confirmations',
        batch: RETENTION_BATCH,
        run: () => deleteExpiredTokens(database, RETENTION_BATCH),
      },
    ],
  });
  return startInternalService({
    name: 'profiles',
    config,
    log,
    database,
    metrics,
    routes(api) {
      serveProfiles(api, database);
      serveAuditTrail(api, listAuditTrail, database);
      serveErasures(api, database);
    },
    close: () => retention.close(),
  });
}

export const service = defineService({
  name: 'profiles',
  settings: ProfilesConfig,
  start: startProfiles,
  database: DATABASE,
  descriptions: {
    'profiles.openapi.json': async () => (await import('#contracts/documents/published.ts')).profilesApi(),
  },
});
