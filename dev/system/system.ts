import type { Logger } from 'pino';
import type { Static, TObject } from 'typebox';
import { ConfigError, type Environment, loadConfig } from '#platform/config/load-config.ts';
import { publicKeyOf } from '#platform/http/service-token.ts';
import type { RunningService } from '#platform/service/internal-service.ts';
import { BillingConfig, startBilling } from '#services/billing/service.ts';
import { GatewayConfig, startGateway } from '#services/gateway/service.ts';
import { IdentityConfig, startIdentity } from '#services/identity/service.ts';
import { NotificationsConfig, startNotifications } from '#services/notifications/service.ts';
import { OrdersConfig, startOrders } from '#services/orders/service.ts';
import { ProfilesConfig, startProfiles } from '#services/profiles/service.ts';
import { type ReplicaSet, settleAll, startReplicaSet } from './replica-set.ts';
import { createSecrets, type Secrets } from './secrets.ts';

export { DATABASES } from './databases.ts';
export const OPERATOR_EMAIL = 'operator@localhost.localdomain';

/** Everything that the rows of the wiring table draw on. */
interface WiringContext {
  databaseUrl: (name: string) => string;
  secrets: Secrets;
  /** JWKS of the calling services. */
  publicKeys: string;
  smtpUrl: string;
  mailboxUrl: string | undefined;
  /** Settings that lead to the broker. */
  broker: Environment;
  /** Base URLs of the services that run already, comma-separated where there are several. */
  urls: Record<string, string>;
}

interface Row {
  name: string;
  /** Services of a later stage call those of an earlier one. */
  stage: 1 | 2 | 3;
  schema: TObject;
  /** Starts it in this process. */
  start: (env: Environment, log: Logger) => Promise<RunningService>;
  env: (context: WiringContext) => Environment;
}

/** The wiring table: used by `npm start`, by the system tests and by the benchmarks. */
const services: Row[] = [
  {
    name: 'identity',
    stage: 1,
    schema: IdentityConfig,
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
    schema: OrdersConfig,
    start: configured('orders', OrdersConfig, startOrders),
    env: ({ databaseUrl, publicKeys, broker }) => ({
      ORDERS_DATABASE_URL: databaseUrl('orders'),
      ...broker,
      SERVICE_PUBLIC_KEYS: publicKeys,
    }),
  },
  {
    name: 'billing',
    stage: 1,
    schema: BillingConfig,
    start: configured('billing', BillingConfig, startBilling),
    env: ({ databaseUrl, publicKeys }) => ({
      BILLING_DATABASE_URL: databaseUrl('billing'),
      SERVICE_PUBLIC_KEYS: publicKeys,
    }),
  },
  {
    name: 'profiles',
    stage: 1,
    schema: ProfilesConfig,
    start: configured('profiles', ProfilesConfig, startProfiles),
    env: ({ databaseUrl, publicKeys }) => ({
      PROFILES_DATABASE_URL: databaseUrl('profiles'),
      SERVICE_PUBLIC_KEYS: publicKeys,
    }),
  },
  {
    name: 'notifications',
    stage: 2,
    schema: NotificationsConfig,
    start: configured('notifications', NotificationsConfig, startNotifications),
    env: ({ databaseUrl, publicKeys, broker, secrets, smtpUrl, mailboxUrl, urls }) => ({
      NOTIFICATIONS_DATABASE_URL: databaseUrl('notifications'),
      ...broker,
      SERVICE_PUBLIC_KEYS: publicKeys,
      NOTIFICATIONS_PRIVATE_KEY: secrets.notificationsKey,
      PROFILES_URL: urls.profiles,
      SMTP_URL: smtpUrl,
      // Our own mailbox minds no number; more letters at a time share more of each statement.
      SMTP_CONNECTIONS: mailboxUrl === undefined ? undefined : '32',
    }),
  },
  {
    name: 'gateway',
    stage: 3,
    schema: GatewayConfig,
    start: configured('gateway', GatewayConfig, startGateway),
    env: ({ secrets, urls, mailboxUrl }) => ({
      GATEWAY_PRIVATE_KEY: secrets.gatewayKey,
      ORDERS_URL: urls.orders,
      BILLING_URL: urls.billing,
      PROFILES_URL: urls.profiles,
      NOTIFICATIONS_URL: urls.notifications,
      IDENTITY_URL: urls.identity,
      WALLET_SELF_TOP_UP: 'true',
      METRICS: 'true',
      MAILBOX_URL: mailboxUrl,
    }),
  },
];

/** Starts one replica of a service, by its name and settings; null leaves it to the table. */
export type StartService = (
  name: string,
  env: Environment,
  log: Logger,
) => Promise<RunningService> | null;

export interface SystemOptions {
  databaseUrl: (name: string) => string;
  secrets: Secrets;
  smtpUrl: string;
  mailboxUrl?: string;
  /** Settings that lead to the broker; the embedded one in the database `broker` when absent. */
  broker?: Environment;
  /** Settings by name, before those of the table; PORT and LISTEN_ADDRESS are the gateway's. */
  env: Environment;
  log: (service: string) => Logger;
  /** How a service is started; in this thread when absent. */
  startService?: StartService;
  /** How many replicas a service has; one when absent. */
  replicasOf?: (service: string) => number;
  /** Gets the services that are being started, whenever that changes. */
  onStarting?: (services: string[]) => void;
}

export interface System {
  /** Base URL of the public API, at the first gateway. */
  url: string;
  /** The services by name, to stop one alone. */
  services: Map<string, ReplicaSet>;
  /**
   * Starts one more replica of a service with settings that differ, at a free port. The others do
   * not know it, and who asked for it closes it.
   */
  startExtraReplica(name: string, changes: Environment): Promise<RunningService>;
  close(): Promise<void>;
}

const STAGES = [1, 2, 3] as const;

/**
 * Starts all services; they talk real HTTP on loopback.
 * @throws ConfigError, or Error when a port is taken or a database does not answer; what had
 *   started is closed again
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { startService, replicasOf = () => 1, onStarting = () => {} } = options;
  const starting = new Set<string>();
  const running = new Map<string, ReplicaSet>();
  const context = await wiringContextOf(options);
  const { PORT } = options.env;

  function startOne(row: Row, changes: Environment): Promise<RunningService> {
    const env = { ...envOf(row, context, options.env), ...settingsIn(changes) };
    const log = options.log(row.name);
    return startService?.(row.name, env, log) ?? row.start(env, log);
  }

  async function startRow(row: Row): Promise<void> {
    // Only one of several can have the port that was asked for.
    const first = row.name === 'gateway' ? PORT : undefined;
    const more = Array.from({ length: replicasOf(row.name) - 1 }, () => '0');
    onStarting([...starting.add(row.name)]);
    const set = await startReplicaSet([first, ...more], (port) => startOne(row, { PORT: port }));
    starting.delete(row.name);
    onStarting([...starting]);
    running.set(row.name, set);
    context.urls[row.name] = set.urls.join(',');
  }

  /** Callers first, so that nobody calls a service that is gone. */
  async function close(): Promise<void> {
    const faults: unknown[] = [];
    for (const stage of STAGES.toReversed()) {
      const stops = rowsOf(stage).map(({ name }) => running.get(name)?.stop());
      // Whatever one of them says, the others are stopped too.
      for (const stop of await Promise.allSettled(stops)) {
        if (stop.status === 'rejected') faults.push(stop.reason);
      }
    }
    if (faults.length > 0) throw faults[0];
  }

  try {
    for (const stage of STAGES) await settleAll(rowsOf(stage).map(startRow));
  } catch (error) {
    // Why it could not start says more than what the end of the rest may add.
    await close().catch(() => {});
    throw error;
  }
  return {
    url: running.get('gateway')?.urls[0] as string,
    services: running,
    startExtraReplica(name, changes) {
      const row = services.find((each) => each.name === name);
      if (row === undefined) throw new Error(`there is no service ${name}`);
      return startOne(row, { PORT: '0', ...changes });
    },
    close,
  };
}

const rowsOf = (stage: Row['stage']) => services.filter((row) => row.stage === stage);

/** The settings of a service: those of the table, and those that were given. */
function envOf(row: Row, context: WiringContext, env: Environment): Environment {
  const { PORT: _ours, LISTEN_ADDRESS, ...given } = env;
  return {
    ...row.env(context),
    ...settingsIn(given),
    ...(row.name === 'gateway' && settingsIn({ LISTEN_ADDRESS })),
  };
}

/**
 * Reads the settings of all services without starting one.
 * @returns what is wrong with them, each once, with the services that read it
 */
export async function settingProblems(env: Environment): Promise<string[]> {
  const context = await wiringContextOf({
    databaseUrl: () => 'postgres://localhost/any',
    secrets: createSecrets(),
    smtpUrl: 'smtp://localhost:25',
  });
  const readers = new Map<string, string[]>();
  for (const row of services) {
    context.urls[row.name] = 'http://localhost';
    const port = row.name === 'gateway' ? settingsIn({ PORT: env.PORT }) : {};
    try {
      loadConfig(row.name, row.schema, { ...envOf(row, context, env), ...port });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) {
        readers.set(problem, [...(readers.get(problem) ?? []), row.name]);
      }
    }
  }
  return [...readers].map(([problem, names]) => `${problem} (${names.join(', ')})`);
}

async function wiringContextOf(
  options: Omit<SystemOptions, 'env' | 'log'>,
): Promise<WiringContext> {
  const { databaseUrl, secrets } = options;
  return {
    ...options,
    mailboxUrl: options.mailboxUrl,
    broker: options.broker ?? { BROKER_DATABASE_URL: databaseUrl('broker') },
    publicKeys: JSON.stringify({
      keys: [
        await publicKeyOf('gateway', secrets.gatewayKey),
        await publicKeyOf('notifications', secrets.notificationsKey),
      ],
    }),
    urls: {},
  };
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
