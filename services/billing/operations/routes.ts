import * as contract from '#contracts/billing.ts';
import type { RepairStep } from '#contracts/repairs.ts';
import type { Database } from '#platform/postgres/database.ts';
import { listRepairs } from '#platform/postgres/repair-log.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { repairPayment } from '../ledger/repair-payment.ts';
import { repairsIn } from '../ledger/transactions.ts';
import * as store from './audit-store.ts';

/** Billing's part of the reconciliation, and of the repair after a restore. */
export function serveOperations(api: InternalApi, database: Database, currency: string): void {
  const repairs = repairsIn(database, currency);

  api.serve(contract.auditPayments, async ({ query }) => {
    return { status: 200, body: { data: await store.auditPayments(database, query) } };
  });

  api.serve(contract.auditWallets, async ({ query }) => {
    const { wallets, more } = await store.auditWallets(database, query);
    const faults = wallets.flatMap((wallet) => {
      const found = violationsOf(wallet);
      return found.length === 0 ? [] : [{ id: wallet.customerId, detail: found.join('; ') }];
    });
    const last = more ? (wallets.at(-1)?.customerId ?? null) : null;
    return { status: 200, body: { checked: wallets.length, faults, last } };
  });

  api.serve(contract.repairPayment, async ({ params, body }) => {
    // As PostgreSQL spells it, or the decision that exists would not be recognised.
    const state = await repairPayment(repairs, params.orderId.toLowerCase(), body);
    return { status: 200, body: { state } };
  });

  api.serve(contract.listPaymentRepairs, async ({ query }) => {
    const rows = await listRepairs<RepairStep>(database, query);
    const data = rows.map(({ subject: orderId, detail, ...row }) => ({
      ...row,
      orderId,
      ...detail,
    }));
    return { status: 200, body: { data } };
  });
}

/** Every contradiction between a wallet and its operations. Invariant I4. */
function violationsOf(wallet: store.AuditedWallet): string[] {
  const { balance, total, operationCount, operations, gapAt, brokenAt } = wallet;
  const { foreignAt, unfoundedAt } = wallet;
  const checks: [violated: boolean, text: string][] = [
    [balance < 0, `the balance ${balance} is negative`],
    [balance !== total, `the balance is ${balance}, the sum of the operations is ${total}`],
    [
      operationCount !== operations,
      `the wallet counts ${operationCount} operations, there are ${operations}`,
    ],
    [gapAt !== null, `operation ${gapAt} does not follow the number before it`],
    [
      brokenAt !== null,
      `the balance after operation ${brokenAt} does not follow from the one before it`,
    ],
    [foreignAt !== null, `operation ${foreignAt} is in another currency`],
    [
      unfoundedAt !== null,
      `reversal ${unfoundedAt} is not the opposite of the operation that it names`,
    ],
  ];
  return checks.flatMap(([violated, text]) => (violated ? [text] : []));
}
