import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { type Mailbox, startMailbox } from '#dev/mailbox.ts';
import { createSecrets, type Secrets } from '#dev/secrets.ts';
import { DATABASES, OPERATOR_EMAIL, type System, startSystem } from '#dev/system.ts';
import { type Environment, loadConfig } from '#platform/config.ts';
import type { RunningService } from '#platform/service.ts';
import { GatewayConfig, startGateway } from '#services/gateway/service.ts';
import { testLog, testServerUrl } from './database.ts';

/** The whole system of the wiring table, on databases of its own. */
export interface TestSystem {
  url: string;
  system: System;
  mailbox: Mailbox;
  /** SQLite file of the mailbox. */
  mailboxFile: string;
  secrets: Secrets;
  /** URL of a service's database, to look behind the API. */
  databaseUrl: (name: string) => string;
  /** Another whole set of services on the same databases and mail server. */
  startReplica(): Promise<System>;
  /** Another gateway for the same services; it ends with the test, if not before. */
  startGatewayBeside(env?: Environment): Promise<RunningService>;
  /** A registered customer with a token and perhaps money. */
  customer(options?: {
    topUp?: number;
    locale?: 'ru' | 'en';
    name?: string;
  }): Promise<TestCustomer>;
  operator(): Promise<TestCustomer>;
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

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers as a client would
  body: any;
}

/** A PostgreSQL server that a test has for itself. */
export interface OwnServer {
  /** URL of the superuser. */
  url: string;
  close(): Promise<void>;
}

/**
 * Starts the production wiring with port 0, embedded mailbox and fresh databases; all of it ends
 * with the test.
 * @param env settings that differ from the default set-up
 * @param server where the databases are made, closed after them; the one of all tests when absent
 */
export async function startTestSystem(
  t: TestContext,
  env: Environment = {},
  server: OwnServer = { url: testServerUrl(), close: async () => {} },
): Promise<TestSystem> {
  const prefix = `t${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const databaseUrl = (name: string): string => {
    const url = new URL(server.url);
    url.pathname = `/${prefix}_${name}`;
    return url.href;
  };
  /** What is closed at the end, latest first. */
  const open: { close(): Promise<void> }[] = [server];
  // One hook: the runner calls several in the order of their registration, the wrong one here.
  t.after(async () => {
    for (const one of open.toReversed()) await one.close();
  });
  const allDatabases = (statement: (name: string) => string) =>
    onServer(
      server.url,
      DATABASES.map((name) => statement(`${prefix}_${name}`)),
    );
  await allDatabases((name) => `create database ${name}`);
  open.push({ close: () => allDatabases((name) => `drop database ${name} with (force)`) });
  const folder = await mkdtemp(join(tmpdir(), 'orderbell-mailbox-'));
  open.push({ close: () => rm(folder, { recursive: true }) });
  const mailboxFile = join(folder, 'mailbox.sqlite');
  const mailbox = await startMailbox({
    file: mailboxFile,
    smtpPort: 0,
    httpPort: 0,
    log: testLog,
  });
  open.push(mailbox);
  const secrets = createSecrets();
  const startSet = async () => {
    const started = await startSystem({
      databaseUrl,
      secrets,
      smtpUrl: mailbox.smtpUrl,
      mailboxUrl: mailbox.httpUrl,
      env: { PORT: '0', ...env },
      log: () => testLog,
    });
    open.push(started);
    return started;
  };
  const system = await startSet();
  const { url } = system;
  const signIn = (email: string, password: string) => signedIn(url, email, password);
  return {
    url,
    system,
    mailbox,
    mailboxFile,
    secrets,
    databaseUrl,
    startReplica: startSet,
    async startGatewayBeside(changes = {}) {
      const gateway = await startGateway(
        loadConfig('gateway', GatewayConfig, {
          ...{ PORT: '0', GATEWAY_PRIVATE_KEY: secrets.gatewayKey, WALLET_SELF_TOP_UP: 'true' },
          ...addressesOf(system),
          ...env,
          ...changes,
        }),
        testLog,
      );
      let closed: Promise<void> | undefined;
      const once = { url: gateway.url, close: () => (closed ??= gateway.close()) };
      open.push(once);
      return once;
    },
    async customer({ topUp = 0, locale = 'ru', name = 'Анна' } = {}) {
      const email = `${randomUUID()}@example.com`;
      const registered = await call(url, 'POST', '/v1/registrations', {
        body: { email, password: PASSWORD, name, locale },
      });
      if (registered.status !== 201) throw new Error(JSON.stringify(registered.body));
      const customer = await signIn(email, PASSWORD);
      if (topUp > 0) await customer.call('POST', '/v1/wallet/top-ups', { amount: rub(topUp) });
      return { ...customer, customerId: registered.body.customerId };
    },
    operator: () => signIn(OPERATOR_EMAIL, secrets.operatorPassword),
  };
}

/** The settings that tell a gateway where the other services are. */
function addressesOf({ services }: System): Environment {
  const others = [...services].filter(([name]) => name !== 'gateway');
  return Object.fromEntries(others.map(([name, { url }]) => [`${name.toUpperCase()}_URL`, url]));
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

async function signedIn(url: string, email: string, password: string): Promise<TestCustomer> {
  const answer = await call(url, 'POST', '/v1/sessions', { body: { email, password } });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  const token: string = answer.body.accessToken;
  return {
    customerId: '',
    email,
    token,
    call: (method, path, body, headers = {}) =>
      call(url, method, path, {
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body !== undefined && { body }),
      }),
  };
}

/** One HTTP request; a string body is sent as it is. */
export async function call(
  url: string,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const answer = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = answer.headers.get('content-type')?.includes('json') ?? false;
  return {
    status: answer.status,
    headers: answer.headers,
    body: json ? JSON.parse(text) : text,
  };
}

const WAIT_MS = 15_000;

/**
 * Asks again and again until the answer is there.
 * @throws Error with what it waited for
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  waitMs = WAIT_MS,
): Promise<T> {
  const end = performance.now() + waitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Rows of a service's database. */
export async function queryRows(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

async function onServer(url: string, statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
