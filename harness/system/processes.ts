import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { DATABASES } from '#dev/system/databases.ts';
import { createSecrets, type Secrets } from '#dev/system/secrets.ts';
import { loadServices } from '#dev/system/services.ts';
import { createWiring } from '#dev/system/wiring.ts';
import { publicKeyOf } from '#platform/http/service-token.ts';
import type { ServiceDefinition } from '#platform/service/definition.ts';
import { spawnNode } from '../child-process.ts';
import { createTestDatabaseUrl } from '../database.ts';
import { eventually } from '../eventually.ts';

export type ServiceProcess = ReturnType<typeof startServiceProcess>;

/** Runs one service as a process with these settings and no others, ended with the test. */
export function startServiceProcess(t: TestContext, name: string, env: Record<string, string>) {
  const main = join(import.meta.dirname, '..', '..', 'services', name, 'main.ts');
  const { child, printed, exited } = spawnNode([main], {
    // The compile cache halves their start.
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env },
  });
  t.after(async () => {
    // Also one that a test has stopped by SIGSTOP.
    child.kill('SIGKILL');
    await exited;
  });
  const look = async () => {
    if (child.exitCode !== null)
      throw new Error(`${name} ended: ${printed('stdout')}${printed('stderr')}`);
    return new RegExp(`${name} listens on (https?://[^"]+)`).exec(printed('stdout'))?.[1];
  };
  return {
    child,
    /** Its log, a JSON document a line. */
    printed: () => printed('stdout'),
    /** Why it cannot start, and its standard error so far. */
    complained: () => [...fatalTexts(printed('stdout')), printed('stderr')].join('\n'),
    exited,
    /** The base URL, once it listens. */
    listening: () => eventually(`${name} to listen`, look),
  };
}

function fatalTexts(log: string): string[] {
  const lines = log.split('\n').filter((line) => line.startsWith('{"level":"fatal"'));
  return lines.map((line) => JSON.parse(line).msg);
}

export type ProcessSettings = Awaited<ReturnType<typeof processSettings>>;

/**
 * Settings with which each service starts alone, on databases of their own, which are empty at
 * first; it reaches no other that is not named.
 */
export async function processSettings(t: TestContext) {
  const databases = new Map<string, string>();
  for (const name of DATABASES) databases.set(name, await createTestDatabaseUrl(t));
  const databaseUrl = (name: string) => databases.get(name) as string;
  const services = await loadServices();
  const wiring = await createWiring(services, {
    databaseUrl,
    secrets: createSecrets(),
    smtpUrl: 'smtp://127.0.0.1:1',
  });
  const urls = Object.fromEntries(services.map(({ name }) => [name, NOWHERE]));
  return {
    databaseUrl,
    of(name: string, more: Record<string, string> = {}): Record<string, string> {
      const service = services.find((each) => each.name === name) as ServiceDefinition;
      const settings = Object.entries(wiring.settingsOf(service, urls));
      const given = settings.filter((entry): entry is [string, string] => entry[1] !== undefined);
      return { PORT: '0', ...Object.fromEntries(given), ...more };
    },
  };
}

/** No process listens there. */
const NOWHERE = 'http://127.0.0.1:1';

/** JWKS of the services that call others. */
export async function publicKeysOf({ gatewayKey, notificationsKey }: Secrets): Promise<string> {
  const keys = { gateway: gatewayKey, notifications: notificationsKey };
  const published = Object.entries(keys).map(([caller, key]) => publicKeyOf(caller, key));
  return JSON.stringify({ keys: await Promise.all(published) });
}

/** Status of a health address; 0 where nothing answers. */
export async function healthOf(url: string, path: '/livez' | '/readyz'): Promise<number> {
  try {
    const answer = await fetch(url + path, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return 0;
  }
}

// More than any check of our own may take.
const HEALTH_TIMEOUT_MS = 60_000;
