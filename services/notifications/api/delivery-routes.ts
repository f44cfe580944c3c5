import * as contract from '#contracts/notifications.ts';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { listDeadLettersAt } from '../inbox/dead-letter-store.ts';
import { CUTS, deadLetterOf, maskedDeadLetterOf } from '../inbox/dead-letter-view.ts';
import { findLetter, type LetterRow } from './letter-list-store.ts';
import { letterOf, maskedLetterOf, type Sender } from './letter-view.ts';

/** What became of an order's event, for the order's journey. */
export function serveDelivery(api: InternalApi, database: Database, sender: Sender): void {
  api.serve(contract.getDelivery, async ({ params: { eventId }, query }) => {
    const { customerId, partition, offset } = query;
    const letter = await findLetter(database, eventId);
    const shown = letter !== null && (customerId ?? letter.customer_id) === letter.customer_id;
    if (shown) {
      const viewOf = customerId === undefined ? maskedLetterOf : letterOf;
      const body = { received: placeOf(letter), letter: viewOf(letter, sender) };
      return { status: 200, body: { ...body, deadLetter: null } };
    }
    const dead =
      partition === undefined || offset === undefined
        ? undefined
        : (await listDeadLettersAt(database, { topic: ORDERS_TOPIC, partition, offset }, CUTS))
            .map(customerId === undefined ? maskedDeadLetterOf : deadLetterOf)
            .find((each) => isOf(each, eventId));
    return { status: 200, body: { received: null, letter: null, deadLetter: dead ?? null } };
  });
}

function placeOf({ created_at, partition, offset }: LetterRow): contract.Delivery['received'] {
  return { at: created_at.toISOString(), partition, offset: Number(offset) };
}

/** Another message may lie at that place of a topic that was made anew. */
function isOf({ headers }: contract.DeadLetter, eventId: string): boolean {
  const id = headers.find(({ name }) => name === 'ce_id')?.value;
  return id?.toLowerCase() === eventId.toLowerCase();
}
