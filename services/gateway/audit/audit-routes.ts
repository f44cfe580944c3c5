import type { FastifyBaseLogger } from 'fastify';
import { type AuditedService, listAuditTrail, readAuditTrail } from '#contracts/audit.ts';
import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import { UUID, uuidCursor } from '#contracts/patterns.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import type { HttpClient } from '#platform/http/client.ts';
import type { EndpointRequest } from '#platform/http/endpoint.ts';
import { decodeCursor, pageWith } from '#platform/http/page.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import {
  bodyOf,
  PART_TIMEOUT_MS,
  partOr,
  type ServiceClients,
} from '../context/service-clients.ts';
import { mergeTrails, type Trail } from './merge-trails.ts';

const CURSOR = uuidCursor('audit');

/** The audit trail of all services, for operators. */
export function serveAudit(app: HttpServer, gateway: Gateway): void {
  const { clients, identifyOperator: identify } = gateway;

  serve(app, readAuditTrail, { identify }, async ({ caller, query, request }) => {
    const { limit = PAGE_SIZE_DEFAULT, cursor, subject, ...filters } = query;
    const before = decodeCursor(cursor, CURSOR);
    // One more of each: the entry that shows that there is a next page may be of any service.
    const asked = {
      query: {
        ...filters,
        limit: limit + 1,
        ...(before !== null && { before }),
        // Services record UUIDs in lower case.
        ...(subject !== undefined && {
          subject: UUID.test(subject) ? subject.toLowerCase() : subject,
        }),
      },
    };
    const trails = await readTrails(clients, asked, caller.customerId, request.log);
    const { entries, more, unanswered } = mergeTrails(trails, limit);
    const page = pageWith(entries, more, ({ id }) => `audit:${id}`);
    return { status: 200, body: { ...page, unanswered } };
  });
}

function readTrails(
  clients: ServiceClients,
  asked: EndpointRequest<typeof listAuditTrail>,
  actor: string,
  log: FastifyBaseLogger,
): Promise<Trail[]> {
  const options = { deadline: deadlineIn(PART_TIMEOUT_MS), actor };
  const { billing, identity, notifications, orders, profiles, webhooks } = clients;
  const all = { billing, identity, notifications, orders, profiles, webhooks };
  return Promise.all(
    Object.entries(all)
      .filter((each): each is [AuditedService, HttpClient] => each[1] !== null)
      .map(async ([service, client]): Promise<Trail> => {
        const read = async () => bodyOf(await client.call(listAuditTrail, asked, options));
        return [service, await partOr(null, log, read)];
      }),
  );
}
