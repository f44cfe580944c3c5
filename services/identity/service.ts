import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { settingsSchema } from '#platform/config/load-config.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { startRetention } from '#platform/postgres/retention.ts';
import {
  databaseSettings,
  databaseStep,
  openDatabase,
} from '#platform/postgres/service-database.ts';
import { defineService } from '#platform/service/definition.ts';
import {
  calleeSettings,
  type RunningService,
  startInternalService,
} from '#platform/service/internal-service.ts';
import { createAccessTokens } from './access-tokens.ts';
import { serveAccountData } from './account-data-routes.ts';
import { type Accounts, ensureOperator } from './accounts.ts';
import * as accountsStore from './accounts-store.ts';
import { createAttempts } from './attempts.ts';
import { deleteExpiredAttempts } from './attempts-store.ts';
import { createKeyCipher } from './key-cipher.ts';
import { rotateKeys, startKeyRotation } from './key-rotation.ts';
import { createPasswords } from './passwords.ts';
import { serveIdentity } from './routes.ts';

const DATABASE = {
  name: 'identity',
  connectionsMax: 8,
  migrations: [new URL('migrations/', import.meta.url)],
} as const;

const COUNT_MAX = 1_000_000;
const SECONDS_MAX = 30 * 24 * 3600;

function count(byDefault: number, description: string) {
  return Type.Integer({ default: byDefault, minimum: 1, maximum: COUNT_MAX, description });
}

function seconds(byDefault: number, description: string) {
  return Type.Integer({ default: byDefault, minimum: 1, maximum: SECONDS_MAX, description });
}

const properties = {
  ...calleeSettings,
  ...databaseSettings(DATABASE),
  IDENTITY_SECRET: Type.String({
    pattern: '^.{32,}$',
    description:
      'At least 32 random characters that encrypt the token keys in the database; the same for ' +
      'all replicas and starts.',
  }),
  TOKEN_ISSUER: Type.String({ default: 'orderbell', description: 'The iss of access tokens.' }),
  TOKEN_AUDIENCE: Type.String({ default: 'orderbell', description: 'The aud of access tokens.' }),
  TOKEN_LIFETIME_S: seconds(3600, 'How long an access token is valid.'),
  FAILED_SIGN_INS_PER_ACCOUNT: count(10, 'Failed sign-ins of one account in a window.'),
  FAILED_SIGN_INS_PER_ADDRESS: count(100, 'Failed sign-ins from one client address in a window.'),
  SIGN_IN_WINDOW_S: seconds(900, 'Length of the window in which failed sign-ins are counted.'),
  REGISTRATIONS_PER_ADDRESS: count(300, 'New accounts from one client address in a window.'),
  REGISTRATION_WINDOW_S: seconds(3600, 'Length of the window in which new accounts are counted.'),
  OPERATOR_EMAIL: Type.Optional(
    Type.String({
      pattern: '^[!-?A-~]+@[!-?A-~]+$',
      description: 'Sign-in address of the one operator account, which the start makes.',
    }),
  ),
  OPERATOR_PASSWORD: Type.Optional(
    Type.String({
      pattern: '^.{10,128}$',
      description: 'Password of the operator account; the start sets it where it differs.',
    }),
  ),
};

export const IdentityConfig = settingsSchema(properties, (_config, isSet) => {
  const [email, password] = ['OPERATOR_EMAIL', 'OPERATOR_PASSWORD'] as const;
  if (isSet(email) === isSet(password)) return [];
  const [given, absent] = isSet(email) ? [email, password] : [password, email];
  return [`${absent} is not set: ${given} is, and the two belong together`];
});
export type IdentityConfig = Static<typeof IdentityConfig>;

/** Starts identity: accounts, sign-in and the keys of the access tokens. */
export async function startIdentity(config: IdentityConfig, log: Logger): Promise<RunningService> {
  const metrics = createMetrics(log);
  const database = await openDatabase(DATABASE, config, { log, metrics });
  const accounts: Accounts = {
    find: (email) => accountsStore.findAccount(database, email),
    insert: (account) => accountsStore.insertAccount(database, account),
    setPassword: (id, passwordHash) => accountsStore.setPassword(database, id, passwordHash),
    setOnlyOperator: (id) => accountsStore.setOnlyOperator(database, id),
  };
  const passwords = createPasswords();
  const cipher = createKeyCipher(config.IDENTITY_SECRET);
  await databaseStep(database, 'its token keys and the operator account', async () => {
    await rotateKeys({ database, cipher });
    const { OPERATOR_EMAIL: email, OPERATOR_PASSWORD: password } = config;
    if (email === undefined || password === undefined) return;
    await ensureOperator({ accounts, passwords }, { email, password });
  });
  const rotation = startKeyRotation({ database, cipher }, log);
  const tokens = createAccessTokens({
    database,
    cipher,
    issuer: config.TOKEN_ISSUER,
    audience: config.TOKEN_AUDIENCE,
    lifetimeS: config.TOKEN_LIFETIME_S,
  });
  const attempts = createAttempts(database, config, log);
  // They name addresses, also of people without an account, and must go when nobody tries any more.
  const retention = startRetention({
    log,
    metrics,
    tasks: [{ name: 'attempts', batch: 500, run: () => deleteExpiredAttempts(database, 500) }],
  });
  return startInternalService({
    name: 'identity',
    config,
    log,
    database,
    metrics,
    routes(api) {
      serveIdentity(api, { accounts, tokens, passwords, attempts });
      serveAccountData(api, { database, passwords, attempts });
    },
    async close() {
      await Promise.all([rotation.close(), retention.close()]);
    },
  });
}

export const service = defineService({
  name: 'identity',
  settings: IdentityConfig,
  start: startIdentity,
  database: DATABASE,
  descriptions: {
    'identity.openapi.json': async () => (await import('#contracts/published.ts')).identityApi(),
  },
});
