import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import * as contract from '#contracts/notifications.ts';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { uuidCursor } from '#contracts/patterns.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { decodeCursor, pageWith } from '#platform/http/page.ts';
import {
  type DeadLetter,
  maskedDeadLetter,
} from '#platform/messaging/consumer/dead-letter-view.ts';
import type { DeadLetters } from '#platform/messaging/consumer/dead-letters.ts';
import { recordRead } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import type { Sender } from '../letter/letter-mail.ts';
import { findDeletedThrough } from '../privacy/retention-store.ts';
import { listResends } from '../repair/resend-store.ts';
import * as store from './letter-list-store.ts';
import { letterOf, maskedLetterOf, nextAttemptAtOf, stagesOf } from './letter-view.ts';
import { recordLetterRead } from './record-letter-read.ts';

const CURSOR = uuidCursor('letters');

/** The internal API of notifications (`contracts/notifications.ts`). */
export function serveLetters(api: InternalApi, database: Database, sender: Sender): void {
  api.serve(contract.listLetters, async ({ query, request }) => {
    // For an export that an operator asks for; calls for customers have no actor.
    await recordRead(database, {
      actor: actorOf(request),
      action: 'list-letters',
      subject: { customerId: query.customerId },
    });
    const limit = query.limit ?? PAGE_SIZE_DEFAULT;
    const { rows, more } = await store.listLetters(database, {
      customerId: query.customerId,
      orderId: query.orderId ?? null,
      state: null,
      before: decodeCursor(query.cursor, CURSOR),
      limit,
    });
    const viewOf = (row: store.LetterRow) => letterOf(row, sender);
    return { status: 200, body: pageWith(rows, more, (row) => `letters:${row.id}`, viewOf) };
  });

  api.serve(contract.getLetter, async ({ params, query }) => {
    const row = await store.findLetter(database, params.letterId);
    if (row === null || row.customer_id !== query.customerId) {
      throw new AppError(commonProblems.notFound, `no letter ${params.letterId} of this customer`);
    }
    return { status: 200, body: letterOf(row, sender) };
  });
}

/** @param release releases the letters of a customer who has confirmed the address */
export function serveRelease(
  api: InternalApi,
  release: (customerId: string) => Promise<number>,
): void {
  api.serve(contract.releaseLetters, async ({ params }) => {
    return { status: 200, body: { released: await release(params.customerId) } };
  });
}

/** The delivery of an order's event, for the order's journey. */
export function serveDelivery(
  api: InternalApi,
  {
    database,
    deadLetters,
    sender,
  }: { database: Database; deadLetters: DeadLetters; sender: Sender },
): void {
  api.serve(contract.getDelivery, async ({ params: { eventId }, query, request }) => {
    const { customerId, partition, offset } = query;
    const letter = await store.findLetter(database, eventId);
    if (letter !== null && (customerId ?? letter.customer_id) === letter.customer_id) {
      if (customerId === undefined) await recordLetterRead(database, actorOf(request), letter);
      const viewOf = customerId === undefined ? maskedLetterOf : letterOf;
      const view = viewOf(letter, sender);
      const body = {
        received: positionOf(letter),
        letter: view,
        stages: stagesOf(letter),
        deadLetter: null,
        nextAttemptAt: nextAttemptAtOf(letter),
        resends: await resendsOf(database, letter, customerId === undefined),
        acknowledged: letter.acknowledgement !== null,
      };
      return { status: 200, body };
    }
    const dead = await findDeadLetter(deadLetters, eventId, { partition, offset });
    const deadLetter = dead && customerId === undefined ? maskedDeadLetter(dead) : dead;
    const isGone = letter === null && deadLetter === null;
    const deletedThrough = isGone ? await findDeletedThrough(database) : null;
    const expired = deletedThrough !== null && eventId.toLowerCase() <= deletedThrough;
    const body = { received: null, letter: null, deadLetter, ...(expired && { expired }) };
    return { status: 200, body };
  });
}

/** @param named whether operators are named */
async function resendsOf(
  database: Database,
  letter: store.LetterRow,
  named: boolean,
): Promise<contract.Resend[]> {
  // Most letters were never resent, and need no search.
  if (letter.trying_since <= letter.created_at) return [];
  const resends = await listResends(database, letter.id);
  return named ? resends : resends.map(({ actor: _, ...resend }) => resend);
}

/** @param at the event's position, as far as it is known */
async function findDeadLetter(
  deadLetters: DeadLetters,
  eventId: string,
  { partition, offset }: { partition?: number | undefined; offset?: number | undefined },
): Promise<DeadLetter | null> {
  if (partition === undefined || offset === undefined) return null;
  const found = await deadLetters.listAt({ topic: ORDERS_TOPIC, partition, offset });
  return found.find((each) => isOf(each, eventId)) ?? null;
}

function positionOf({
  created_at,
  partition,
  offset,
}: store.LetterRow): contract.Delivery['received'] {
  return { at: created_at.toISOString(), partition, offset: Number(offset) };
}

/** A recreated topic may have another message at that position. */
function isOf({ headers }: DeadLetter, eventId: string): boolean {
  const id = headers.find(({ name }) => name === 'ce_id')?.value;
  return id?.toLowerCase() === eventId.toLowerCase();
}
