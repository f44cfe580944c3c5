import { randomBytes } from 'node:crypto';
import { identityProblems } from '#contracts/identity.ts';
import { AppError } from '#platform/errors.ts';
import { type AccountDeps, checkPassword } from './accounts.ts';
import type { AccountWithAddress, StoredAccount } from './accounts-store.ts';
import type { Attempts } from './attempts.ts';
import { checkNewPassword } from './password-rules.ts';
import { hashOf } from './refresh-tokens.ts';
import type { SignInWatch } from './sign-in-watch.ts';

// The operator's password is a setting: a start would set it back.

/** What a check of the present password needs. */
export interface PresentPasswordDeps
  extends Pick<AccountDeps, 'sessions' | 'passwords' | 'attempts'> {
  watch: SignInWatch;
}

export interface PasswordDeps extends PresentPasswordDeps {
  attempts: AccountDeps['attempts'] & Pick<Attempts, 'countReset' | 'takeLetter' | 'welcomeAgain'>;
  accounts: {
    get(id: string): Promise<AccountWithAddress | null>;
    /**
     * Sets a password and ends the account's sessions but one.
     * @returns the ids of those that ended
     */
    changePassword(id: string, passwordHash: string, keep: string | null): Promise<string[]>;
  };
  resets: {
    /** Stores a token for the account with this address, and a row without one for no account. */
    insert(tokenHash: Buffer, email: string | null): Promise<boolean>;
    find(tokenHash: Buffer): Promise<AccountWithAddress | null>;
    /** Sets the password if the token is still there, and ends all of the account. */
    redeem(tokenHash: Buffer, id: string, passwordHash: string): Promise<string[] | null>;
  };
}

/** What follows from a new password. */
interface PasswordChange {
  customerId: string;
  /** Where to write that it was changed. */
  email: string;
  /** Sessions that ended with it. */
  ended: string[];
}

const TOKEN_BYTES = 32;

/**
 * Checks the password of a signed-in customer, as a sign-in does: a stolen token must be no way
 * around the limits, the counts and the record of lock-outs.
 * @throws AppError `wrong-password`, 429 when a limit is reached
 */
export async function checkPresentPassword(
  deps: PresentPasswordDeps,
  account: AccountWithAddress,
  given: { password: string; clientAddress: string },
): Promise<void> {
  const credentials = { ...given, email: account.email };
  await deps.watch('lock-out-sign-in', credentials, () =>
    checkPassword(deps, account, credentials, identityProblems.wrongPassword),
  );
}

/**
 * Exchanges the password for another one, and ends all other sessions.
 * @throws AppError `wrong-password`, which counts as a failed sign-in
 */
export async function changePassword(
  deps: PasswordDeps,
  given: {
    customerId: string;
    sessionId: string | undefined;
    currentPassword: string;
    newPassword: string;
    clientAddress: string;
  },
): Promise<PasswordChange> {
  const { customerId, currentPassword, newPassword, clientAddress, sessionId } = given;
  const account = await deps.accounts.get(customerId);
  if (account === null) throw new AppError(identityProblems.wrongPassword, 'no such account');
  const { email } = account;
  refuseOperator(account);
  checkNewPassword(newPassword, email, '/newPassword');
  await checkPresentPassword(deps, account, { password: currentPassword, clientAddress });
  const hash = await deps.passwords.hash(newPassword);
  const ended = await deps.accounts.changePassword(account.id, hash, sessionId ?? null);
  return { customerId, email, ended };
}

/**
 * Makes a token that resets the password of the account with this address.
 * @returns null when no letter may be sent: no account, or too many letters to it
 */
export async function requestReset(
  deps: PasswordDeps,
  given: { email: string; clientAddress: string },
): Promise<string | null> {
  const email = given.email.toLowerCase();
  await deps.attempts.countReset(given.clientAddress);
  const isAllowed = await deps.attempts.takeLetter(email, 'resets');
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  // The same statement in every case, so that the time reveals nothing.
  const isStored = await deps.resets.insert(hashOf(token), isAllowed ? email : null);
  return isStored ? token : null;
}

/**
 * Sets a password by the token of a letter, once. Ends all sessions.
 * @throws AppError `reset-link-invalid` for a token that is unknown, used or too old
 */
export async function redeemReset(
  deps: PasswordDeps,
  given: { token: string; newPassword: string; clientAddress: string },
): Promise<PasswordChange> {
  const tokenHash = hashOf(given.token);
  const account = await deps.resets.find(tokenHash);
  if (account === null) throw invalidLink();
  const { id, email } = account;
  refuseOperator(account);
  checkNewPassword(given.newPassword, email, '/newPassword');
  const hash = await deps.passwords.hash(given.newPassword);
  const ended = await deps.resets.redeem(tokenHash, id, hash);
  if (ended === null) throw invalidLink();
  await deps.attempts.welcomeAgain({ email, clientAddress: given.clientAddress });
  return { customerId: id, email, ended };
}

function refuseOperator({ role }: StoredAccount): void {
  if (role !== 'operator') return;
  throw new AppError(identityProblems.passwordInSettings, 'the operator has a password by setting');
}

function invalidLink(): AppError {
  return new AppError(identityProblems.resetLinkInvalid, 'no such token');
}
