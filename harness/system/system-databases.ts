import { randomUUID } from 'node:crypto';
import { DATABASES } from '#dev/system/system.ts';
import {
  copyDatabase,
  dropDatabase,
  migrationsOf,
  queryRows,
  testServerUrl,
  urlOf,
} from '../database.ts';

/**
 * Creates a database for each service and the broker, with names unique to this test. On the
 * shared server they are already migrated; on a test's own server they are empty, and the services
 * migrate them.
 */
export async function createDatabases(server: string) {
  const prefix = `t${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const shared = server === testServerUrl();
  const forEach = (work: (database: string, name: string) => Promise<unknown>) =>
    Promise.all(DATABASES.map((name) => work(`${prefix}_${name}`, name)));
  await forEach((database, name) =>
    shared
      ? copyDatabase(database, migrationsOf(name))
      : queryRows(server, `create database ${database}`),
  );
  return {
    databaseUrl: (name: string) => urlOf(`${prefix}_${name}`, server),
    async close() {
      await forEach((database) =>
        shared
          ? dropDatabase(database)
          : queryRows(server, `drop database ${database} with (force)`),
      );
    },
  };
}
