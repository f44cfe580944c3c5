import { rm } from 'node:fs/promises';
import pino from 'pino';
import { startPostgres } from '#dev/postgres/postgres.ts';
import { DATABASES } from '#dev/system/system.ts';

/**
 * Starts a PostgreSQL server with the databases of all services; the caller closes it.
 * @param password of the services' databases
 */
export async function openOwnPostgres(
  folder: string,
  password: string,
  settings: Record<string, string> = {},
) {
  const postgres = await startPostgres({ home: folder, log: pino({ level: 'silent' }), settings });
  await Promise.all(DATABASES.map((name) => postgres.ensureDatabase(name, password)));
  return {
    ...postgres,
    async close(): Promise<void> {
      await postgres.stop();
      // For root its folder may be elsewhere than in the one of all.
      await rm(postgres.folder, { recursive: true, force: true });
    },
  };
}
