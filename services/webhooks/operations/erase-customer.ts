import { eraseCustomer } from '#contracts/erasure.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { DeadLetters } from '#platform/messaging/consumer/dead-letters.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';

const CURSOR = /^dead-letters:([0-9a-f-]{36})$/;

/**
 * The part of webhooks in an erasure: dead letters, which may hold texts of others. Events hold the
 * customer's id and sums, as the records of money do, and stay until their retention ends.
 */
export function serveErasure(api: InternalApi, deadLetters: Pick<DeadLetters, 'erase'>): void {
  api.serve(eraseCustomer, async ({ body: { customerId, traces, cursor } }) => {
    const after = cursor === undefined ? null : CURSOR.exec(cursor)?.[1];
    if (after === undefined) {
      throw new AppError(commonProblems.invalidRequest, 'malformed cursor', {
        violations: [{ pointer: '/cursor', rule: 'cursor' }],
      });
    }
    const addresses = traces.filter(({ kind }) => kind === 'address').map(({ text }) => text);
    const last = await deadLetters.erase([customerId, ...addresses], after);
    return { status: 200, body: { next: last && `dead-letters:${last}`, waits: false } };
  });
}
