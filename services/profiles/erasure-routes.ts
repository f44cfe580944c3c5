import * as contract from '#contracts/erasure.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { recordAudit } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { redact } from '#platform/values/redact.ts';
import * as store from './erasure-store.ts';
import { findProfile } from './store.ts';

/** Requests to erase a customer, and their end: profiles keeps the last data of a customer. */
export function serveErasures(api: InternalApi, database: Database): void {
  async function getErasure(customerId: string): Promise<contract.StoredErasure> {
    const found = await store.findErasure(database, customerId);
    if (found === null) throw new AppError(commonProblems.notFound, 'no such erasure');
    return found;
  }

  api.serve(contract.requestErasure, async ({ params: { customerId }, body, request }) => {
    const actor = actorOf(request);
    await database.transaction(async (tx) => {
      const isNew = await store.insertErasure(tx, { customerId, ...body });
      // The customer's own request has no actor, and a repetition changes nothing.
      if (!isNew || actor === null) return;
      const known = (await findProfile(tx, customerId))?.profile;
      await recordAudit(tx, {
        actor,
        action: 'request-erasure',
        subject: { customerId },
        // An entry cannot be erased, so it must not repeat whom the operator erases.
        reason: body.reason && redact(body.reason, [known?.email ?? '', known?.name ?? '']),
        before: { state: null },
        after: { state: 'pending' },
      });
    });
    return { status: 200, body: await getErasure(customerId) };
  });

  api.serve(contract.getErasure, async ({ params }) => {
    return { status: 200, body: await getErasure(params.customerId) };
  });

  api.serve(contract.claimErasures, async ({ body }) => {
    return { status: 200, body: { data: await store.claimErasures(database, body) } };
  });

  api.serve(contract.noteErasure, async ({ params, body }) => {
    await store.noteErasure(database, params.customerId, body);
    return { status: 200, body: {} };
  });

  api.serve(contract.listRecentErasures, async () => {
    return { status: 200, body: { customerIds: await store.listRecentErasures(database) } };
  });

  api.serve(contract.eraseCustomer, async ({ body: { customerId, traces } }) => {
    // Only what was requested: nothing else may delete a profile.
    const requested = await store.findErasure(database, customerId);
    if (requested === null) {
      throw new AppError(commonProblems.invalidRequest, 'no such erasure was requested', {
        violations: [{ pointer: '/customerId', rule: 'requested' }],
      });
    }
    const { reason } = requested;
    // An operator may have written an address into the reason.
    const texts = traces.map(({ text }) => text);
    const kept = reason === null ? null : redact(reason, texts);
    await database.transaction((tx) => store.finishErasure(tx, customerId, kept));
    return { status: 200, body: { next: null, waits: false } };
  });
}
