import type { Database } from '#platform/postgres/database.ts';
import type { Accounts } from './accounts.ts';
import * as store from './accounts-store.ts';
import type { PasswordDeps } from './change-password.ts';
import * as resetsStore from './resets-store.ts';
import * as sessionsStore from './sessions-store.ts';

/** The accounts in the database. A new password and the end of sessions are one transaction. */
export function accountsIn(database: Database): Accounts & PasswordDeps['accounts'] {
  const changePassword: PasswordDeps['accounts']['changePassword'] = (id, passwordHash, keep) =>
    database.transaction(async (tx) => {
      // A sign-in with the old password waits here, or its session is ended with the others.
      await sessionsStore.lockAccount(tx, id);
      await store.setPassword(tx, id, passwordHash);
      await resetsStore.deleteResets(tx, id);
      return sessionsStore.endSessions(tx, id, keep);
    });
  return {
    find: (email) => store.findAccount(database, email),
    get: (id) => store.getAccount(database, id),
    insert: (account) => store.insertAccount(database, account),
    changePassword,
    async setPassword(id, passwordHash) {
      await changePassword(id, passwordHash, null);
    },
    setOnlyOperator: (id) =>
      database.transaction(async (tx) => {
        await sessionsStore.endSessionsOfOperators(tx, id);
        await store.setOnlyOperator(tx, id);
      }),
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
        await store.setPassword(tx, id, passwordHash);
        await resetsStore.deleteResets(tx, id);
        return sessionsStore.endSessions(tx, id, null);
      }),
  };
}
