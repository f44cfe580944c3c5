import * as operations from '#contracts/order-operations.ts';
import type { Repair } from '#contracts/repairs.ts';
import { repairProblems } from '#contracts/repairs.ts';
import { AppError } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import { insertRepair, listRepairs } from '#platform/postgres/repair-log.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { insertEventAgain, lockEvent } from './repair-store.ts';

export interface RepairDeps {
  database: Database;
  /** Whether a relay of ours publishes the outbox. */
  relayed: boolean;
  /** Called after a commit that put an event into the outbox. */
  onEvent: () => void;
}

/** Orders' part of the repair after a restore. */
export function serveRepairs(api: InternalApi, { database, relayed, onEvent }: RepairDeps): void {
  api.serve(operations.publishEventAgain, async ({ params, body }) => {
    const state = await database.transaction(async (tx) => {
      const event = await lockEvent(tx, params.orderId);
      if (event === null) {
        throw new AppError(repairProblems.repairRefused, `${params.orderId} has no event`);
      }
      // Without a relay of ours no row is ever marked as published.
      if (relayed && event.unpublished) return 'already';
      await insertEventAgain(tx, event);
      const { reason, madeBy } = body;
      const detail = { eventId: event.id };
      const subject = event.aggregateid;
      await insertRepair(tx, { step: 'publish-again', subject, detail, reason, madeBy });
      return 'done';
    });
    if (state === 'done') onEvent();
    return { status: 200, body: { state } };
  });

  api.serve(operations.listOrderRepairs, async ({ query: { before = null, limit } }) => {
    const rows = await listRepairs(database, { before, limit });
    const data = rows.map(
      ({ id, step, subject, reason, madeBy, createdAt }): Repair => ({
        id,
        step: step as Repair['step'],
        orderId: subject,
        reason,
        madeBy,
        at: createdAt.toISOString(),
      }),
    );
    return { status: 200, body: { data } };
  });
}
