import type { Logger } from 'pino';
import type { Static, TObject } from 'typebox';
import type { RunningService } from './internal-service.ts';

/** A service as its folder exports it under the name `service`. */
export interface ServiceDefinition<Config = unknown> {
  /** The name of its folder, its database and its credentials. */
  name: string;
  /** Its settings, read from environment variables. They name everything that it needs. */
  settings: TObject;
  /** Starts it in this process. Resolves when it listens. */
  start(config: Config, log: Logger): Promise<RunningService>;
  /** Most connections that one process opens to its database. */
  connectionsMax?: number;
  /** Descriptions of its API and events, by the name of the published file (`npm run contracts`). */
  descriptions?: Record<string, () => Promise<Record<string, unknown>>>;
}

/** Checks that a service starts with the settings that its schema describes. */
export function defineService<S extends TObject>(
  definition: Omit<ServiceDefinition<Static<S>>, 'settings'> & { settings: S },
): ServiceDefinition {
  return definition;
}
