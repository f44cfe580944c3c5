import { rm } from 'node:fs/promises';
import pino from 'pino';
import { type EmbeddedPostgres, startPostgres } from '#dev/postgres/postgres.ts';
import { DATABASES } from '#dev/system/system.ts';

/** A PostgreSQL server with the databases of all services. */
export type OwnPostgres = EmbeddedPostgres & { close(): Promise<void> };

/**
 * Starts the database server of a system in processes; the caller closes it.
 * @param password of the services' databases
 */
export async function openOwnPostgres(
  folder: string,
  password: string,
  settings: Record<string, string> = {},
): Promise<OwnPostgres> {
  const postgres = await startPostgres({ home: folder, log: pino({ level: 'silent' }), settings });
  await Promise.all(DATABASES.map((name) => postgres.ensureDatabase(name, password)));
  return {
    ...postgres,
    async close() {
      await postgres.stop();
      // For root its folder may be elsewhere than in the one of all.
      await rm(postgres.folder, { recursive: true, force: true });
    },
  };
}
