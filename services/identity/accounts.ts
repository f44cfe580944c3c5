import { type AccessToken, identityProblems } from '#contracts/identity.ts';
import { AppError, commonProblems, type ProblemType } from '#platform/errors.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Role, StoredAccount } from './accounts-store.ts';
import type { Attempts } from './attempts.ts';
import type { Passwords } from './passwords.ts';

/** The accounts in the database. Addresses are in lower case. */
export interface Accounts {
  find(email: string): Promise<StoredAccount | null>;
  /** @returns the new account's id, null when the address is taken */
  insert(account: { email: string; passwordHash: string; role: Role }): Promise<string | null>;
  setPassword(id: string, passwordHash: string): Promise<void>;
  /** Gives this account the role and takes it from any other. */
  setOnlyOperator(id: string): Promise<unknown>;
}

export interface AccountDeps {
  accounts: Pick<Accounts, 'find' | 'insert'>;
  tokens: Pick<AccessTokens, 'sign'>;
  passwords: Passwords;
  attempts: Attempts;
}

/** The input of a registration or a sign-in. */
export interface Credentials {
  email: string;
  password: string;
  clientAddress: string;
}

/**
 * Creates an account. Repeated with the same password it answers the existing one, so that a
 * registration which was interrupted can be completed.
 * @throws AppError `email-taken` for another password, 429 when a limit is reached
 */
export async function register(
  deps: AccountDeps,
  given: Credentials,
): Promise<{ customerId: string; created: boolean }> {
  const credentials = normalized(given);
  const { email } = credentials;
  let account = await deps.accounts.find(email);
  if (account === null) {
    const customerId = await createNew(deps, credentials);
    if (customerId !== null) return { customerId, created: true };
    account = await deps.accounts.find(email);
    if (account === null) throw new AppError(commonProblems.unavailable, 'the account vanished');
  }
  await checkPassword(deps, account, credentials, identityProblems.emailTaken);
  return { customerId: account.id, created: false };
}

/** @returns the new account's id, null when another request was faster */
async function createNew(
  { accounts, passwords, attempts }: AccountDeps,
  { email, password, clientAddress }: Credentials,
): Promise<string | null> {
  // Before the hash, which is the costly part.
  await attempts.countRegistration(clientAddress);
  let id: string | null = null;
  try {
    const passwordHash = await passwords.hash(password);
    id = await accounts.insert({ email, passwordHash, role: 'customer' });
  } finally {
    if (id === null) await attempts.uncountRegistration(clientAddress);
  }
  return id;
}

/**
 * Exchanges address and password for an access token.
 * @throws AppError `sign-in-failed`, the same for an unknown address; 429 when a limit is reached
 */
export async function signIn(deps: AccountDeps, given: Credentials): Promise<AccessToken> {
  const credentials = normalized(given);
  const account = await deps.accounts.find(credentials.email);
  const known = await checkPassword(deps, account, credentials, identityProblems.signInFailed);
  return await deps.tokens.sign(known);
}

async function checkPassword(
  { passwords, attempts }: AccountDeps,
  account: StoredAccount | null,
  { email, password, clientAddress }: Credentials,
  problem: ProblemType,
): Promise<StoredAccount> {
  await attempts.refuseSignIn(email, clientAddress);
  const fits = await passwords.verify(account?.passwordHash ?? null, password);
  if (!fits || account === null) {
    await attempts.countFailedSignIn(email, clientAddress);
    throw new AppError(problem, 'password or address does not fit');
  }
  // Many guesses sent at once all pass the check above before the first one is counted. They
  // must not learn more than guesses sent one by one.
  await attempts.refuseSignIn(email, clientAddress);
  return account;
}

/** Addresses are compared without regard to case; the contract allows ASCII only. */
function normalized(credentials: Credentials): Credentials {
  return { ...credentials, email: credentials.email.toLowerCase() };
}

/**
 * Makes the account with this address and password the one operator. Changes only what differs.
 * @throws AppError `unavailable` when another request registers the address meanwhile
 */
export async function ensureOperator(
  { accounts, passwords }: { accounts: Accounts; passwords: Passwords },
  given: { email: string; password: string },
): Promise<void> {
  const email = given.email.toLowerCase();
  const account = await accounts.find(email);
  if (account === null) {
    const passwordHash = await passwords.hash(given.password);
    const id = await accounts.insert({ email, passwordHash, role: 'operator' });
    // Transient, so that the start tries again: replicas that start together insert it once.
    if (id === null) throw new AppError(commonProblems.unavailable, 'the operator was registered');
    await accounts.setOnlyOperator(id);
    return;
  }
  // The password first: somebody may have registered this address before it was the operator's.
  if (!(await passwords.verify(account.passwordHash, given.password))) {
    await accounts.setPassword(account.id, await passwords.hash(given.password));
  }
  await accounts.setOnlyOperator(account.id);
}
