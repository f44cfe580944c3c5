import type { Logger } from 'pino';
import type { Static, TObject } from 'typebox';
import { type Environment, loadConfig } from '#platform/config.ts';
import type { RunningService } from '#platform/service.ts';
import { publicKeyOf } from '#platform/service-token.ts';
import { BillingConfig, startBilling } from '#services/billing/service.ts';
import { GatewayConfig, startGateway } from '#services/gateway/service.ts';
import { IdentityConfig, startIdentity } from '#services/identity/service.ts';
import { NotificationsConfig, startNotifications } from '#services/notifications/service.ts';
import { OrdersConfig, startOrders } from '#services/orders/service.ts';
import { ProfilesConfig, startProfiles } from '#services/profiles/service.ts';
import type { Secrets } from './secrets.ts';

export const OPERATOR_EMAIL = 'operator@localhost.localdomain';

/** Everything that the rows of the wiring table draw on. */
interface Surroundings {
  databaseUrl: (name: string) => string;
  secrets: Secrets;
  /** JWKS of the calling services. */
  publicKeys: string;
  smtpUrl: string;
  mailboxUrl: string | undefined;
  /** Base URLs of the services that run already. */
  urls: Record<string, string>;
}

interface Row {
  name: string;
  /** Services of a later stage call those of an earlier one. */
  stage: 1 | 2 | 3;
  start: (env: Environment, log: Logger) => Promise<RunningService>;
  env: (surroundings: Surroundings) => Environment;
}

/** The wiring table: used by `npm start`, by the system tests and by the benchmarks. */
const services: Row[] = [
  {
    name: 'identity',
    stage: 1,
    start: configured('identity', IdentityConfig, startIdentity),
    env: ({ databaseUrl, secrets, publicKeys }) => ({
      IDENTITY_DATABASE_URL: databaseUrl('identity'),
      IDENTITY_SECRET: secrets.identitySecret,
      OPERATOR_EMAIL,
      OPERATOR_PASSWORD: secrets.operatorPassword,
      SERVICE_PUBLIC_KEYS: publicKeys,
    }),
  },
  {
    name: 'orders',
    stage: 1,
    start: configured('orders', OrdersConfig, startOrders),
    env: ({ databaseUrl, publicKeys }) => ({
      ORDERS_DATABASE_URL: databaseUrl('orders'),
      BROKER_DATABASE_URL: databaseUrl('broker'),
      SERVICE_PUBLIC_KEYS: publicKeys,
    }),
  },
  {
    name: 'billing',
    stage: 1,
    start: configured('billing', BillingConfig, startBilling),
    env: ({ databaseUrl, publicKeys }) => ({
      BILLING_DATABASE_URL: databaseUrl('billing'),
      SERVICE_PUBLIC_KEYS: publicKeys,
    }),
  },
  {
    name: 'profiles',
    stage: 1,
    start: configured('profiles', ProfilesConfig, startProfiles),
    env: ({ databaseUrl, publicKeys }) => ({
      PROFILES_DATABASE_URL: databaseUrl('profiles'),
      SERVICE_PUBLIC_KEYS: publicKeys,
    }),
  },
  {
    name: 'notifications',
    stage: 2,
    start: configured('notifications', NotificationsConfig, startNotifications),
    env: ({ databaseUrl, publicKeys, secrets, smtpUrl, urls }) => ({
      NOTIFICATIONS_DATABASE_URL: databaseUrl('notifications'),
      BROKER_DATABASE_URL: databaseUrl('broker'),
      SERVICE_PUBLIC_KEYS: publicKeys,
      NOTIFICATIONS_PRIVATE_KEY: secrets.notificationsKey,
      PROFILES_URL: urls.profiles,
      SMTP_URL: smtpUrl,
    }),
  },
  {
    name: 'gateway',
    stage: 3,
    start: configured('gateway', GatewayConfig, startGateway),
    env: ({ secrets, urls, mailboxUrl }) => ({
      GATEWAY_PRIVATE_KEY: secrets.gatewayKey,
      ORDERS_URL: urls.orders,
      BILLING_URL: urls.billing,
      PROFILES_URL: urls.profiles,
      NOTIFICATIONS_URL: urls.notifications,
      IDENTITY_URL: urls.identity,
      WALLET_SELF_TOP_UP: 'true',
      MAILBOX_URL: mailboxUrl,
    }),
  },
];

/** Each service but the gateway has a database of its own, and so has the broker's log. */
export const DATABASES = [
  ...services.map((row) => row.name).filter((name) => name !== 'gateway'),
  'broker',
];

export interface SystemOptions {
  databaseUrl: (name: string) => string;
  secrets: Secrets;
  smtpUrl: string;
  mailboxUrl?: string;
  /** Settings by name, before those of the table; PORT and LISTEN_ADDRESS are the gateway's. */
  env: Environment;
  log: (service: string) => Logger;
}

export interface System {
  /** Base URL of the public API. */
  url: string;
  /** The services by name, to stop one alone. */
  services: Map<string, RunningService>;
  close(): Promise<void>;
}

/**
 * Starts all services in this process; they talk real HTTP on loopback.
 * @throws ConfigError, or Error when a port is taken or a database does not answer; what had
 *   started is closed again
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { secrets } = options;
  const running = new Map<string, RunningService>();
  const urls: Record<string, string> = {};
  const surroundings: Surroundings = {
    ...options,
    mailboxUrl: options.mailboxUrl,
    publicKeys: JSON.stringify({
      keys: [
        await publicKeyOf('gateway', secrets.gatewayKey),
        await publicKeyOf('notifications', secrets.notificationsKey),
      ],
    }),
    urls,
  };

  /** Callers first, so that nobody calls a service that is gone. */
  async function close(): Promise<void> {
    for (const { name } of [...services].reverse()) await running.get(name)?.close();
  }

  async function startRow(row: Row): Promise<void> {
    const { PORT, LISTEN_ADDRESS, ...given } = options.env;
    const env = { ...row.env(surroundings), ...settingsIn(given) };
    const listener = row.name === 'gateway' ? settingsIn({ PORT, LISTEN_ADDRESS }) : {};
    const service = await row.start({ ...env, ...listener }, options.log(row.name));
    running.set(row.name, service);
    urls[row.name] = service.url;
  }

  try {
    for (const stage of [1, 2, 3]) {
      const starts = services.filter((row) => row.stage === stage).map(startRow);
      // All of a stage settle before a failure is told, so that none is left running.
      const failed = (await Promise.allSettled(starts)).find(
        (start) => start.status === 'rejected',
      );
      if (failed !== undefined) throw failed.reason;
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { url: urls.gateway as string, services: running, close };
}

function configured<S extends TObject>(
  name: string,
  schema: S,
  start: (config: Static<S>, log: Logger) => Promise<RunningService>,
): Row['start'] {
  return async (env, log) => start(loadConfig(name, schema, env), log);
}

/**
 * Without the members that say nothing, which would hide those of the table: `.env.example` leaves
 * required settings empty.
 */
function settingsIn(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
}
