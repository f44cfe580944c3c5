import { generateKeyPairSync } from 'node:crypto';
import type { TestContext } from 'node:test';
import { loadConfig } from '#platform/config/load-config.ts';
import { createCredentials, publicKeyOf } from '#platform/http/service-token.ts';
import type { ServiceDefinition } from '#platform/service/definition.ts';
import { createTestDatabaseUrl, migrationsOf, openDatabase, testLog } from '../database.ts';
import { call } from '../requests.ts';

/** Those who may call internal services, with the keys that they sign with. */
const keys = new Map(
  (['gateway', 'notifications'] as const).map((caller) => {
    const { privateKey } = generateKeyPairSync('ed25519');
    return [caller, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string];
  }),
);

type TestCaller = 'gateway' | 'notifications';

/** The key that a caller signs with, for a service that calls others. */
export function testKeyOf(caller: TestCaller): string {
  return keys.get(caller) as string;
}

/** One started service, called as another service would. */
export type TestService = Awaited<ReturnType<typeof startTestService>>;

/** Starts one internal service on databases of its own; all of it ends with the test. */
export async function startTestService(
  t: TestContext,
  { name, settings: schema, start }: ServiceDefinition,
  settings: Record<string, string> = {},
) {
  const open = new AsyncDisposableStack();
  const close = () => open.disposeAsync();
  // Registered first, so that it runs before any database is dropped.
  t.after(close);
  const env: Record<string, string> = { ...settings };
  for (const setting of Object.keys(schema.properties)) {
    const [, owner] = /^([A-Z]+)_DATABASE_URL$/.exec(setting) ?? [];
    // Without a relay there is no broker either.
    const isUsed = owner !== 'BROKER' || settings.OUTBOX_RELAY !== 'off';
    if (owner === undefined || !isUsed) continue;
    const migrations = migrationsOf(owner.toLowerCase());
    // Another replica of a service is given the database of the first one.
    env[setting] ??= await createTestDatabaseUrl(t, undefined, migrations);
  }
  const publicKeys = await Promise.all([...keys].map(([caller, key]) => publicKeyOf(caller, key)));
  env.SERVICE_PUBLIC_KEYS = JSON.stringify({ keys: publicKeys });
  const service = await start(loadConfig(name, schema, env), testLog);
  open.defer(() => service.close());
  const databaseUrl = (setting: string) => env[setting] as string;
  const database = openDatabase(databaseUrl(`${name.toUpperCase()}_DATABASE_URL`), 2, 'look');
  open.defer(() => database.close());
  const credentials = new Map(
    await Promise.all(
      [...keys].map(
        async ([caller, key]) => [caller, await createCredentials(caller, key)] as const,
      ),
    ),
  );
  return {
    url: service.url,
    /** The service's own database, to look behind the API. */
    database,
    /** URL of the database that a setting names. */
    databaseUrl,
    /** Ends it before the test does. */
    close,
    async call(
      method: string,
      path: string,
      body?: unknown,
      options: { caller?: TestCaller; headers?: Record<string, string> } = {},
    ) {
      const { caller = 'gateway', headers = {} } = options;
      const authorization = (await credentials.get(caller)?.(name)) ?? '';
      return call(service.url, method, path, { headers: { authorization, ...headers }, body });
    },
  };
}
