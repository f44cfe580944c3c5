import * as operations from '#contracts/order-operations.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import * as store from './audit-store.ts';

/**
 * Orders' part of the check of the books.
 * @param deps.relayed whether a relay of ours publishes the outbox
 */
export function serveAudit(
  api: InternalApi,
  { database, relayed }: { database: Database; relayed: boolean },
): void {
  api.serve(operations.auditOrders, async ({ query: { after = null, limit } }) => {
    const bounds = { after, limit, relayed };
    return { status: 200, body: { data: await store.auditOrders(database, bounds) } };
  });

  api.serve(operations.auditEvents, async ({ query: { after = null, limit } }) => {
    const events = await store.auditEvents(database, { after, limit });
    const faults = events.flatMap((event) => {
      const detail = faultOf(event);
      return detail === null ? [] : [{ id: event.id, detail }];
    });
    const last = events.length < limit ? null : (events.at(-1)?.id ?? null);
    return { status: 200, body: { checked: events.length, faults, last } };
  });
}

function faultOf({ id, key, order }: store.AuditedEvent): string | null {
  if (order === null) return `the event names the order ${key}, which does not exist`;
  if (order.eventId === id) return null;
  const own = order.eventId === null ? 'has no event' : `has the event ${order.eventId}`;
  return `the event names the order ${order.id}, which ${own}`;
}
