import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import type { Environment } from '#platform/config/load-config.ts';
import { startMailbox } from '../mailbox/mailbox.ts';
import { findClusterDirectory } from '../postgres/cluster-directory.ts';
import { startPostgres } from '../postgres/postgres.ts';
import { serverUrl } from '../postgres/server.ts';
import { DATABASES } from '../system/databases.ts';
import { createSecrets } from '../system/secrets.ts';
import { loadServices } from '../system/services.ts';
import { CALLEES, type Links, openLinks } from './faults.ts';
import { createHome, removeHome } from './leftovers.ts';
import { advanceDatabases, installShiftedClock } from './shifted-databases.ts';
import { copyData, findTemplate, keepTemplate, type Template, templateFolder } from './template.ts';

export interface PartsOptions {
  /** Settings of the services that differ from the defaults. */
  settings: Environment;
  /** Folder of the template. */
  cache: string;
}

/** What the test needs to know. */
export interface PartsFacts {
  url: string;
  mailboxUrl: string;
  operator: { email: string; password: string };
}

// The data live as long as a test: no power cut can harm them.
const POSTGRES_SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  shared_buffers: '32MB',
  // Segments that are made when they are needed: each file is copied at every start.
  min_wal_size: '32MB',
  wal_recycle: 'off',
  wal_init_zero: 'off',
};

/**
 * Starts a whole system in this process, with a database server, broker, mail server and folder of its
 * own. The first start of a version makes the data that later ones copy.
 */
export async function startParts(
  open: AsyncDisposableStack,
  { settings, cache }: PartsOptions,
): Promise<PartsFacts & { links: Links; advanceDatabases(ms: number): Promise<void> }> {
  const log = pino({ level: settings.LOG_LEVEL ?? 'silent' }, pino.destination(2));
  const folder = await templateFolder(cache);
  let template = await findTemplate(folder);
  if (template === undefined) {
    await makeTemplate(folder, log);
    // A parallel start's, where that one was faster.
    template = await findTemplate(folder);
  }
  if (template === undefined) throw new Error(`the prepared data in ${folder} are gone`);
  // The services' code is read while the database starts.
  const [{ postgres, databaseUrl }, { OPERATOR_EMAIL, startSystem }] = await allOf([
    startDatabases(open, template, log),
    loadSystem(),
  ]);
  const { secrets } = template;
  const links = await openLinks(open);
  const file = join(postgres.home, 'mailbox.sqlite');
  const mailbox = await startMailbox({ file, smtpPort: 0, httpPort: 0, log });
  open.defer(() => mailbox.close());
  links.leadMailToMailbox(mailbox.smtpUrl);
  links.proxyOf('broker').target(databaseUrl('broker'));
  const system = await startSystem({
    databaseUrl: (name) =>
      name === 'broker' ? through(links, databaseUrl(name)) : databaseUrl(name),
    secrets,
    smtpUrl: `smtp://127.0.0.1:${links.proxyOf('mail').port}`,
    mailboxUrl: mailbox.httpUrl,
    env: { ...DEFAULTS, ...addressesOf(links), ...settings },
    log: (service) => log.child({ service }),
  });
  open.defer(() => system.close());
  for (const name of CALLEES) {
    links.proxyOf(name).target(system.services.get(name)?.urls[0] as string);
  }
  return {
    url: system.url,
    mailboxUrl: mailbox.httpUrl,
    operator: { email: OPERATOR_EMAIL, password: secrets.operatorPassword },
    links,
    advanceDatabases: (ms) => advanceDatabases(DATABASES.map(postgres.superuserUrl), ms),
  };
}

async function loadSystem() {
  const [system] = await Promise.all([import('../system/system.ts'), loadServices()]);
  return system;
}

/** Like `Promise.all`, but waits for both also when one fails, so that nothing starts after the end. */
async function allOf<A, B>(works: [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}

const DEFAULTS: Environment = {
  PORT: '0',
  // All customers of a test have one address.
  REGISTRATIONS_PER_ADDRESS: '1000000',
};

/** Addresses of the proxies: to one of them a call goes by HTTP, also within this thread. */
function addressesOf(links: Links): Environment {
  return Object.fromEntries(
    CALLEES.map((name) => [`${name.toUpperCase()}_URL`, links.proxyOf(name).url]),
  );
}

/** The broker's database by way of its proxy. */
function through(links: Links, url: string): string {
  const proxied = new URL(url);
  proxied.port = String(links.proxyOf('broker').port);
  return proxied.href;
}

/** A database server on a copy of the template's data, or on new data. */
async function startDatabases(open: AsyncDisposableStack, template: Template | null, log: Logger) {
  const home = await createHome();
  const cluster = await findClusterDirectory(home, () => {});
  open.defer(() => removeHome(home, cluster.folder));
  if (template !== null) await copyData(template.folder, cluster.folder);
  const postgres = await startPostgres({ home, settings: POSTGRES_SETTINGS, log });
  open.defer(() => postgres.stop());
  return {
    cluster,
    postgres: { ...postgres, home },
    databaseUrl: (name: string) =>
      serverUrl(postgres.port, name, template?.secrets.databasePassword ?? '', name),
  };
}

/** Starts a system on empty databases, so that it migrates them and makes its keys, and stops it. */
async function makeTemplate(folder: string, log: Logger): Promise<void> {
  const secrets = createSecrets();
  await using open = new AsyncDisposableStack();
  const { cluster, postgres } = await startDatabases(open, null, log);
  const urls = new Map<string, string>();
  for (const name of DATABASES) {
    urls.set(name, await postgres.ensureDatabase(name, secrets.databasePassword));
    await installShiftedClock(postgres.superuserUrl(name), name);
  }
  const { startSystem } = await loadSystem();
  const system = await startSystem({
    databaseUrl: (name) => urls.get(name) as string,
    secrets,
    // Nobody listens there, and no letter is sent.
    smtpUrl: 'smtp://127.0.0.1:1',
    env: DEFAULTS,
    log: () => log,
  });
  await system.close();
  await postgres.stop();
  await keepTemplate(folder, cluster, secrets);
}
