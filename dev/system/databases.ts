import { type Environment, isGiven } from '#platform/config/read-setting.ts';
import { SERVICES_WITH_DATABASE } from './services.ts';

/** Each service with migrations has a database of its own, and so has the broker's log. */
export const DATABASES = [...SERVICES_WITH_DATABASE, 'broker'];

/** The setting that holds the URL of a database. */
export const databaseSetting = (name: string) => `${name.toUpperCase()}_DATABASE_URL`;

/** The databases that no setting names: those that the embedded server has to hold. */
export function databasesWithoutUrl(env: Environment): string[] {
  return DATABASES.filter((name) => {
    if (name === 'broker' && isGiven(name, 'KAFKA_BROKERS', env)) return false;
    return !isGiven(name, databaseSetting(name), env);
  });
}

/** For people: the settings that name these databases. */
export function databaseSettings(names: string[]): string {
  return names
    .map((name) => databaseSetting(name) + (name === 'broker' ? ' (or KAFKA_BROKERS)' : ''))
    .join(', ');
}
