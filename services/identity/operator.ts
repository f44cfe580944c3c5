import type { Auth } from './auth.ts';
import type { Passwords } from './passwords.ts';

interface OperatorDeps {
  auth: Pick<Auth, 'findAccount' | 'insertAccount' | 'setPassword' | 'setOnlyOperator'>;
  passwords: Passwords;
}

/** Makes the account with this address and password the one operator. Changes only what differs. */
export async function ensureOperator(
  { auth, passwords }: OperatorDeps,
  given: { email: string; password: string },
): Promise<void> {
  const email = given.email.toLowerCase();
  const account = await auth.findAccount(email);
  if (account === null) {
    const id = await auth.insertAccount(email, await passwords.hash(given.password), 'operator');
    if (id === null) throw new Error('the operator account was registered at this moment');
    await auth.setOnlyOperator(id);
    return;
  }
  // The password first: somebody may have registered this address before it was the operator's.
  if (!(await passwords.verify(account.passwordHash, given.password))) {
    await auth.setPassword(account.id, await passwords.hash(given.password));
  }
  await auth.setOnlyOperator(account.id);
}
