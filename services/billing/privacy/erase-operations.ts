import { eraseCustomer } from '#contracts/erasure.ts';
import { UUID } from '#contracts/patterns.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { Database, Queryable } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { redact } from '#platform/values/redact.ts';
import * as store from './erasure-store.ts';

const CURSOR = /^operations:(\d{1,18})$/;

/**
 * Erases what people wrote into the operations of a wallet: keys of top-ups that are no UUIDs, and
 * the customer's address and name in reasons. Never a sum, a number, an id or a date.
 */
export function serveOperationErasure(api: InternalApi, database: Database): void {
  api.serve(eraseCustomer, async ({ body: { customerId, traces, cursor } }) => {
    const after = cursor === undefined ? '0' : CURSOR.exec(cursor)?.[1];
    if (after === undefined) {
      throw new AppError(commonProblems.invalidRequest, 'malformed cursor', {
        violations: [{ pointer: '/cursor', rule: 'cursor' }],
      });
    }
    const found = traces.map(({ text }) => text);
    const last = await erasePage(database, { customerId, after, traces: found });
    return { status: 200, body: { next: last && `operations:${last}`, waits: false } };
  });
}

async function erasePage(
  db: Queryable,
  { customerId, after, traces }: { customerId: string; after: string; traces: string[] },
): Promise<string | null> {
  const { texts, last } = await store.listTexts(db, customerId, after);
  const changed = texts.flatMap((text) => {
    const idempotencyKey = keyWithoutText(text);
    const reason = text.reason === null ? null : redact(text.reason, traces);
    const same = idempotencyKey === text.idempotencyKey && reason === text.reason;
    return same ? [] : [{ id: text.id, idempotencyKey, reason }];
  });
  if (changed.length > 0) await store.replaceTexts(db, changed);
  return last;
}

/** The key of a top-up ends with the caller's own text. Other keys are made of ids. */
function keyWithoutText({ id, type, idempotencyKey }: store.OperationTexts): string | null {
  if (type !== 'top_up' || idempotencyKey === null) return idempotencyKey;
  const own = OWN_KEY.exec(idempotencyKey)?.[1];
  return own !== undefined && UUID.test(own) ? idempotencyKey : `erased/${id}`;
}

// As the gateway makes them: `self/<key>` and `operator/<operator id>/<key>`.
const OWN_KEY = /^(?:self|operator\/[^/]+)\/([^/]+)$/;
