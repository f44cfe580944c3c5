import { BetterAuthError, betterAuth } from 'better-auth';
import { jwt } from 'better-auth/plugins/jwt';
import pg from 'pg';
import type { Logger } from 'pino';
import type { AccessToken } from '#contracts/identity.ts';
import { AppError, commonProblems, describeError } from '#platform/errors.ts';
import { createPool } from '#platform/postgres/connections.ts';
import { isTransient, sqlState } from '#platform/postgres/errors.ts';
import type { Passwords } from './passwords.ts';

export type Role = 'customer' | 'operator';

export interface StoredAccount {
  id: string;
  role: Role;
  passwordHash: string | null;
}

/** Accounts and token keys as better-auth keeps them. Addresses are in lower case. */
export interface Auth {
  findAccount(email: string): Promise<StoredAccount | null>;
  /** @returns the new account's id, null when the address is taken */
  insertAccount(email: string, passwordHash: string, role: Role): Promise<string | null>;
  setPassword(id: string, passwordHash: string): Promise<void>;
  /** Gives this account the role and takes it from any other. */
  setOnlyOperator(id: string): Promise<void>;
  signToken(account: Pick<StoredAccount, 'id' | 'role'>): Promise<AccessToken>;
  /** Public keys, also of the tokens that other replicas sign; makes the first one. */
  getKeys(): Promise<{ keys: Record<string, unknown>[] }>;
  close(): Promise<void>;
}

export interface AuthOptions {
  databaseUrl: string;
  /** Encrypts the private keys in the database. */
  secret: string;
  issuer: string;
  audience: string;
  tokenLifetimeS: number;
  /** By the clock of the database, so that the tokens of all replicas agree. */
  now: () => Date;
  passwords: Passwords;
  log: Logger;
}

/** Sets better-auth up as a library: its HTTP handler, cookies and sessions stay unused. */
export function createAuth(options: AuthOptions): Auth {
  const pool = createAuthPool(options);
  const library = createLibrary(options, pool);

  async function insertAccount(email: string, password: string, role: Role): Promise<string> {
    const { adapter } = await library.$context;
    const now = options.now();
    const times = { createdAt: now, updatedAt: now };
    return await adapter.transaction(async (tx) => {
      const user: { id: string } = await tx.create<Record<string, unknown>, { id: string }>({
        model: 'user',
        // The name belongs to the profile, which another service keeps.
        data: { email, name: '', emailVerified: false, role, ...times },
      });
      await tx.create({
        model: 'account',
        data: {
          userId: user.id,
          accountId: user.id,
          providerId: 'credential',
          password,
          ...times,
        },
      });
      return user.id;
    });
  }

  return {
    async findAccount(email) {
      const { internalAdapter } = await library.$context;
      const found = await orUnavailable(
        internalAdapter.findUserByEmail(email, { includeAccounts: true }),
      );
      if (found === null) return null;
      const credential = found.accounts.find(({ providerId }) => providerId === 'credential');
      const { id, role } = found.user as typeof found.user & { role: Role };
      return { id, role, passwordHash: credential?.password ?? null };
    },
    async insertAccount(email, passwordHash, role) {
      try {
        return await orUnavailable(insertAccount(email, passwordHash, role));
      } catch (error) {
        if (sqlState(error) === '23505') return null;
        throw error;
      }
    },
    async setPassword(id, passwordHash) {
      const { internalAdapter } = await library.$context;
      await orUnavailable(internalAdapter.updatePassword(id, passwordHash));
    },
    async setOnlyOperator(id) {
      const { adapter } = await library.$context;
      const updatedAt = options.now();
      const others = [
        { field: 'role', value: 'operator' },
        { field: 'id', operator: 'ne' as const, value: id },
      ];
      const demotion = { model: 'user', where: others, update: { role: 'customer', updatedAt } };
      await orUnavailable(adapter.updateMany(demotion));
      const one = [
        { field: 'id', value: id },
        { field: 'role', operator: 'ne' as const, value: 'operator' },
      ];
      const promotion = { model: 'user', where: one, update: { role: 'operator', updatedAt } };
      await orUnavailable(adapter.updateMany(promotion));
    },
    async signToken({ id, role }) {
      const now = Math.floor(options.now().getTime() / 1000);
      const payload = {
        sub: id,
        iat: now,
        exp: now + options.tokenLifetimeS,
        ...(role === 'operator' && { scope: 'operator' }),
      };
      const { token } = await orUnavailable(library.api.signJWT({ body: { payload } }));
      return { accessToken: token, tokenType: 'Bearer', expiresIn: options.tokenLifetimeS };
    },
    async getKeys() {
      const { keys } = await orUnavailable(library.api.getJwks());
      return { keys: keys.map((key) => ({ ...key, use: 'sig' })) };
    },
    close: () => pool.end(),
  };
}

/** better-auth with our settings. Exported for the test that compares the schemas. */
export function createLibrary(options: AuthOptions, pool: pg.Pool) {
  const { log, passwords } = options;
  return betterAuth({
    database: pool,
    secret: options.secret,
    // Never called: it only keeps better-auth from looking for one in requests.
    baseURL: 'http://identity.invalid',
    emailAndPassword: {
      enabled: true,
      password: {
        hash: passwords.hash,
        verify: ({ hash, password }) => passwords.verify(hash, password),
      },
    },
    user: {
      additionalFields: {
        role: { type: 'string', required: true, input: false, defaultValue: 'customer' },
      },
    },
    plugins: [jwt({ jwt: { issuer: options.issuer, audience: options.audience } })],
    // The migrations are ours and a test compares them, so no look at the catalogue at each start.
    advanced: { database: { generateId: 'uuid', validateSchema: false } },
    telemetry: { enabled: false },
    logger: {
      level: 'warn',
      // Its further arguments may hold rows, so only errors are taken, as text.
      log: (level, message, ...rest) => {
        const errors = rest.filter((item) => item instanceof Error).map(describeError);
        log[level]([message, ...errors].join(': '));
      },
    },
  });
}

const CONNECTIONS_MAX = 8;

/** The connections of better-auth. Exported for the test of their time-outs. */
export function createAuthPool({
  databaseUrl,
  log,
}: Pick<AuthOptions, 'databaseUrl' | 'log'>): pg.Pool {
  return createPool({
    url: databaseUrl,
    connectionsMax: CONNECTIONS_MAX,
    applicationName: 'identity-auth',
    log,
    Client: Connection,
  });
}

/**
 * Kysely returns every connection to the pool as sound. One that timed out still waits for its
 * answer (node-postgres#3399): ending it here makes the pool discard it.
 */
class Connection extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: pg's overloads
  override query(...args: any[]): any {
    const result: unknown = super.query(...(args as [string]));
    if (result instanceof Promise) {
      result.catch((error) => {
        if (error instanceof pg.DatabaseError) return;
        this.end().catch(() => {});
      });
    }
    return result;
  }
}

/** better-auth has a pool of its own, whose faults `#platform/database.ts` does not translate. */
async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    // Its own error about a key; everything else comes from the database.
    if (cause instanceof BetterAuthError) {
      const text =
        'cannot sign tokens: IDENTITY_SECRET is not the one that encrypted the stored keys';
      throw new AppError(commonProblems.internal, text, { cause });
    }
    if (!isTransient(cause)) throw cause;
    throw new AppError(commonProblems.unavailable, 'database fault', { cause });
  }
}
