import { databaseRoles } from '#dev/postgres/roles.ts';
import { DATABASES, databaseSetting } from '#dev/system/databases.ts';
import { queryRows } from '../database.ts';
import type { PostgresServer } from './postgres-server.ts';

const OWNER_PASSWORD = "owner's";
const PASSWORD = 'of-the-service';

const urlOf = (role: string, password: string, database: string, port: number) =>
  `postgres://${role}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;

/**
 * Databases of services on a server of their own, each with an owner and with a role that changes
 * rows only, made by the SQL of `npm run database-roles`. They are empty.
 */
export async function createRoleDatabases(server: PostgresServer, names = DATABASES) {
  const databases = through(server.port);
  /** Runs the SQL; running it again changes nothing. */
  const prepare = async (): Promise<void> => {
    const at = server.urlOf('postgres');
    for (const { name, roles, createDatabase, grants } of databaseRoles(databases.env)) {
      await queryRows(at, roles.join('\n'));
      const found = await queryRows(at, 'select from pg_database where datname = $1', [name]);
      if (found.length === 0) await queryRows(at, createDatabase);
      await queryRows(server.urlOf(name), grants.join('\n'));
    }
  };
  await prepare();
  return { ...databases, prepare, through };

  /** The same databases, which services reach by another port: a pooler's. */
  function through(port: number) {
    const databaseUrl = (name: string) => urlOf(name, PASSWORD, name, port);
    const env = Object.fromEntries(
      names.flatMap((name) => [
        [databaseSetting(name), databaseUrl(name)],
        [
          `${name.toUpperCase()}_MIGRATION_DATABASE_URL`,
          urlOf(`${name}_owner`, OWNER_PASSWORD, name, server.port),
        ],
      ]),
    );
    return { databaseUrl, env: env as Record<string, string>, close: async () => {} };
  }
}

/** Passwords by role, for a pooler. */
export const ROLE_PASSWORDS: Record<string, string> = Object.fromEntries(
  DATABASES.map((name) => [name, PASSWORD]),
);
