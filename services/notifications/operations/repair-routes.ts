import * as contract from '#contracts/letter-audit.ts';
import type { Repair } from '#contracts/repairs.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import { insertRepair, listRepairs } from '#platform/postgres/repair-log.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { findLetter } from '../api/letter-list-store.ts';

/** Notifications' part of the repair after a restore. */
export function serveRepairs(api: InternalApi, database: Database): void {
  api.serve(contract.acknowledgeLetter, async ({ params, body: { reason, madeBy } }) => {
    // Letters are never deleted, so the letter is still there when the record is written.
    const letter = await findLetter(database, params.letterId);
    if (letter === null) {
      throw new AppError(commonProblems.notFound, `no letter ${params.letterId}`);
    }
    const done = await insertRepair(database, {
      step: 'acknowledge',
      subject: letter.id,
      detail: { orderId: letter.order_id },
      reason,
      madeBy,
    });
    return { status: 200, body: { state: done ? 'done' : 'already' } };
  });

  api.serve(contract.listLetterRepairs, async ({ query: { before = null, limit } }) => {
    const rows = await listRepairs(database, { before, limit });
    const data = rows.map(
      ({ id, step, subject, detail, reason, madeBy, createdAt }): Repair => ({
        id,
        step: step as Repair['step'],
        orderId: detail.orderId as string,
        letterId: subject,
        reason,
        madeBy,
        at: createdAt.toISOString(),
      }),
    );
    return { status: 200, body: { data } };
  });
}
