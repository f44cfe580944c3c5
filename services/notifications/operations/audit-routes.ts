import * as contract from '#contracts/letter-audit.ts';
import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import type { Broker } from '#platform/broker/port/broker.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import * as store from './audit-store.ts';

/**
 * Notifications' part of the reconciliation.
 * @param deps.group the group that reads the orders topic into the inbox
 */
export function serveAudit(
  api: InternalApi,
  { database, broker, group }: { database: Database; broker: Broker; group: string },
): void {
  api.serve(contract.auditLetters, async ({ query }) => {
    const { after = null, afterLetter = null, through = null, limit } = query;
    const bounds = { after, afterLetter, through, limit };
    return { status: 200, body: { data: await store.auditLetters(database, bounds) } };
  });

  api.serve(contract.auditPositions, async () => {
    // The topic before the positions: if it is recreated in between, the new positions go with the
    // old identity, and no event of the new topic counts as read.
    const topic = await broker.endOffsets(ORDERS_TOPIC);
    const lag = await broker.lag(ORDERS_TOPIC, group);
    return {
      status: 200,
      body: {
        topicId: topic?.topicId ?? null,
        data: lag.map(({ partition, position, end }) => ({
          partition,
          position: Number(position),
          end: Number(end),
        })),
      },
    };
  });
}
