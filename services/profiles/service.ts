import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { databaseSettings, openDatabase } from '#platform/postgres/service-database.ts';
import { defineService } from '#platform/service/definition.ts';
import {
  calleeSettings,
  type RunningService,
  startInternalService,
} from '#platform/service/internal-service.ts';
import { serveErasures } from './erasure-routes.ts';
import { serveProfiles } from './routes.ts';

const DATABASE = {
  name: 'profiles',
  connectionsMax: 8,
  migrations: [new URL('migrations/', import.meta.url)],
} as const;

export const ProfilesConfig = Type.Object({
  ...calleeSettings,
  ...databaseSettings(DATABASE),
});
export type ProfilesConfig = Static<typeof ProfilesConfig>;

/** Starts profiles: contact data of the customers. */
export async function startProfiles(config: ProfilesConfig, log: Logger): Promise<RunningService> {
  const metrics = createMetrics(log);
  const database = await openDatabase(DATABASE, config, { log, metrics });
  return startInternalService({
    name: 'profiles',
    config,
    log,
    database,
    metrics,
    routes(api) {
      serveProfiles(api, database);
      serveErasures(api, database);
    },
  });
}

export const service = defineService({
  name: 'profiles',
  settings: ProfilesConfig,
  start: startProfiles,
  database: DATABASE,
  descriptions: {
    'profiles.openapi.json': async () => (await import('#contracts/published.ts')).profilesApi(),
  },
});
