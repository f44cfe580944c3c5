import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { databaseUrl, openDatabase } from '#platform/postgres/migrate.ts';
import { defineService } from '#platform/service/definition.ts';
import {
  calleeSettings,
  type RunningService,
  startInternalService,
} from '#platform/service/internal-service.ts';
import { createMetrics } from '#platform/telemetry/metrics.ts';
import { serveProfiles } from './routes.ts';

const DATABASE = {
  applicationName: 'profiles',
  connectionsMax: 8,
  migrations: new URL('migrations/', import.meta.url),
};

export const ProfilesConfig = Type.Object({
  ...calleeSettings,
  PROFILES_DATABASE_URL: databaseUrl('profiles'),
});
export type ProfilesConfig = Static<typeof ProfilesConfig>;

/** Starts profiles: contact data of the customers. */
export async function startProfiles(config: ProfilesConfig, log: Logger): Promise<RunningService> {
  const metrics = createMetrics(log);
  const database = await openDatabase({
    ...DATABASE,
    url: config.PROFILES_DATABASE_URL,
    log,
    metrics,
  });
  return startInternalService({
    name: 'profiles',
    config,
    log,
    database,
    metrics,
    routes: (api) => serveProfiles(api, database),
  });
}

export const service = defineService({
  name: 'profiles',
  settings: ProfilesConfig,
  start: startProfiles,
  connectionsMax: DATABASE.connectionsMax,
  descriptions: {
    'profiles.openapi.json': async () => (await import('#contracts/published.ts')).profilesApi(),
  },
});
