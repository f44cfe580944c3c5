import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startMailbox } from '#dev/mailbox/mailbox.ts';
import type { ReplicaSet } from '#dev/system/replica-set.ts';
import { createSecrets } from '#dev/system/secrets.ts';
import {
  OPERATOR_EMAIL,
  type StartService,
  type System,
  type SystemOptions,
  startSystem,
} from '#dev/system/system.ts';
import type { Environment } from '#platform/config/load-config.ts';
import type { RunningService } from '#platform/service/internal-service.ts';
import type { TestBroker } from '../broker/broker.ts';
import { embeddedTopic } from '../broker/embedded-topic.ts';
import { testKafkaConnection } from '../broker/kafka.ts';
import { openKafkaTopic } from '../broker/kafka-topic.ts';
import { testLog, testServerUrl } from '../database.ts';
import { type ExchangeWatch, watchExchanges } from '../exchanges/watch-exchanges.ts';
import { listMails } from '../oracle/mails.ts';
import { type Answer, call } from '../requests.ts';
import { insertAccount } from './accounts.ts';
import { holdPorts } from './held-ports.ts';
import { optionsOf, testLayout } from './layout.ts';
import { openOwnKafka } from './own-kafka.ts';
import { createDatabases } from './system-databases.ts';

/**
 * For tests that expect final answers of orders: by the default deadline a busy machine may answer 202
 * or 503. Not for those that stop orders or billing, where an order waits for its deadline.
 */
export const PATIENT = { ORDER_DEADLINE_MS: '60000', RECOVERY_AGE_MS: '600000' };

/** The whole system of the wiring table, on databases of its own. */
export type TestSystem = Awaited<ReturnType<typeof openTestSystem>>;

export type TestCustomer = Awaited<ReturnType<typeof signIn>>;

export interface NewCustomer {
  locale?: 'ru' | 'en';
  name?: string;
  /** Identity hashes the password itself, for a tenth of a second, and again at the sign-in. */
  realHash?: boolean;
}

/** A PostgreSQL server that a test has for itself. */
export interface OwnServer {
  /** URL of the superuser. */
  url: string;
  close(): Promise<void>;
}

export interface TestSystemOptions {
  /** Where the databases are made, closed after them; the one of all tests when absent. */
  server?: OwnServer;
  /** Databases that a test has made itself, closed after the services. */
  databases?: Pick<Awaited<ReturnType<typeof createDatabases>>, 'databaseUrl' | 'close'>;
  /** Whether the test takes the broker away, so that it must be its own. */
  ownBroker?: boolean;
  /** Addresses of a Kafka that the test has started, in any layout. */
  brokers?: string[];
  /** How services are started where the layout says nothing else. */
  startService?: StartService;
  /** How many replicas a service has, where the layout says nothing else. */
  replicasOf?: (service: string) => number;
  /** Whether the previous release answers too, as its own documents say: exchanges are not checked. */
  otherVersions?: boolean;
}

/**
 * Starts the production wiring with port 0, embedded mailbox and fresh databases, in the layout of
 * TEST_LAYOUT; all of it ends with the test.
 * @param env settings that differ from the default set-up
 */
export async function startTestSystem(
  t: TestContext,
  env: Environment = {},
  options: TestSystemOptions = {},
): Promise<TestSystem> {
  const open = new AsyncDisposableStack();
  // One hook: the runner calls several in the order of their registration, the wrong one here.
  t.after(() => open.disposeAsync());
  return await openTestSystem(open, env, options);
}

/** The same with what has to be closed afterwards. */
export async function openTestSystem(
  open: AsyncDisposableStack,
  env: Environment = {},
  {
    server,
    databases: own,
    ownBroker = false,
    brokers,
    startService,
    replicasOf,
    otherVersions = testLayout() === 'versions',
  }: TestSystemOptions = {},
) {
  const exchanges = watchExchanges();
  // Registered first, so that it runs last: a violation leaves nothing open.
  open.defer(exchanges.end);
  if (server !== undefined) open.defer(server.close);
  const databases = own ?? (await createDatabases(server?.url ?? testServerUrl()));
  open.defer(databases.close);
  const { databaseUrl } = databases;
  const { mailbox, mailboxFile } = await openMailbox(open);
  const secrets = createSecrets();
  const identityUrl = databaseUrl('identity');
  if (server === undefined && own === undefined) {
    await insertAccount(identityUrl, 'operator', OPERATOR_EMAIL, secrets.operatorPassword);
  }
  const layout = testLayout();
  const broker =
    layout === 'one-process' && brokers === undefined
      ? embeddedTopic(databaseUrl('broker'))
      : await openTopic(open, ownBroker, brokers);
  const startSet = async (changes: Partial<SystemOptions> = {}) => {
    const started = await startSystem({
      databaseUrl,
      secrets,
      smtpUrl: mailbox.smtpUrl,
      mailboxUrl: mailbox.httpUrl,
      broker: broker.settings,
      env: { PORT: '0', ...env },
      log: () => testLog,
      ...optionsOf(layout),
      ...(startService !== undefined && { startService }),
      ...(replicasOf !== undefined && { replicasOf }),
      ...changes,
    });
    open.defer(() => started.close());
    if (!otherVersions) addServers(exchanges, started);
    return started;
  };
  const system = await startSet();
  const urlsOf = (name: string) => serviceOf(system, name).urls;
  let turn = 0;
  /** The customers' calls go to each gateway in turn. */
  const nextGateway = () => urlsOf('gateway')[turn++ % urlsOf('gateway').length] as string;
  return {
    /** Base URL of the first gateway. */
    url: system.url,
    system,
    /** Base URLs of a service's replicas. */
    urlsOf,
    broker,
    mailbox,
    /** SQLite file of the mailbox. */
    mailboxFile,
    listMails: async () => listMails(mailboxFile),
    secrets,
    /** URL of a service's database, for checks that the API does not offer. */
    databaseUrl,
    /** Another whole set of services, one of each, on the same databases and mail server. */
    startReplica: (changes: Environment = {}) =>
      startSet({ replicasOf: () => 1, env: { PORT: '0', ...env, ...changes } }),
    /** Another gateway for the same services; it ends with the test, if not before. */
    async startExtraGateway(changes: Environment = {}): Promise<RunningService> {
      const gateway = await system.startExtraReplica('gateway', changes);
      exchanges.add('gateway', gateway.url);
      let closed: Promise<void> | undefined;
      const close = () => (closed ??= gateway.close());
      open.defer(close);
      return { url: gateway.url, close };
    },
    /** A registered customer with a token and perhaps money. */
    async customer({ topUp = 0, ...person }: NewCustomer & { topUp?: number } = {}) {
      const { email, customerId } = await register(nextGateway(), identityUrl, person);
      const customer = await signIn(nextGateway, email, PASSWORD, customerId);
      if (topUp > 0) await customer.call('POST', '/v1/wallet/top-ups', { amount: rub(topUp) });
      return customer;
    },
    operator: () => signIn(nextGateway, OPERATOR_EMAIL, secrets.operatorPassword),
  };
}

async function openMailbox(open: AsyncDisposableStack) {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-mailbox-'));
  open.defer(() => rm(folder, { recursive: true }));
  const mailboxFile = join(folder, 'mailbox.sqlite');
  const mailbox = await startMailbox({ file: mailboxFile, smtpPort: 0, httpPort: 0, log: testLog });
  open.defer(() => mailbox.close());
  return { mailbox, mailboxFile };
}

function addServers(exchanges: ExchangeWatch, { services }: System): void {
  for (const [name, { urls }] of services) for (const url of urls) exchanges.add(name, url);
}

async function register(
  gateway: string,
  identityUrl: string,
  { locale = 'ru', name = 'Анна', realHash = false }: NewCustomer,
): Promise<{ email: string; customerId: string }> {
  const email = `${randomUUID()}@example.com`;
  if (!realHash) await insertAccount(identityUrl, 'customer', email, PASSWORD);
  const { status, body } = await call(gateway, 'POST', '/v1/registrations', {
    body: { email, password: PASSWORD, name, locale },
  });
  if (status >= 400) throw new Error(JSON.stringify(body));
  return { email, customerId: body.customerId };
}

function serviceOf({ services }: System, name: string): ReplicaSet {
  const service = services.get(name);
  if (service === undefined) throw new Error(`there is no service ${name}`);
  return service;
}

/** Stops a service with all its replicas. @returns starts them where they were */
export async function stop({ system }: TestSystem, name: string): Promise<() => Promise<void>> {
  const service = serviceOf(system, name);
  await service.stop();
  // Otherwise a server of another test, which asks for any port, could get one of theirs.
  const release = await holdPorts(service.urls);
  return async () => {
    // On Linux alone a server may listen on a port that a connection has.
    if (process.platform !== 'linux') release();
    await service.start();
    release();
  };
}

/** The topic on the Kafka of all tests, on one that this test may harm, or on one that it started. */
async function openTopic(
  open: AsyncDisposableStack,
  own: boolean,
  brokers?: string[],
): Promise<TestBroker> {
  if (!own) return openKafkaTopic(open, brokers ?? testKafkaConnection().brokers);
  const kafka = await openOwnKafka();
  open.defer(kafka.close);
  return openKafkaTopic(open, [kafka.address], kafka);
}

export const PASSWORD = 'correct horse battery';

/** Roubles in kopecks. */
export function rub(amount: number): { amount: number; currency: string } {
  return { amount, currency: 'RUB' };
}

/** An order of one item at this price, in kopecks. */
export function orderOf(price: number): { items: unknown[] } {
  return { items: [{ name: 'Книга', quantity: 1, unitPrice: rub(price) }] };
}

async function signIn(gateway: () => string, email: string, password: string, customerId = '') {
  const answer = await call(gateway(), 'POST', '/v1/sessions', { body: { email, password } });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  const token: string = answer.body.accessToken;
  return {
    customerId,
    email,
    token,
    /** A request with the customer's token. */
    call: (
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<Answer> =>
      call(gateway(), method, path, {
        headers: { authorization: `Bearer ${token}`, ...headers },
        body,
      }),
  };
}
