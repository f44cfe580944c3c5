import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Mailbox, startMailbox } from '#dev/mailbox/mailbox.ts';
import type { ReplicaSet } from '#dev/system/replica-set.ts';
import { createSecrets, type Secrets } from '#dev/system/secrets.ts';
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
import { listMails } from '../oracle/mails.ts';
import type { Mail } from '../oracle/stored-state.ts';
import { type Answer, call } from '../requests.ts';
import { insertAccount } from './accounts.ts';
import { optionsOf, testLayout } from './layout.ts';
import { openOwnKafka } from './own-kafka.ts';
import { createDatabases } from './system-databases.ts';

/** The whole system of the wiring table, on databases of its own. */
export interface TestSystem {
  /** Base URL of the first gateway; what customers call goes to each gateway in turn. */
  url: string;
  system: System;
  /** Base URLs of a service's replicas. */
  urlsOf(service: string): string[];
  broker: TestBroker;
  mailbox: Mailbox;
  /** SQLite file of the mailbox. */
  mailboxFile: string;
  /** Everything in the mailbox. */
  listMails: () => Promise<Mail[]>;
  secrets: Secrets;
  /** URL of a service's database, to look behind the API. */
  databaseUrl: (name: string) => string;
  /** Another whole set of services, one of each, on the same databases and mail server. */
  startReplica(changes?: Environment): Promise<System>;
  /** Another gateway for the same services; it ends with the test, if not before. */
  startExtraGateway(env?: Environment): Promise<RunningService>;
  /** A registered customer with a token and perhaps money. */
  customer(options?: NewCustomer & { topUp?: number }): Promise<TestCustomer>;
  operator(): Promise<TestCustomer>;
}

export interface NewCustomer {
  locale?: 'ru' | 'en';
  name?: string;
  /** Identity hashes the password itself, for a tenth of a second, and again at the sign-in. */
  realHash?: boolean;
}

export interface TestCustomer {
  customerId: string;
  email: string;
  token: string;
  /** A request with the customer's token. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
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
  /** Whether the test takes the broker away, so that it must be its own. */
  ownBroker?: boolean;
  /** How services are started where the layout says nothing else. */
  startService?: StartService;
}

const sharedServer = (): OwnServer => ({ url: testServerUrl(), close: async () => {} });

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
  const server = options.server ?? sharedServer();
  /** What is closed at the end, latest first. */
  const open: { close(): Promise<void> }[] = [server];
  // One hook: the runner calls several in the order of their registration, the wrong one here.
  t.after(() => closeAll(open.toReversed()));
  return await startInto(open, env, { ...options, server });
}

/** The same with default settings, for the caller to close. */
export async function openTestSystem(): Promise<{ system: TestSystem; close(): Promise<void> }> {
  const server = sharedServer();
  const open: { close(): Promise<void> }[] = [];
  const close = () => closeAll(open.toReversed());
  try {
    return { system: await startInto(open, {}, { server }), close };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

async function startInto(
  open: { close(): Promise<void> }[],
  env: Environment,
  { server, ownBroker = false, startService }: TestSystemOptions & { server: OwnServer },
): Promise<TestSystem> {
  const databases = await createDatabases(server.url);
  open.push(databases);
  const { databaseUrl } = databases;
  const { mailbox, mailboxFile } = await openMailbox(open);
  const secrets = createSecrets();
  const identityUrl = databaseUrl('identity');
  if (server.url === testServerUrl()) {
    await insertAccount(identityUrl, 'operator', OPERATOR_EMAIL, secrets.operatorPassword);
  }
  const layout = testLayout();
  const broker =
    layout === 'one-process'
      ? embeddedTopic(databaseUrl('broker'))
      : await openTopic(open, ownBroker);
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
      ...changes,
    });
    open.push(started);
    return started;
  };
  const system = await startSet();
  const urlsOf = (name: string) => serviceOf(system, name).urls;
  const nextGateway = inTurn(urlsOf('gateway'));
  const signIn = (email: string, password: string) => signedIn(nextGateway, email, password);
  return {
    url: system.url,
    system,
    urlsOf,
    broker,
    mailbox,
    mailboxFile,
    listMails: async () => listMails(mailboxFile),
    secrets,
    databaseUrl,
    startReplica: (changes = {}) =>
      startSet({ replicasOf: () => 1, env: { PORT: '0', ...env, ...changes } }),
    async startExtraGateway(changes = {}) {
      const gateway = await system.startExtraReplica('gateway', changes);
      let closed: Promise<void> | undefined;
      const once = { url: gateway.url, close: () => (closed ??= gateway.close()) };
      open.push(once);
      return once;
    },
    async customer({ topUp = 0, ...person } = {}) {
      const { email, customerId } = await register(nextGateway(), identityUrl, person);
      const customer = await signIn(email, PASSWORD);
      if (topUp > 0) await customer.call('POST', '/v1/wallet/top-ups', { amount: rub(topUp) });
      return { ...customer, customerId };
    },
    operator: () => signIn(OPERATOR_EMAIL, secrets.operatorPassword),
  };
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

/** @throws Error when there is no such service */
export function serviceOf({ services }: System, name: string): ReplicaSet {
  const service = services.get(name);
  if (service === undefined) throw new Error(`there is no service ${name}`);
  return service;
}

async function openMailbox(open: { close(): Promise<void> }[]) {
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-mailbox-'));
  open.push({ close: () => rm(folder, { recursive: true }) });
  const file = join(folder, 'mailbox.sqlite');
  const mailbox = await startMailbox({ file, smtpPort: 0, httpPort: 0, log: testLog });
  open.push(mailbox);
  return { mailbox, mailboxFile: file };
}

/** The topic on the Kafka of all tests, or on one that this test may harm. */
async function openTopic(open: { close(): Promise<void> }[], own: boolean): Promise<TestBroker> {
  if (!own) return openKafkaTopic(open, testKafkaConnection().brokers);
  const kafka = await openOwnKafka();
  open.push(kafka);
  return openKafkaTopic(open, [kafka.address], kafka);
}

/** Closes one after the other, the rest also when one cannot, and throws the first fault then. */
async function closeAll(open: { close(): Promise<void> }[]): Promise<void> {
  const faults: unknown[] = [];
  for (const one of open) await one.close().catch((error: unknown) => faults.push(error));
  if (faults.length > 0) throw faults[0];
}

/** Gives one after the other, again and again. */
function inTurn<T>(all: T[]): () => T {
  let turn = 0;
  return () => all[turn++ % all.length] as T;
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

async function signedIn(
  gateway: () => string,
  email: string,
  password: string,
): Promise<TestCustomer> {
  const answer = await call(gateway(), 'POST', '/v1/sessions', { body: { email, password } });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  const token: string = answer.body.accessToken;
  return {
    customerId: '',
    email,
    token,
    call: (method, path, body, headers = {}) =>
      call(gateway(), method, path, {
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body !== undefined && { body }),
      }),
  };
}
