import * as contract from '#contracts/billing.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import * as store from './audit-store.ts';

/** Billing's part of the reconciliation. */
export function serveAudit(api: InternalApi, database: Database): void {
  api.serve(contract.auditPayments, async ({ query }) => {
    const { after = null, through = null, limit } = query;
    const data = await store.auditPayments(database, { after, through, limit });
    return { status: 200, body: { data } };
  });

  api.serve(contract.auditWallets, async ({ query: { after = null, limit } }) => {
    const { wallets, more } = await store.auditWallets(database, { after, limit });
    const faults = wallets.flatMap((wallet) => {
      const found = violationsOf(wallet);
      return found.length === 0 ? [] : [{ id: wallet.customerId, detail: found.join('; ') }];
    });
    const last = more ? (wallets.at(-1)?.customerId ?? null) : null;
    return { status: 200, body: { checked: wallets.length, faults, last } };
  });
}

/** Every contradiction between a wallet and its operations. Invariant I4. */
function violationsOf(wallet: store.AuditedWallet): string[] {
  const { balance, total, operationCount, operations, gapAt, brokenAt } = wallet;
  const { foreignAt, unfoundedAt } = wallet;
  const violations: string[] = [];
  if (balance < 0) violations.push(`the balance ${balance} is negative`);
  if (balance !== total) {
    violations.push(`the balance is ${balance}, the sum of the operations is ${total}`);
  }
  if (operationCount !== operations) {
    violations.push(`the wallet counts ${operationCount} operations, there are ${operations}`);
  }
  if (gapAt !== null) violations.push(`operation ${gapAt} does not follow the number before it`);
  if (brokenAt !== null) {
    violations.push(
      `the balance after operation ${brokenAt} does not follow from the one before it`,
    );
  }
  if (foreignAt !== null) violations.push(`operation ${foreignAt} is in another currency`);
  if (unfoundedAt !== null) {
    violations.push(`reversal ${unfoundedAt} is not the opposite of the operation that it names`);
  }
  return violations;
}
