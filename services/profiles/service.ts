import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { createDatabase } from '#platform/postgres/database.ts';
import { migrate } from '#platform/postgres/migrate.ts';
import { defineService } from '#platform/service/definition.ts';
import {
  calleeSettings,
  type RunningService,
  startInternalService,
} from '#platform/service/internal-service.ts';
import { serveProfiles } from './routes.ts';

const CONNECTIONS_MAX = 8;

export const ProfilesConfig = Type.Object({
  ...calleeSettings,
  PROFILES_DATABASE_URL: Type.String({
    format: 'postgres-url',
    description: 'PostgreSQL database of the profiles service.',
  }),
});
export type ProfilesConfig = Static<typeof ProfilesConfig>;

/** Starts profiles: contact data of the customers. */
export async function startProfiles(config: ProfilesConfig, log: Logger): Promise<RunningService> {
  const database = createDatabase({
    url: config.PROFILES_DATABASE_URL,
    connectionsMax: CONNECTIONS_MAX,
    applicationName: 'profiles',
    log,
  });
  await migrate(database, new URL('migrations/', import.meta.url));
  return startInternalService({
    name: 'profiles',
    config,
    log,
    ready: { database: () => database.query('select 1') },
    routes: (api) => serveProfiles(api, database),
    close: () => database.close(),
  });
}

export const service = defineService({
  name: 'profiles',
  settings: ProfilesConfig,
  start: startProfiles,
  descriptions: {
    'profiles.openapi.json': async () => (await import('#contracts/published.ts')).profilesApi(),
  },
});
