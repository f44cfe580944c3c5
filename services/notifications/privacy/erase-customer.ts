import { eraseCustomer, listTraces, type Trace } from '#contracts/erasure.ts';
import { AppError, commonProblems, type ViolationPlace } from '#platform/errors.ts';
import type { DeadLetters } from '#platform/messaging/consumer/dead-letters.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { mailboxOf } from '../recipient/mailbox-of.ts';
import * as store from './erasure-store.ts';

interface ErasureDeps {
  database: Database;
  deadLetters: Pick<DeadLetters, 'erase'>;
}

const CURSOR = /^(letters|dead-letters):([0-9a-f-]{36})?$/;

interface Position {
  table: string;
  after: string | null;
}

/** Notifications' part of an erasure: letters first, then dead letters, page by page. */
export function serveErasure(api: InternalApi, { database, deadLetters }: ErasureDeps): void {
  api.serve(eraseCustomer, async ({ body: { customerId, traces, cursor } }) => {
    const { table, after } = positionOf(cursor, { pointer: '/cursor' });
    const addresses = traces.filter(({ kind }) => kind === 'address').map(({ text }) => text);
    if (table === 'dead-letters') {
      // Names are left out: they are common, and the message may be another customer's.
      const last = await deadLetters.erase([customerId, ...addresses], after);
      return { status: 200, body: { next: last && `dead-letters:${last}`, waits: false } };
    }
    const { last, sending } = await database.transaction(async (tx) => {
      await store.insertErased(tx, customerId);
      const lowered = addresses.map((address) => address.toLowerCase());
      await store.deleteByAddress(tx, lowered);
      // Earlier versions counted by the whole address.
      await store.deleteSlots(tx, [customerId, ...lowered, ...addresses.map(mailboxOf)]);
      return store.eraseLetters(tx, customerId, after);
    });
    const next = last === null ? 'dead-letters:' : `letters:${last}`;
    return { status: 200, body: { next, waits: sending > 0 } };
  });

  api.serve(listTraces, async ({ query: { customerId, cursor } }) => {
    const { after } = positionOf(cursor, { parameter: 'cursor' });
    const { addresses, names, last } = await store.listRecipients(database, customerId, after);
    const data: Trace[] = [
      ...addresses.map((text) => ({ kind: 'address' as const, text })),
      ...names.map((text) => ({ kind: 'name' as const, text })),
    ];
    return { status: 200, body: { data, next: last && `letters:${last}` } };
  });
}

function positionOf(cursor: string | undefined, place: ViolationPlace): Position {
  if (cursor === undefined) return { table: 'letters', after: null };
  const [, table, after] = CURSOR.exec(cursor) ?? [];
  if (table !== undefined) return { table, after: after ?? null };
  throw new AppError(commonProblems.invalidRequest, 'malformed cursor', {
    violations: [{ ...place, rule: 'cursor' }],
  });
}
