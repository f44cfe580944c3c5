import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ConfigError } from '#platform/config/load-config.ts';
import { describeError } from '#platform/errors.ts';
import { print, printError } from '#platform/telemetry/print.ts';
import { databaseRoles, psqlScript } from '../postgres/roles.ts';
import { createInstallation, environmentFile, settingsFile } from './installation.ts';
import { parseOptions, USAGE } from './options.ts';

// `npm run new-installation`: writes keys, passwords and settings of a production.

class FolderInUseError extends Error {}

/** @throws FolderInUseError where an installation is already: new keys would lock it out */
async function writeInstallation(args: string[]): Promise<void> {
  const { out, ...options } = parseOptions(args);
  const file = join(out, '.env');
  const secrets = join(out, 'secrets');
  const taken = [file, secrets].find((path) => existsSync(path));
  if (taken !== undefined) {
    throw new FolderInUseError(
      `${taken} exists, and its keys and passwords may be in use: name another folder with --out`,
    );
  }
  const installation = await createInstallation(options);
  // The folder keeps other users out. Containers run as another user and get each file alone.
  await mkdir(secrets, { recursive: true, mode: 0o700 });
  for (const [name, value] of Object.entries(installation.secrets)) {
    await writeFile(join(secrets, name), value, { mode: 0o644 });
  }
  await writeFile(join(out, 'settings.env'), settingsFile(installation));
  await writeFile(file, environmentFile(installation), { mode: 0o600 });
  if (options.compose) {
    // The image of PostgreSQL runs it at its first start, as another user.
    const roles = psqlScript(databaseRoles(installation.secrets));
    await writeFile(join(out, 'roles.sql'), roles, { mode: 0o644 });
  }
  print(nextSteps(relative('.', out) || '.', options.compose));
}

function nextSteps(folder: string, compose: boolean): string {
  return compose
    ? `Written to ${folder}. Next: docker compose up --detach --wait`
    : `Written to ${folder}, where every value can still be edited:

  .env                        all settings of all services, for one machine
  settings.env and secrets/   the same in separate files, for containers

Next: the database roles, step 4 of docs/how-to/run-in-production.md`;
}

try {
  await writeInstallation(process.argv.slice(2));
} catch (error) {
  const usage = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
  if (usage || error instanceof ConfigError) {
    printError(`${(error as Error).message}\n${USAGE}`);
  } else {
    printError(error instanceof FolderInUseError ? error.message : describeError(error));
  }
  process.exitCode = 1;
}
