import type { Endpoint } from '../http/endpoint.ts';
import type { InternalApi } from '../service/internal-service.ts';
import { type AuditQuery, listAuditTrail } from './audit-trail.ts';
import type { Queryable } from './database.ts';

/**
 * Serves the audit trail of a service.
 * @param operation as the contract declares it; its schema checks the query
 */
export function serveAuditTrail(api: InternalApi, operation: Endpoint, db: Queryable): void {
  api.serve(operation, async ({ query }) => {
    const { entries: data, more } = await listAuditTrail(db, query as AuditQuery);
    return { status: 200, body: { data, more } };
  });
}
