import type { Environment } from '#platform/config/load-config.ts';

/** Each service but the gateway has a database of its own, and so has the broker's log. */
export const DATABASES = ['identity', 'orders', 'billing', 'profiles', 'notifications', 'broker'];

const settingOf = (name: string) => `${name.toUpperCase()}_DATABASE_URL`;

/** The databases that no setting names: those that the embedded server has to hold. */
export function databasesWithoutUrl(env: Environment): string[] {
  return DATABASES.filter((name) => {
    if (name === 'broker' && env.KAFKA_BROKERS?.trim()) return false;
    return !env[settingOf(name)]?.trim();
  });
}

/** For people: the settings that name these databases. */
export function databaseSettings(names: string[]): string {
  return names
    .map((name) => settingOf(name) + (name === 'broker' ? ' (or KAFKA_BROKERS)' : ''))
    .join(', ');
}
