import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { settingsSchema } from '#platform/config/load-config.ts';
import { createDatabase, type Database } from '#platform/postgres/database.ts';
import { startDatabaseClock } from '#platform/postgres/database-clock.ts';
import { databaseStep, migrate } from '#platform/postgres/migrate.ts';
import {
  calleeSettings,
  type RunningService,
  startInternalService,
} from '#platform/service/internal-service.ts';
import { createAttempts } from './attempts.ts';
import type { Auth } from './auth.ts';
import { ensureOperator } from './operator.ts';
import { createPasswords, type Passwords } from './passwords.ts';
import { serveIdentity } from './routes.ts';

const CONNECTIONS_MAX = 8;

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
  IDENTITY_DATABASE_URL: Type.String({
    format: 'postgres-url',
    description: 'PostgreSQL database of the identity service.',
  }),
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
  const operator = operatorOf(config);
  const database = createDatabase({
    url: config.IDENTITY_DATABASE_URL,
    connectionsMax: CONNECTIONS_MAX,
    applicationName: 'identity',
    log,
  });
  const passwords = createPasswords();
  const [{ createAuth }] = await Promise.all([
    // better-auth takes 0.4 s to load: only when this service runs, while the database works.
    import('./auth.ts'),
    migrate(database, new URL('migrations/', import.meta.url)),
  ]);
  const clock = await databaseStep(database, 'its clock', () => startDatabaseClock(database, log));
  const auth = createAuth({
    databaseUrl: config.IDENTITY_DATABASE_URL,
    secret: config.IDENTITY_SECRET,
    issuer: config.TOKEN_ISSUER,
    audience: config.TOKEN_AUDIENCE,
    tokenLifetimeS: config.TOKEN_LIFETIME_S,
    now: clock.now,
    passwords,
    log,
  });
  const close = async (): Promise<void> => {
    clock.close();
    await auth.close();
    await database.close();
  };
  try {
    await databaseStep(database, 'its token keys and the operator account', () =>
      prepare({ database, auth, passwords }, operator),
    );
  } catch (error) {
    await close();
    throw error;
  }
  const limits = {
    failedSignInsPerAccount: config.FAILED_SIGN_INS_PER_ACCOUNT,
    failedSignInsPerAddress: config.FAILED_SIGN_INS_PER_ADDRESS,
    signInWindowS: config.SIGN_IN_WINDOW_S,
    registrationsPerAddress: config.REGISTRATIONS_PER_ADDRESS,
    registrationWindowS: config.REGISTRATION_WINDOW_S,
  };
  const attempts = createAttempts(database, limits, log);
  return startInternalService({
    name: 'identity',
    config,
    log,
    ready: { database: () => database.query('select 1') },
    routes: (api) => serveIdentity(api, { auth, passwords, attempts }),
    close,
  });
}

interface Operator {
  email: string;
  password: string;
}

function operatorOf(config: IdentityConfig): Operator | null {
  const { OPERATOR_EMAIL: email, OPERATOR_PASSWORD: password } = config;
  return email === undefined || password === undefined ? null : { email, password };
}

// Any constant will do: it only has to differ from the other advisory locks in this database.
const PREPARE_LOCK = 4_207_003;

/** Makes the first token key and the operator, one replica after the other. */
async function prepare(
  { database, auth, passwords }: { database: Database; auth: Auth; passwords: Passwords },
  operator: Operator | null,
): Promise<void> {
  const client = await database.dedicatedClient();
  try {
    await client.query('set lock_timeout = 0');
    await client.query('select pg_advisory_lock($1)', [PREPARE_LOCK]);
    await checkKeys(auth);
    if (operator !== null) await ensureOperator({ auth, passwords }, operator);
  } finally {
    await client.end();
  }
}

/** Fails the start, not the first sign-in, when the stored keys cannot be decrypted. */
async function checkKeys(auth: Auth): Promise<void> {
  await auth.getKeys();
  await auth.signToken({ id: 'start', role: 'customer' });
}
