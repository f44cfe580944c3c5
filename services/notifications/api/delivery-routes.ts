import * as contract from '#contracts/notifications.ts';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import {
  type DeadLetter,
  maskedDeadLetter,
} from '#platform/messaging/consumer/dead-letter-view.ts';
import type { DeadLetters } from '#platform/messaging/consumer/dead-letters.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import type { Sender } from '../letter/letter-mail.ts';
import { findLetter, type LetterRow } from './letter-list-store.ts';
import { letterOf, maskedLetterOf, stagesOf } from './letter-view.ts';

export interface DeliveryDeps {
  database: Database;
  deadLetters: DeadLetters;
  sender: Sender;
}

/** What became of an order's event, for the order's journey. */
export function serveDelivery(api: InternalApi, deps: DeliveryDeps): void {
  api.serve(contract.getDelivery, async ({ params: { eventId }, query }) => {
    const { customerId, partition, offset } = query;
    const letter = await findLetter(deps.database, eventId);
    if (letter !== null && (customerId ?? letter.customer_id) === letter.customer_id) {
      const viewOf = customerId === undefined ? maskedLetterOf : letterOf;
      const view = viewOf(letter, deps.sender);
      const stages = stagesOf(letter);
      const body = { received: positionOf(letter), letter: view, stages, deadLetter: null };
      return { status: 200, body };
    }
    let deadLetter: DeadLetter | null = null;
    if (partition !== undefined && offset !== undefined) {
      const found = await deps.deadLetters.listAt({ topic: ORDERS_TOPIC, partition, offset });
      const dead = found.find((each) => isOf(each, eventId)) ?? null;
      deadLetter = dead && customerId === undefined ? maskedDeadLetter(dead) : dead;
    }
    return { status: 200, body: { received: null, letter: null, deadLetter } };
  });
}

function positionOf({ created_at, partition, offset }: LetterRow): contract.Delivery['received'] {
  return { at: created_at.toISOString(), partition, offset: Number(offset) };
}

/** A recreated topic may have another message at that position. */
function isOf({ headers }: DeadLetter, eventId: string): boolean {
  const id = headers.find(({ name }) => name === 'ce_id')?.value;
  return id?.toLowerCase() === eventId.toLowerCase();
}
