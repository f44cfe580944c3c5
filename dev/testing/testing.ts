import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '#client/client.ts';
import { createMailbox, type TestMailbox } from './mailbox.ts';
import { spawnKit } from './process.ts';

export type { Client } from '#client/client.ts';
export type { Letter, LetterFilter, TestMailbox } from './mailbox.ts';

export interface OrderbellOptions {
  /** Settings of the services (docs/reference/settings.md) that differ from the defaults. */
  settings?: Record<string, string>;
  /** Where prepared data are kept for later starts; `.cache/orderbell` of the user when absent. */
  cache?: string;
  /** Gets each line of the log, at level `info` unless LOG_LEVEL says otherwise. */
  onLog?: (line: string) => void;
}

export interface NewCustomer {
  /** A new address when absent. */
  email?: string;
  name?: string;
  locale?: 'ru' | 'en';
  /** First balance, in minor units of CURRENCY (kopecks). */
  topUp?: number;
}

export interface TestCustomer {
  customerId: string;
  email: string;
  password: string;
  /** Valid for 15 minutes of the shop's clock; `signIn` gives another one. */
  accessToken: string;
}

/** Ends the faults of one part. */
export interface Healable {
  heal(): Promise<void>;
}

/** Faults between the callers of a service and the service. A later fault adds to earlier ones. */
export interface ServiceFaults extends Healable {
  /** Connections end, and new ones are refused. */
  away(): Promise<void>;
  /** Requests arrive nowhere and nothing answers; they arrive late, when it heals. */
  hang(): Promise<void>;
  /** Each answer comes so much later. */
  slow(ms: number): Promise<void>;
  /** Requests take effect and their answers are lost, reads aside; only the next `times` of them. */
  loseAnswers(options?: { times?: number }): Promise<void>;
}

export interface BrokerFaults extends Healable {
  away(): Promise<void>;
  hang(): Promise<void>;
}

export interface MailFaults extends Healable {
  /** The mail server is not there. */
  away(): Promise<void>;
  /** It refuses each recipient: for now (450), or for ever (550). */
  refuse(options?: { permanent?: boolean }): Promise<void>;
  /** It takes a letter's text and never says whether it keeps it. */
  hang(): Promise<void>;
}

export interface Faults {
  orders: ServiceFaults;
  billing: ServiceFaults;
  profiles: ServiceFaults;
  notifications: ServiceFaults;
  identity: ServiceFaults;
  webhooks: ServiceFaults;
  broker: BrokerFaults;
  mail: MailFaults;
  healAll(): Promise<void>;
}

/** A whole Orderbell of a test. */
export interface Orderbell extends AsyncDisposable {
  /** Base URL of the public API and the console. */
  url: string;
  /** A new customer who is signed in. */
  register(person?: NewCustomer): Promise<TestCustomer>;
  /** A new access token. */
  signIn(person: { email: string; password: string }): Promise<string>;
  /** An access token of the operator. */
  operator(): Promise<string>;
  /**
   * A client of the API (docs/how-to/use-the-client.md): the typed calls of `@orderbell/client`.
   * @param accessToken of a customer or the operator; without one it calls what is public
   */
  client(accessToken?: string): Client;
  mailbox: TestMailbox;
  clock: {
    /**
     * Moves all clocks and timers of the shop ahead: retries, recovery, leases, time limits and
     * tokens come due, as after a machine was suspended for so long. Each wait ends once: a letter
     * that is refused again waits again.
     */
    advance(ms: number): Promise<void>;
  };
  faults: Faults;
  /** Stops everything and removes its data. */
  close(): Promise<void>;
}

const PASSWORD = 'correct horse battery staple';

/**
 * Starts a whole Orderbell for a test: all services, a PostgreSQL, the embedded broker and a mail
 * server, in a process of their own that ends with this one. The first start on a machine takes some
 * seconds more, since it prepares the data that later ones copy.
 * @throws Error with the reason when it does not start
 */
export async function startOrderbell(options: OrderbellOptions = {}): Promise<Orderbell> {
  const cacheHome = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const { cache = join(cacheHome, 'orderbell'), onLog, settings = {} } = options;
  const kit = spawnKit({ compileCache: join(cache, 'compile-cache'), onLog: onLog ?? (() => {}) });
  const level = onLog === undefined ? {} : { LOG_LEVEL: 'info' };
  let facts: { url: string; mailboxUrl: string; operator: { email: string; password: string } };
  try {
    const start = { do: 'start', options: { settings: { ...level, ...settings }, cache } };
    facts = (await kit.ask(start)) as typeof facts;
  } catch (error) {
    await kit.close().catch(() => {});
    throw error;
  }
  const { url, mailboxUrl, operator } = facts;
  const client = (accessToken?: string) => createClient({ baseUrl: url, accessToken });

  async function signIn({ email, password }: { email: string; password: string }): Promise<string> {
    const { body } = await client().call('signIn', { body: { email, password } });
    return body.accessToken;
  }

  async function register(person: NewCustomer = {}): Promise<TestCustomer> {
    const { email = `${randomUUID()}@example.com`, name = 'Anna', locale = 'en', topUp } = person;
    const account = { email, password: PASSWORD };
    const { body } = await client().call('register', { body: { ...account, name, locale } });
    const accessToken = await signIn(account);
    if (topUp !== undefined) {
      const currency = settings.CURRENCY ?? 'RUB';
      await client(accessToken).topUp({ amount: topUp, currency });
    }
    return { customerId: body.customerId, ...account, accessToken };
  }

  return {
    url,
    register,
    signIn,
    operator: () => signIn(operator),
    client,
    mailbox: createMailbox(mailboxUrl),
    clock: {
      async advance(ms) {
        if (!Number.isSafeInteger(ms) || ms < 0) {
          throw new RangeError(`the clock goes ahead by whole milliseconds, not by ${ms}`);
        }
        await kit.ask({ do: 'advance', ms });
      },
    },
    faults: createFaults((fault) => kit.ask({ do: 'fault', fault })),
    close: kit.close,
    [Symbol.asyncDispose]: kit.close,
  };
}

function createFaults(apply: (fault: unknown) => Promise<unknown>): Faults {
  const act = async (target: string, kind: string, options?: object): Promise<void> => {
    await apply({ target, kind, options });
  };
  const common = (target: string) => ({
    away: () => act(target, 'away'),
    hang: () => act(target, 'hang'),
    heal: () => act(target, 'heal'),
  });
  const service = (target: string): ServiceFaults => ({
    ...common(target),
    slow: (ms) => act(target, 'slow', { ms }),
    loseAnswers: (options) => act(target, 'loseAnswers', options),
  });
  return {
    orders: service('orders'),
    billing: service('billing'),
    profiles: service('profiles'),
    notifications: service('notifications'),
    identity: service('identity'),
    webhooks: service('webhooks'),
    broker: common('broker'),
    mail: { ...common('mail'), refuse: (options) => act('mail', 'refuse', options) },
    healAll: () => act('all', 'heal'),
  };
}
