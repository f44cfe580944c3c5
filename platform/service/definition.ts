import type { Logger } from 'pino';
import type { Static, TObject } from 'typebox';
import type { RunningService } from './internal-service.ts';

/** A database of a service, as its settings and its migrations name it. */
export interface ServiceDatabase<Name extends string = string> {
  /** Prefix of its settings, in lower case. */
  name: Name;
  /** Most connections that one process opens to it, unless a setting says otherwise. */
  connectionsMax: number;
  /** Folders of its migrations, in the order in which they are applied. */
  migrations: readonly URL[];
  /** The command that applies them; `node services/<name>/migrate.ts` when absent. */
  migrateCommand?: string;
}

/** A service as its folder exports it under the name `service`. */
export interface ServiceDefinition<Config = unknown> {
  /** The name of its folder, its database and its credentials. */
  name: string;
  /** Its settings, read from environment variables. They name everything that it needs. */
  settings: TObject;
  /** Starts it in this process. Resolves when it listens. */
  start(config: Config, log: Logger): Promise<RunningService>;
  /** Its own database. */
  database?: ServiceDatabase;
  /** Descriptions of its API and events, by the name of the published file (`npm run contracts`). */
  descriptions?: Record<string, () => Promise<Record<string, unknown>>>;
}

/** Checks that a service starts with the settings that its schema describes. */
export function defineService<S extends TObject>(
  definition: Omit<ServiceDefinition<Static<S>>, 'settings'> & { settings: S },
): ServiceDefinition {
  return definition;
}
