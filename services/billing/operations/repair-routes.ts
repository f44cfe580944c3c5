import * as contract from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import type { Repair } from '#contracts/repairs.ts';
import type { Database } from '#platform/postgres/database.ts';
import { listRepairs, type StoredRepair } from '#platform/postgres/repair-log.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { repairPayment } from '../ledger/repair-payment.ts';
import { repairsIn } from '../ledger/transactions.ts';

/** Billing's part of the repair after a restore. */
export function serveRepairs(api: InternalApi, database: Database, currency: string): void {
  const deps = repairsIn(database, currency);

  api.serve(contract.repairPayment, async ({ params, body }) => {
    // As PostgreSQL spells it, or the decision that exists would not be recognised.
    const state = await repairPayment(deps, params.orderId.toLowerCase(), body);
    return { status: 200, body: { state } };
  });

  api.serve(contract.listPaymentRepairs, async ({ query: { before = null, limit } }) => {
    const data = (await listRepairs(database, { before, limit })).map(repairOf);
    return { status: 200, body: { data } };
  });
}

function repairOf({ id, step, subject, detail, reason, madeBy, createdAt }: StoredRepair): Repair {
  const more = detail as { customerId?: string; operationId?: string; amount?: Money };
  const at = createdAt.toISOString();
  return { id, step: step as Repair['step'], orderId: subject, ...more, reason, madeBy, at };
}
