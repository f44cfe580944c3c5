import { parseSender } from '#contracts/mail-address.ts';
import type { Environment } from '#platform/config/load-config.ts';
import { publicKeyOf } from '#platform/http/service-token.ts';
import { databaseSetting } from '../system/databases.ts';
import { newPrivateKey, randomText } from '../system/secrets.ts';
import { loadServices, SERVICES_WITH_DATABASE } from '../system/services.ts';
import { calleesOf } from '../system/wiring.ts';

/** The choices of one installation, checked by `parseOptions`. */
export interface InstallationOptions {
  /** Host, port and TLS parameters of PostgreSQL. */
  postgres: { host: string; search: string };
  kafka: string;
  smtp: string;
  mailFrom: string;
  currency: string;
  /** Without one the identity service issues the tokens. */
  issuer: string | undefined;
  clientId: string | undefined;
  operatorClaim: string | undefined;
  /** Where customers open the console. */
  publicUrl: string | undefined;
  /** For compose.yaml, which has a PostgreSQL, a Kafka and an identity service of its own. */
  compose: boolean;
}

export type Installation = Awaited<ReturnType<typeof createInstallation>>;

const FIRST_PORT = 8080;
const FIRST_METRICS_PORT = 9464;

/**
 * Creates the settings of a production, with new keys and passwords.
 * @returns settings without secrets, secrets, and the addresses of the services on one machine
 */
export async function createInstallation(options: InstallationOptions) {
  const all = await loadServices();
  const withIdentity = options.issuer === undefined || options.compose;
  const services = all.filter(({ name }) => withIdentity || name !== 'identity');
  const settings: Environment = {
    CURRENCY: options.currency,
    KAFKA_BROKERS: options.kafka,
    MAIL_FROM: options.mailFrom,
    // The roles of the services may not change tables: `migrate.ts` does, as the owner.
    MIGRATE_ON_START: 'false',
    OIDC_ISSUER: options.issuer,
    OIDC_CLIENT_ID: options.clientId,
    OPERATOR_CLAIM: options.operatorClaim,
    PUBLIC_URL: options.publicUrl,
    OPERATOR_EMAIL: withIdentity
      ? `operator@${parseSender(options.mailFrom)?.address.split('@')[1]}`
      : undefined,
  };
  const secrets: Environment = {
    SMTP_URL: options.smtp,
    IDENTITY_SECRET: withIdentity ? randomText() : undefined,
    WEBHOOKS_SECRET: randomText(),
    OPERATOR_PASSWORD: withIdentity ? randomText() : undefined,
  };
  // The administrators of what compose.yaml brings.
  for (const program of options.compose ? ['POSTGRES', 'KEYCLOAK', 'GRAFANA'] : []) {
    secrets[`${program}_ADMIN_PASSWORD`] = randomText();
  }
  const addresses: Environment = {};
  const publicKeys: object[] = [];
  for (const [index, service] of services.entries()) {
    const { name } = service;
    const prefix = name.toUpperCase();
    const port = FIRST_PORT + index;
    addresses[`${prefix}_PORT`] = String(port);
    addresses[`${prefix}_METRICS_PORT`] = String(FIRST_METRICS_PORT + index);
    if (services.some((caller) => calleesOf(caller, all).includes(name))) {
      addresses[`${prefix}_URL`] = `http://127.0.0.1:${port}`;
    }
    if (`${prefix}_PRIVATE_KEY` in service.settings.properties) {
      const key = newPrivateKey();
      secrets[`${prefix}_PRIVATE_KEY`] = key;
      publicKeys.push(await publicKeyOf(name, key));
    }
    if (SERVICES_WITH_DATABASE.includes(name)) {
      secrets[databaseSetting(name)] = databaseUrl(name, name, options);
      secrets[`${prefix}_MIGRATION_DATABASE_URL`] = databaseUrl(name, `${name}_owner`, options);
    }
  }
  secrets.SERVICE_PUBLIC_KEYS = JSON.stringify({ keys: publicKeys });
  return { settings: given(settings), secrets: given(secrets), addresses: given(addresses) };
}

function databaseUrl(name: string, role: string, { postgres }: InstallationOptions): string {
  return `postgres://${role}:${randomText()}@${postgres.host}/${name}${postgres.search}`;
}

function given(environment: Environment): Record<string, string> {
  const entries = Object.entries(environment).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** The `.env` of all services on one machine, for Node, systemd and shells alike. */
export function environmentFile({ settings, secrets, addresses }: Installation): string {
  const linesOf = (values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => `${name}=${quoted(value)}`);
  return [
    '# Settings of all services of this installation. It holds secrets: only its owner may read it.',
    '# Each setting: docs/reference/settings.md.',
    ...linesOf(settings),
    '',
    '# Keys, and URLs with passwords. secrets/ has the same values, a file each.',
    ...linesOf(secrets),
    '',
    '# The services on one machine. A list of URLs, separated by commas, names several replicas.',
    ...linesOf(addresses),
    '',
  ].join('\n');
}

/** Settings without secrets and without quotes, which Docker and Kustomize would keep. */
export function settingsFile({ settings }: Installation): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

// Single quotes: Node, systemd and shells then keep every other character as it is.
export function quoted(value: string): string {
  const line = value.trim().replaceAll('\n', '\\n');
  return /^[\w.:/@,+-]*$/.test(line) ? line : `'${line}'`;
}
