import type { Database, Queryable } from '#platform/postgres/database.ts';
import type { Accounts } from './accounts.ts';
import * as store from './accounts-store.ts';
import type { PasswordDeps } from './change-password.ts';
import * as resetsStore from './resets-store.ts';
import * as sessionsStore from './sessions-store.ts';

/**
 * Sets the password and ends the account's sessions.
 * @param keep the session that goes on
 * @returns the ids of those that ended
 */
export async function replacePassword(
  tx: Queryable,
  { id, passwordHash, keep }: { id: string; passwordHash: string; keep: string | null },
): Promise<string[]> {
  // A sign-in with the old password waits here, or its session is ended with the others.
  await sessionsStore.lockAccount(tx, id);
  await store.setPassword(tx, id, passwordHash);
  await resetsStore.deleteResets(tx, id);
  return sessionsStore.endSessions(tx, id, keep);
}

/** Gives the account the operator's role alone. @returns the accounts whose role changed */
export async function replaceOperator(tx: Queryable, id: string) {
  await sessionsStore.endSessionsOfOperators(tx, id);
  return store.setOnlyOperator(tx, id);
}

/** The accounts in the database. A new password and the end of sessions are one transaction. */
export function accountsIn(database: Database): Accounts & PasswordDeps['accounts'] {
  const changePassword: PasswordDeps['accounts']['changePassword'] = (id, passwordHash, keep) =>
    database.transaction((tx) => replacePassword(tx, { id, passwordHash, keep }));
  return {
    find: (email) => store.findAccount(database, email),
    get: (id) => store.getAccount(database, id),
    insert: (account) => store.insertAccount(database, account),
    changePassword,
    async setPassword(id, passwordHash) {
      await changePassword(id, passwordHash, null);
    },
    setOnlyOperator: (id) => database.transaction((tx) => replaceOperator(tx, id)),
  };
}

/** The one-time tokens in the database. */
export function resetsIn(database: Database): PasswordDeps['resets'] {
  return {
    insert: (tokenHash, email) => resetsStore.insertReset(database, tokenHash, email),
    find: (tokenHash) => resetsStore.findReset(database, tokenHash),
    redeem: (tokenHash, id, passwordHash) =>
      database.transaction(async (tx) => {
        await sessionsStore.lockAccount(tx, id);
        if (!(await resetsStore.takeReset(tx, tokenHash))) return null;
        return replacePassword(tx, { id, passwordHash, keep: null });
      }),
  };
}
