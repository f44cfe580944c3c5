import type { Logger } from 'pino';
import { type TBoolean, type TInteger, type TOptional, type TString, Type } from 'typebox';
import { ConfigError } from '../config/load-config.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ServiceDatabase } from '../service/definition.ts';
import { startStep } from '../service/start-step.ts';
import { nodeCommandFor } from '../values/program.ts';
import { connectRefusal, refusalText, ServerRefusal } from './connect-fault.ts';
import { ConnectError, type DatabaseOptions, type Pooler } from './connections.ts';
import { createDatabase, type Database } from './database.ts';
import { isTransient } from './errors.ts';
import { migrate } from './migrate.ts';
import { checkSession } from './session-check.ts';

// A request, a transaction, background work and a readiness check at a time.
const CONNECTIONS_MIN = 4;
const CONNECTIONS_MAX = 200;

type Prefix<Name extends string> = Uppercase<Name>;
type DatabaseSettings<Name extends string> = Record<`${Prefix<Name>}_DATABASE_URL`, TString> &
  Record<`${Prefix<Name>}_MIGRATION_DATABASE_URL`, TOptional<TString>> &
  Record<`${Prefix<Name>}_DATABASE_CONNECTIONS`, TInteger> &
  typeof sharedSettings;

const sharedSettings = {
  MIGRATE_ON_START: Type.Boolean({
    default: true,
    description: 'false: a start only checks that node services/<name>/migrate.ts has run.',
  }) as TBoolean,
  DATABASE_POOLER: Type.String({
    default: 'none',
    pattern: '^(none|session|transaction)$',
    description: 'A PgBouncer before the databases, by its pool_mode: session or transaction.',
  }) as TString,
};

/** The settings of a service's database: `<NAME>_DATABASE_URL` and those that go with it. */
export function databaseSettings<const Name extends string>({
  name,
  connectionsMax,
}: Pick<ServiceDatabase<Name>, 'name' | 'connectionsMax'>): DatabaseSettings<Name> {
  const prefix = name.toUpperCase();
  return {
    [`${prefix}_DATABASE_URL`]: Type.String({
      format: 'postgres-url',
      description: `PostgreSQL database of the ${name} service.`,
    }),
    [`${prefix}_MIGRATION_DATABASE_URL`]: Type.Optional(
      Type.String({
        format: 'postgres-url',
        description: `The same database as its owner, past any pooler, to migrate ${name}.`,
      }),
    ),
    [`${prefix}_DATABASE_CONNECTIONS`]: Type.Integer({
      default: connectionsMax,
      minimum: CONNECTIONS_MIN,
      maximum: CONNECTIONS_MAX,
      description: `Most connections of one ${name} process to its database.`,
    }),
    ...sharedSettings,
  } as unknown as DatabaseSettings<Name>;
}

/** The options of a service's database, from its settings. */
export function databaseOptions(
  { name, connectionsMax }: ServiceDatabase,
  config: object,
  log: Logger,
): DatabaseOptions & { migrationUrl: string | undefined; migrateOnStart: boolean } {
  const values = config as Record<string, string | number | boolean | undefined>;
  const prefix = name.toUpperCase();
  return {
    url: values[`${prefix}_DATABASE_URL`] as string,
    migrationUrl: values[`${prefix}_MIGRATION_DATABASE_URL`] as string | undefined,
    connectionsMax: (values[`${prefix}_DATABASE_CONNECTIONS`] as number) ?? connectionsMax,
    pooler: values.DATABASE_POOLER as Pooler,
    migrateOnStart: values.MIGRATE_ON_START !== false,
    applicationName: name,
    log,
  };
}

interface OpenOptions {
  log: Logger;
  metrics?: Metrics;
  /** Shown in pg_stat_activity; the name of the database when absent. */
  applicationName?: string;
}

/**
 * Opens a service's database: applies its migrations, or checks them, and checks that its sessions
 * have the limits and the rights that the service relies on.
 */
export async function openDatabase(
  definition: ServiceDatabase,
  config: object,
  { log, metrics, applicationName = definition.name }: OpenOptions,
): Promise<Database> {
  const options = { ...databaseOptions(definition, config, log), applicationName };
  await migrateService(definition, options);
  const database = createDatabase({ ...options, metrics });
  await databaseStep(database, 'its database', async () => {
    try {
      await checkSession(database, options);
    } catch (error) {
      const refusal = connectRefusal(error);
      if (refusal === undefined) throw error;
      throw new ConnectError(refusalText(options.url, refusal, error));
    }
  });
  return database;
}

/** Applies the migrations of a service's database as its owner, or checks them. */
export async function migrateService(
  {
    name,
    migrations,
    migrateCommand = nodeCommandFor(`services/${name}/migrate.ts`),
  }: ServiceDatabase,
  { migrationUrl, migrateOnStart, ...options }: ReturnType<typeof databaseOptions>,
): Promise<string[]> {
  const asOwner = migrateOnStart && migrationUrl !== undefined;
  const database = createDatabase(
    asOwner ? { ...options, url: migrationUrl, pooler: 'none' } : options,
  );
  try {
    return await migrate(database, migrations, {
      apply: migrateOnStart,
      command: migrateCommand,
      pooled: !asOwner && options.pooler === 'transaction',
    });
  } finally {
    await database.close();
  }
}

/**
 * Runs one step of a service's start on its database, and retries it after transient faults
 * (start-step.ts).
 * @param work may safely be repeated, also after an unknown outcome
 */
export async function databaseStep<T>(
  database: Database,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await startStep(what, work, {
      say: (line) => database.log.warn(line),
      // A setting that contradicts the data or the server fails again in the same way.
      isTransient: (error) => !isSettingFault(error) && isTransient(error),
    });
  } catch (error) {
    // Its caller has no handle to close the connections of a start that fails.
    await database.close();
    throw error;
  }
}

const SETTING_FAULTS = [ConfigError, ConnectError, ServerRefusal];

function isSettingFault(error: unknown): boolean {
  return SETTING_FAULTS.some((fault) => error instanceof fault);
}
