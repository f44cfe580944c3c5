import { randomUUID, randomUUIDv7 } from 'node:crypto';
import type { OrderUpdateMessage } from '#contracts/order-update-message.ts';
import type { ConsumedEvent } from '#platform/messaging/consumer/consumer.ts';
import type { Database } from '#platform/postgres/database.ts';
import { newTrace, traceparentOf } from '#platform/telemetry/trace-context.ts';
import { findLetter, type LetterRow } from '#services/notifications/api/letter-list-store.ts';
import { eventually } from '../eventually.ts';

/** An order update as the inbox stores it. */
export type NewLetter = ConsumedEvent<OrderUpdateMessage>;

export const PAID: OrderUpdateMessage = {
  orderId: '019ac0de-1111-7000-8000-00000000000a',
  customerId: 'anna',
  version: 2,
  previousStatus: 'Pending',
  status: 'Paid',
  total: { amount: 50_000, currency: 'RUB' },
  paymentOperationId: '019ac0de-2222-7000-8000-00000000000a',
  reason: null,
  occurredAt: '2026-11-22T18:30:00.123Z',
};

/** An order update of an order of its own, paid unless `data` says otherwise. */
export function newLetter(
  data: Partial<OrderUpdateMessage> = {},
  message: Partial<Omit<NewLetter, 'data'>> = {},
): NewLetter {
  return {
    id: randomUUIDv7(),
    data: { ...PAID, orderId: randomUUID(), ...data },
    partition: 0,
    offset: 0n,
    traceparent: traceparentOf(newTrace()),
    ...message,
  };
}

/** Letters as an operator finds them. */
export function lettersIn(database: Database) {
  const letter = async (id: string) => (await findLetter(database, id)) as LetterRow;
  return {
    letter,
    /** Waits until the letter is in this state with as many attempts recorded. */
    until: (id: string, state: LetterRow['state'], attempts: number) =>
      eventually(`${state} after ${attempts} attempts`, async () => {
        const row = await letter(id);
        return row.state === state && row.attempts.length === attempts && row;
      }),
  };
}
