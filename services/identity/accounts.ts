import { identityProblems, type SessionTokens } from '#contracts/identity.ts';
import { AppError, commonProblems, type ProblemType } from '#platform/errors.ts';
import type { Role, StoredAccount } from './accounts-store.ts';
import type { Attempt, Attempts, Origin } from './attempts.ts';
import { checkNewPassword } from './password-rules.ts';
import type { Passwords } from './passwords.ts';
import type { Sessions } from './sessions.ts';

/** The accounts in the database. Addresses are in lower case. */
export interface Accounts {
  find(email: string): Promise<StoredAccount | null>;
  /** @returns the new account's id, null when the address is taken */
  insert(account: { email: string; passwordHash: string; role: Role }): Promise<string | null>;
  /** Sets the password and ends the account's sessions. */
  setPassword(id: string, passwordHash: string): Promise<void>;
  /** Gives this account the role and takes it, with its sessions, from any other. */
  setOnlyOperator(id: string): Promise<unknown>;
}

export interface AccountDeps {
  accounts: Pick<Accounts, 'find' | 'insert'>;
  sessions: Pick<Sessions, 'start' | 'isKnownClient'>;
  passwords: Passwords;
  attempts: Pick<
    Attempts,
    | 'admitSignIn'
    | 'refuseSignIn'
    | 'countFailedSignIn'
    | 'admitRegistration'
    | 'countRegistration'
    | 'countFailedRegistration'
    | 'uncountRegistration'
    | 'takeLetter'
  >;
}

/** The input of a registration or a sign-in. */
export interface Credentials extends Origin {
  password: string;
}

/**
 * Creates an account. Repeated with the same password it answers the existing one, so that a
 * registration which was interrupted can be completed. Known and unknown addresses take the same
 * checks and one hash, so that the time does not tell which it is.
 * @throws AppError `email-taken` for another password, 429 when a limit is reached
 */
export async function register(
  deps: AccountDeps,
  given: Credentials,
): Promise<{ customerId: string; created: boolean }> {
  const credentials = normalized(given);
  const { email, password } = credentials;
  checkNewPassword(password, email, '/password');
  let account = await deps.accounts.find(email);
  await deps.attempts.admitRegistration(attemptOf(deps, account, credentials));
  if (account === null) {
    const customerId = await createNew(deps, credentials);
    if (customerId !== null) return { customerId, created: true };
    account = await deps.accounts.find(email);
    if (account === null) throw new AppError(commonProblems.unavailable, 'the account vanished');
  }
  if (!(await deps.passwords.verify(account.passwordHash, password))) {
    await deps.attempts.countFailedRegistration(credentials);
    // Where registrations do not tell, the owner gets a letter.
    const letterDue = await deps.attempts.takeLetter(email, 'known');
    throw new AppError(identityProblems.emailTaken, 'another password', { extra: { letterDue } });
  }
  await deps.attempts.refuseSignIn(credentials);
  return { customerId: account.id, created: false };
}

/** @returns the new account's id, null when another request was faster */
async function createNew(
  { accounts, passwords, attempts }: AccountDeps,
  credentials: Credentials,
): Promise<string | null> {
  const { email, password } = credentials;
  // Before the hash, which is the costly part.
  await attempts.countRegistration(credentials);
  let id: string | null = null;
  try {
    const passwordHash = await passwords.hash(password);
    id = await accounts.insert({ email, passwordHash, role: 'customer' });
  } finally {
    if (id === null) await attempts.uncountRegistration(credentials);
  }
  return id;
}

/**
 * Exchanges address and password for the tokens of a new session.
 * @throws AppError `sign-in-failed`, the same for an unknown address; 429 when a limit is reached
 */
export async function signIn(deps: AccountDeps, given: Credentials): Promise<SessionTokens> {
  const credentials = normalized(given);
  const account = await deps.accounts.find(credentials.email);
  const problem = identityProblems.signInFailed;
  const known = await checkPassword(deps, account, credentials, problem);
  return await deps.sessions.start(known, credentials.clientAddress);
}

/**
 * Checks a password as a sign-in does.
 * @throws AppError `problem` when it is wrong; 429 when a limit is reached
 */
export async function checkPassword(
  deps: Pick<AccountDeps, 'sessions' | 'passwords' | 'attempts'>,
  account: StoredAccount | null,
  credentials: Credentials,
  problem: ProblemType,
): Promise<StoredAccount> {
  const { passwords, attempts } = deps;
  await attempts.admitSignIn(attemptOf(deps, account, credentials));
  const fits = await passwords.verify(account?.passwordHash ?? null, credentials.password);
  if (!fits || account === null) {
    await attempts.countFailedSignIn(credentials);
    throw new AppError(problem, 'wrong address or password');
  }
  // Many guesses sent at once all pass the check above before the first one is counted. They
  // must not learn more than guesses sent one by one.
  await attempts.refuseSignIn(credentials);
  return account;
}

function attemptOf(
  { sessions }: Pick<AccountDeps, 'sessions'>,
  account: StoredAccount | null,
  { email, clientAddress }: Credentials,
): Attempt {
  const isKnown = () => sessions.isKnownClient(account?.id ?? null, clientAddress);
  return { email, clientAddress, isKnown };
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
