import type { Environment } from '#platform/config/load-config.ts';
import { publicKeyOf } from '#platform/http/service-token.ts';
import type { ServiceDefinition } from '#platform/service/definition.ts';
import { DATABASES, databaseSetting } from './databases.ts';
import { newPrivateKey, type Secrets, webhooksSecretOf } from './secrets.ts';

export const OPERATOR_EMAIL = 'operator@localhost.localdomain';

/** The input for the settings of the services. */
export interface WiringOptions {
  databaseUrl: (name: string) => string;
  secrets: Secrets;
  smtpUrl: string;
  mailboxUrl?: string;
  /** What needs no token and is closed: `mailbox`, `metrics`, `top-ups`. */
  closed?: readonly string[];
  /** Settings that lead to the broker; the embedded one in the database `broker` when absent. */
  broker?: Environment;
}

/** Gives each service the settings that its schema names. */
export interface Wiring {
  /** Groups of services in their order of start: a later group calls earlier ones. */
  stages: ServiceDefinition[][];
  /** @param urls base URLs by service, comma-separated where there are several */
  settingsOf(service: ServiceDefinition, urls: Record<string, string>): Environment;
}

const privateKeySetting = (name: string) => `${name.toUpperCase()}_PRIVATE_KEY`;
const urlSetting = (name: string) => `${name.toUpperCase()}_URL`;

/**
 * Wires services by the names of their settings: `<NAME>_DATABASE_URL`, `<NAME>_URL`,
 * `<NAME>_PRIVATE_KEY` and those that several services share.
 * @throws Error when services call each other in a circle
 */
export async function createWiring(
  services: readonly ServiceDefinition[],
  options: WiringOptions,
): Promise<Wiring> {
  const { databaseUrl, secrets, mailboxUrl, closed = [] } = options;
  const keys = privateKeysOf(services, secrets);
  const publicKeys = await Promise.all([...keys].map(([name, key]) => publicKeyOf(name, key)));
  const shared: Environment = {
    ...(options.broker ?? { BROKER_DATABASE_URL: databaseUrl('broker') }),
    SERVICE_PUBLIC_KEYS: JSON.stringify({ keys: publicKeys }),
    IDENTITY_SECRET: secrets.identitySecret,
    WEBHOOKS_SECRET: webhooksSecretOf(secrets),
    // Receivers in development are on this machine.
    WEBHOOKS_ALLOW_PRIVATE: 'true',
    OPERATOR_EMAIL,
    OPERATOR_PASSWORD: secrets.operatorPassword,
    SMTP_URL: options.smtpUrl,
    // The embedded mailbox takes any number; more letters at a time share more of each statement.
    SMTP_CONNECTIONS: mailboxUrl === undefined ? undefined : '32',
    MAILBOX_URL: closed.includes('mailbox') ? undefined : mailboxUrl,
    WALLET_SELF_TOP_UP: String(!closed.includes('top-ups')),
    // Letters reach the embedded mailbox only, which shows them to everybody here.
    CONFIRM_ADDRESSES: 'false',
    METRICS: String(!closed.includes('metrics')),
  };
  for (const name of DATABASES.filter((each) => each !== 'broker')) {
    shared[databaseSetting(name)] = databaseUrl(name);
  }
  for (const [name, key] of keys) shared[privateKeySetting(name)] = key;
  return {
    stages: stagesOf(services),
    settingsOf({ settings }, urls) {
      const all = { ...shared };
      for (const [name, url] of Object.entries(urls)) all[urlSetting(name)] = url;
      return Object.fromEntries(
        Object.keys(settings.properties).map((setting) => [setting, all[setting]]),
      );
    },
  };
}

/** The services that a service calls: it has a setting for their addresses. */
export function calleesOf(
  { settings }: ServiceDefinition,
  services: readonly ServiceDefinition[],
): string[] {
  return services.map(({ name }) => name).filter((name) => urlSetting(name) in settings.properties);
}

function stagesOf(services: readonly ServiceDefinition[]): ServiceDefinition[][] {
  const stages: ServiceDefinition[][] = [];
  let left = [...services];
  while (left.length > 0) {
    const stage = left.filter((service) => calleesOf(service, left).length === 0);
    if (stage.length === 0) {
      throw new Error(`services call each other: ${left.map(({ name }) => name).join(', ')}`);
    }
    stages.push(stage);
    left = left.filter((service) => !stage.includes(service));
  }
  return stages;
}

/**
 * Private keys of the services that call others. A key that `secrets` does not hold is made for
 * this run: all services of a run start together, and their tokens live for seconds.
 */
function privateKeysOf(
  services: readonly ServiceDefinition[],
  secrets: Secrets,
): Map<string, string> {
  const stored: Record<string, string> = { ...secrets };
  return new Map(
    services
      .filter(({ name, settings }) => privateKeySetting(name) in settings.properties)
      .map(({ name }) => [name, stored[`${name}Key`] ?? newPrivateKey()]),
  );
}
