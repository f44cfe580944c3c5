import { randomUUID } from 'node:crypto';
import { DATABASES } from '#dev/system/system.ts';
import { copyDatabase, dropDatabase, migrationsOf, queryRows, testServerUrl } from '../database.ts';

/**
 * A database for each service and the broker, under names that no other test has: on the server of
 * all tests migrated already, on a server of its own empty, for the services to migrate.
 */
export async function createDatabases(server: string) {
  const prefix = `t${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const shared = server === testServerUrl();
  const forEach = async (work: (database: string, name: string) => Promise<unknown>) => {
    await Promise.all(DATABASES.map((name) => work(`${prefix}_${name}`, name)));
  };
  const create = (database: string, name: string): Promise<unknown> =>
    shared
      ? copyDatabase(database, migrationsOf(name))
      : queryRows(server, `create database ${database}`);
  const drop = (database: string): Promise<unknown> =>
    shared ? dropDatabase(database) : queryRows(server, `drop database ${database} with (force)`);
  await forEach(create);
  return {
    databaseUrl(name: string): string {
      const url = new URL(server);
      url.pathname = `/${prefix}_${name}`;
      return url.href;
    },
    close: () => forEach(drop),
  };
}
