import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { listAuditTrail } from '#contracts/audit.ts';
import { mailAddressFault } from '#contracts/mail-address.ts';
import { settingsSchema } from '#platform/config/load-config.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { serveAuditTrail } from '#platform/postgres/audit-routes.ts';
import { AUDIT_MIGRATIONS } from '#platform/postgres/audit-trail.ts';
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
import { ensureOperator } from './accounts.ts';
import { createAttempts } from './attempts.ts';
import { deleteExpiredAttempts } from './attempts-store.ts';
import { operatorAccounts, recordLockOut } from './audit-store.ts';
import { createKeyCipher } from './key-cipher.ts';
import { rotateKeys, startKeyRotation } from './key-rotation.ts';
import { findPasswordFault } from './password-rules.ts';
import { createPasswords } from './passwords.ts';
import { createRefreshTokens } from './refresh-tokens.ts';
import { deleteExpiredResets } from './resets-store.ts';
import { serveIdentity } from './routes.ts';
import { createSessions } from './sessions.ts';
import { deleteExpiredSessions } from './sessions-store.ts';
import { createSignInWatch } from './sign-in-watch.ts';
import { accountsIn, resetsIn } from './stored-accounts.ts';

const DATABASE = {
  name: 'identity',
  connectionsMax: 8,
  migrations: [new URL('migrations/', import.meta.url), AUDIT_MIGRATIONS],
} as const;

// An ended session's tokens are refused by gateways that hear of it; the others take them this long.
const TOKEN_LIFETIME_MAX_S = 900;
const SESSION_DAYS_MAX = 366;
const COUNT_MAX = 1_000_000;
const SECONDS_MAX = 30 * 24 * 3600;
const RETENTION_BATCH = 500;

function count(byDefault: number, description: string) {
  return Type.Integer({ default: byDefault, minimum: 1, maximum: COUNT_MAX, description });
}

function seconds(byDefault: number, description: string) {
  return Type.Integer({ default: byDefault, minimum: 1, maximum: SECONDS_MAX, description });
}

function days(byDefault: number, description: string) {
  return Type.Integer({ default: byDefault, minimum: 1, maximum: SESSION_DAYS_MAX, description });
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
  IDENTITY_SECRET_PREVIOUS: Type.Optional(
    Type.String({
      pattern: '^.{32,}$',
      description:
        'A second secret that may have encrypted them, while IDENTITY_SECRET is replaced; they ' +
        'are encrypted again by IDENTITY_SECRET.',
    }),
  ),
  TOKEN_ISSUER: Type.String({ default: 'orderbell', description: 'The iss of access tokens.' }),
  TOKEN_AUDIENCE: Type.String({ default: 'orderbell', description: 'The aud of access tokens.' }),
  TOKEN_LIFETIME_S: Type.Integer({
    default: TOKEN_LIFETIME_MAX_S,
    minimum: 1,
    maximum: TOKEN_LIFETIME_MAX_S,
    description: 'How long an access token is valid; clients renew it by their refresh token.',
  }),
  SESSION_IDLE_DAYS: days(30, 'How long a session lasts without a renewal.'),
  SESSION_LIFETIME_DAYS: days(90, 'How long a session lasts in all.'),
  FAILED_SIGN_INS_PER_ACCOUNT: count(
    10,
    'Failed sign-ins of one account from one client address in a window; after as many from all ' +
      'addresses together, further ones wait up to 3 s.',
  ),
  FAILED_SIGN_INS_PER_ADDRESS: count(100, 'Failed sign-ins from one client address in a window.'),
  SIGN_IN_WINDOW_S: seconds(900, 'Length of the window in which failed sign-ins are counted.'),
  REGISTRATIONS_PER_ADDRESS: count(300, 'New accounts from one client address in a window.'),
  REGISTRATION_WINDOW_S: seconds(3600, 'Length of the window in which new accounts are counted.'),
  OPERATOR_EMAIL: Type.Optional(
    Type.String({
      check: mailAddressFault,
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

export const IdentityConfig = settingsSchema(
  properties,
  (_config, isSet) => {
    const [email, password] = ['OPERATOR_EMAIL', 'OPERATOR_PASSWORD'] as const;
    if (isSet(email) === isSet(password)) return [];
    const [given, absent] = isSet(email) ? [email, password] : [password, email];
    return [`${absent} is not set: ${given} is, and the two belong together`];
  },
  ({ OPERATOR_EMAIL: email = '', OPERATOR_PASSWORD: password }) => {
    const fault = password === undefined ? null : findPasswordFault(password, email);
    if (fault === null) return [];
    const why = fault === 'common' ? 'is one of the most used passwords' : 'is its OPERATOR_EMAIL';
    return [`OPERATOR_PASSWORD ${why}: choose another one`];
  },
);
export type IdentityConfig = Static<typeof IdentityConfig>;

/** Starts identity: accounts, sessions and the keys of the access tokens. */
export async function startIdentity(config: IdentityConfig, log: Logger): Promise<RunningService> {
  const metrics = createMetrics(log);
  const database = await openDatabase(DATABASE, config, { log, metrics });
  const accounts = accountsIn(database);
  const passwords = createPasswords();
  const cipher = createKeyCipher(config.IDENTITY_SECRET, config.IDENTITY_SECRET_PREVIOUS);
  await databaseStep(database, 'its token keys and the operator account', async () => {
    await rotateKeys({ database, cipher });
    const { OPERATOR_EMAIL: email, OPERATOR_PASSWORD: password } = config;
    if (email === undefined || password === undefined) return;
    const audited = operatorAccounts(database, accounts);
    await ensureOperator({ accounts: audited, passwords }, { email, password });
  });
  const rotation = startKeyRotation({ database, cipher }, log);
  const tokens = createAccessTokens({
    database,
    cipher,
    issuer: config.TOKEN_ISSUER,
    audience: config.TOKEN_AUDIENCE,
    lifetimeS: config.TOKEN_LIFETIME_S,
  });
  const sessions = createSessions({
    database,
    tokens,
    refreshTokens: createRefreshTokens(config.IDENTITY_SECRET),
    limits: { idleDays: config.SESSION_IDLE_DAYS, lifetimeDays: config.SESSION_LIFETIME_DAYS },
    tokenS: TOKEN_LIFETIME_MAX_S,
    log,
  });
  const attempts = createAttempts(database, config, log);
  const resets = resetsIn(database);
  const watch = createSignInWatch({
    metrics,
    log,
    secret: config.IDENTITY_SECRET,
    findAccountId: async (email) => (await accounts.find(email))?.id ?? null,
    record: (lockOut) => recordLockOut(database, lockOut),
  });
  const expired = (name: string, remove: typeof deleteExpiredAttempts) => ({
    name,
    batch: RETENTION_BATCH,
    run: () => remove(database, RETENTION_BATCH),
  });
  const retention = startRetention({
    log,
    metrics,
    tasks: [
      // They name addresses, also of people without an account, and must go when nobody tries any more.
      expired('attempts', deleteExpiredAttempts),
      expired('sessions', deleteExpiredSessions),
      expired('password-resets', deleteExpiredResets),
    ],
  });
  return startInternalService({
    name: 'identity',
    config,
    log,
    database,
    metrics,
    routes(api) {
      serveIdentity(api, { accounts, sessions, tokens, passwords, attempts, resets, watch });
      serveAuditTrail(api, listAuditTrail, database);
      serveAccountData(api, { database, sessions, passwords, attempts, watch });
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
    'identity.openapi.json': async () => (await import('#contracts/documents/published.ts')).identityApi(),
  },
});
