import { AppError, commonProblems } from '#platform/errors.ts';
import type { Accounts } from './accounts.ts';
import type { Passwords } from './passwords.ts';

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
