import { eraseCustomer } from '#contracts/erasure.ts';
import * as contract from '#contracts/privacy.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import * as store from './account-data-store.ts';
import { getAccount as findAccount } from './accounts-store.ts';
import { checkPresentPassword, type PresentPasswordDeps } from './change-password.ts';

interface AccountDataDeps extends PresentPasswordDeps {
  database: Database;
}

/** An account's data for its owner, and the end of the account. */
export function serveAccountData(api: InternalApi, deps: AccountDataDeps): void {
  const { database } = deps;

  api.serve(contract.getAccountData, async ({ params: { customerId } }) => {
    const account = await store.findAccountData(database, customerId);
    const { email, role, createdAt, changedAt } = existing(account, customerId);
    const sessions = await store.listSessionDates(database, customerId);
    const body = {
      email,
      operator: role === 'operator',
      createdAt: createdAt.toISOString(),
      changedAt: changedAt.toISOString(),
      sessions: sessions.map(({ startedAt, endsAt }) => ({
        startedAt: startedAt.toISOString(),
        endsAt: endsAt?.toISOString() ?? null,
      })),
    };
    return { status: 200, body };
  });

  api.serve(contract.checkPassword, async ({ params, body: { password, clientAddress } }) => {
    const account = existing(await findAccount(database, params.customerId), params.customerId);
    await checkPresentPassword(deps, account, { password, clientAddress });
    return { status: 200, body: {} };
  });

  api.serve(eraseCustomer, async ({ body: { customerId, traces } }) => {
    const account = await store.findAccountData(database, customerId);
    const addresses = traces.filter(({ kind }) => kind === 'address').map(({ text }) => text);
    if (account !== null) addresses.push(account.email);
    await database.transaction(async (tx) => {
      await store.deleteAccount(tx, customerId);
      await store.deleteByAddress(tx, [...new Set(addresses.map((one) => one.toLowerCase()))]);
    });
    return { status: 200, body: { next: null, waits: false } };
  });
}

function existing<T>(account: T | null, customerId: string): T {
  if (account !== null) return account;
  throw new AppError(commonProblems.notFound, `no account ${customerId}`);
}
