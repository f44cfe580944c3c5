import { generateKeyPairSync } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Logger } from 'pino';
import type { Static, TObject } from 'typebox';
import { loadConfig } from '#platform/config/load-config.ts';
import { createCredentials, publicKeyOf } from '#platform/http/service-token.ts';
import { createDatabase, type Database } from '#platform/postgres/database.ts';
import type { RunningService } from '#platform/service/internal-service.ts';
import { createTestDatabaseUrl, migrationsOf, testLog } from '../database.ts';
import { type Answer, call } from '../requests.ts';

/** Those who may call internal services. */
export type TestCaller = 'gateway' | 'notifications';

/** One started service, called as another service would. */
export interface TestService {
  url: string;
  /** The service's own database, to look behind the API. */
  database: Database;
  /** URL of the database that a setting names. */
  databaseUrl(setting: string): string;
  /** Ends it before the test does. */
  close(): Promise<void>;
  call(
    method: string,
    path: string,
    body?: unknown,
    options?: { caller?: TestCaller; headers?: Record<string, string> },
  ): Promise<Answer>;
}

const keys = new Map(
  (['gateway', 'notifications'] as const).map((caller) => {
    const { privateKey } = generateKeyPairSync('ed25519');
    return [caller, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string];
  }),
);

/** The key that a caller signs with, for a service that calls others. */
export function testKeyOf(caller: TestCaller): string {
  return keys.get(caller) as string;
}

/**
 * Starts one internal service on databases of its own; all of it ends with the test.
 * @param databases settings that name a database, the service's own first
 * @param more further settings, and what has to end before the service does: its callers
 */
export async function startTestService<S extends TObject>(
  t: TestContext,
  name: string,
  schema: S,
  start: (config: Static<S>, log: Logger) => Promise<RunningService>,
  databases: string[],
  more: { settings?: Record<string, string>; closeFirst?: () => Promise<void> } = {},
): Promise<TestService> {
  const open: { close(): Promise<void> }[] = [];
  const env: Record<string, string> = { ...more.settings };
  const close = async () => {
    for (const one of open.splice(0)) await one.close();
  };
  for (const [index, setting] of databases.entries()) {
    // The first hook runs first: it ends the service before any of its databases is dropped.
    const beforeDrop = async () => {
      if (index > 0) return;
      await more.closeFirst?.();
      await close();
    };
    const [owner] = setting.toLowerCase().split('_') as [string];
    env[setting] = await createTestDatabaseUrl(t, beforeDrop, migrationsOf(owner));
  }
  const publicKeys = await Promise.all([...keys].map(([caller, key]) => publicKeyOf(caller, key)));
  env.SERVICE_PUBLIC_KEYS = JSON.stringify({ keys: publicKeys });
  const service = await start(loadConfig(name, schema, env), testLog);
  open.push(service);
  const database = createDatabase({
    url: env[databases[0] as string] as string,
    connectionsMax: 2,
    applicationName: 'look',
    log: testLog,
  });
  open.push(database);
  const credentials = new Map(
    await Promise.all(
      [...keys].map(
        async ([caller, key]) => [caller, await createCredentials(caller, key)] as const,
      ),
    ),
  );
  return {
    url: service.url,
    database,
    databaseUrl: (setting) => env[setting] as string,
    close,
    async call(method, path, body, { caller = 'gateway', headers = {} } = {}) {
      const authorization = (await credentials.get(caller)?.(name)) ?? '';
      return call(service.url, method, path, {
        headers: { authorization, ...headers },
        ...(body !== undefined && { body }),
      });
    },
  };
}
