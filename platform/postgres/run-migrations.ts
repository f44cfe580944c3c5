import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox';
import { loadConfig, settingsSchema } from '../config/load-config.ts';
import type { ServiceDatabase, ServiceDefinition } from '../service/definition.ts';
import { RunSettings, sayCannotStart } from '../service/run.ts';
import { createLog } from '../telemetry/log.ts';
import { print } from '../telemetry/print.ts';
import { databaseName } from './connect-fault.ts';
import { databaseOptions, databaseSettings, migrateService } from './service-database.ts';

/**
 * Runs the migrations of a service as a process of its own: `node services/<name>/migrate.ts`. It
 * needs the URL of the database only, `<NAME>_MIGRATION_DATABASE_URL` before
 * `<NAME>_DATABASE_URL`, and prints what it applied. Exits with code 1 when it cannot.
 */
export async function runMigrations({
  name,
  database,
}: Pick<ServiceDefinition, 'name' | 'database'>): Promise<void> {
  try {
    if (database === undefined) throw new Error(`${name} has no database`);
    const config = loadConfig(name, jobSettings(database), process.env) as object;
    const { LOG_LEVEL } = config as Static<typeof RunSettings>;
    const options = databaseOptions(database, config, createLog(name, LOG_LEVEL));
    const url = options.migrationUrl ?? options.url;
    const applied = await migrateService(database, { ...options, url, migrateOnStart: true });
    const what = applied.length === 0 ? 'nothing was missing' : applied.join(', ');
    print(`${databaseName(url)} is migrated: ${what}`);
  } catch (error) {
    sayCannotStart(name, error);
    process.exitCode = 1;
  }
}

function jobSettings(database: ServiceDatabase): TObject {
  const settings: Record<string, TSchema> = databaseSettings(database);
  const prefix = database.name.toUpperCase();
  const names = [`${prefix}_MIGRATION_DATABASE_URL`, `${prefix}_DATABASE_URL`];
  const urls = names.map((name) => [name, Type.Optional(settings[name] as TSchema)]);
  const properties: TProperties = {
    ...RunSettings.properties,
    ...Object.fromEntries(urls),
    DATABASE_POOLER: settings.DATABASE_POOLER,
  };
  return settingsSchema(properties, (_config, isSet) =>
    names.some(isSet) ? [] : [`${names.join(' is not set, and ')} neither`],
  );
}
