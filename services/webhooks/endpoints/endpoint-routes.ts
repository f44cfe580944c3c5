import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import { uuidCursor } from '#contracts/patterns.ts';
import * as contract from '#contracts/webhooks.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { decodeCursor, pageOf } from '#platform/http/page.ts';
import { recordAudit } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import type { TextCipher } from '#platform/values/text-cipher.ts';
import { urlFault } from '../address/endpoint-url.ts';
import { type AddressGuard, leadsInside } from '../address/guarded-lookup.ts';
import { newWebhookSecret } from '../delivery/sign.ts';
import * as store from './endpoint-store.ts';

/** Receivers have this long to learn the new secret. */
const PREVIOUS_SECRET_HOURS = 24;
const CURSOR = uuidCursor('webhook-endpoints');
// Of the name server, for the check of an address that an operator enters.
const RESOLVE_TIMEOUT_MS = 1_000;

export interface EndpointDeps {
  database: Database;
  cipher: TextCipher;
  guard: AddressGuard;
  /** Called when deliveries may be due. */
  onDue: () => void;
}

/** An endpoint as the API shows it. */
export function viewOf({ createdAt, previousSecretUntil, ...row }: store.EndpointRow) {
  return {
    ...row,
    createdAt: createdAt.toISOString(),
    previousSecretUntil: previousSecretUntil?.toISOString() ?? null,
  };
}

export function endpointMissing(id: string): AppError {
  return new AppError(commonProblems.notFound, `no endpoint ${id}`);
}

/** The addresses that receive webhooks. */
export function serveEndpoints(api: InternalApi, deps: EndpointDeps): void {
  const { database, cipher } = deps;

  api.serve(contract.listWebhookEndpoints, async ({ query }) => {
    const { limit = PAGE_SIZE_DEFAULT, cursor } = query;
    const before = decodeCursor(cursor, CURSOR);
    const rows = await store.listEndpoints(database, { before, limit: limit + 1 });
    const body = pageOf(rows, limit, ({ id }) => `webhook-endpoints:${id}`, viewOf);
    return { status: 200, body };
  });

  api.serve(contract.getWebhookEndpoint, async ({ params: { endpointId } }) => {
    const row = await store.findEndpoint(database, endpointId);
    if (row === null) throw endpointMissing(endpointId);
    return { status: 200, body: viewOf(row) };
  });

  api.serve(contract.createWebhookEndpoint, async ({ body, request }) => {
    await refuseAddress(deps.guard, body.url);
    const secret = newWebhookSecret();
    const row = await database.transaction(async (tx) => {
      await store.lockEndpoints(tx);
      if ((await store.countEndpoints(tx)) >= contract.WEBHOOK_ENDPOINTS_MAX) {
        throw new AppError(contract.webhookProblems.endpointLimit, 'too many endpoints');
      }
      const added = await store.insertEndpoint(tx, body, cipher.encrypt(secret));
      await recordAudit(tx, {
        actor: actorOf(request),
        action: 'add-webhook-endpoint',
        subject: { endpointId: added.id },
        after: stateOf(added),
      });
      return added;
    });
    return { status: 201, body: { ...viewOf(row), secret } };
  });

  serveChanges(api, deps);
}

function serveChanges(api: InternalApi, { database, cipher, guard, onDue }: EndpointDeps): void {
  api.serve(contract.putWebhookEndpoint, async ({ params: { endpointId }, body, request }) => {
    await refuseAddress(guard, body.url);
    const row = await database.transaction(async (tx) => {
      const before = await store.lockEndpoint(tx, endpointId);
      if (before === null) throw endpointMissing(endpointId);
      const after = await store.updateEndpoint(tx, endpointId, body);
      await recordAudit(tx, {
        actor: actorOf(request),
        action: 'change-webhook-endpoint',
        subject: { endpointId },
        before: stateOf(before),
        after: stateOf(after),
      });
      return after;
    });
    onDue();
    return { status: 200, body: viewOf(row) };
  });

  api.serve(contract.deleteWebhookEndpoint, async ({ params: { endpointId }, request }) => {
    await database.transaction(async (tx) => {
      const before = await store.lockEndpoint(tx, endpointId);
      if (before === null) {
        // A repetition whose first answer was lost.
        if (await store.wasRemoved(tx, endpointId)) return;
        throw endpointMissing(endpointId);
      }
      await store.removeEndpoint(tx, endpointId);
      await recordAudit(tx, {
        actor: actorOf(request),
        action: 'remove-webhook-endpoint',
        subject: { endpointId },
        before: stateOf(before),
      });
    });
    return { status: 200, body: {} };
  });

  api.serve(contract.rotateWebhookSecret, async ({ params: { endpointId }, request }) => {
    const secret = newWebhookSecret();
    const row = await database.transaction(async (tx) => {
      const before = await store.lockEndpoint(tx, endpointId);
      if (before === null) throw endpointMissing(endpointId);
      await recordAudit(tx, {
        actor: actorOf(request),
        action: 'rotate-webhook-secret',
        subject: { endpointId },
      });
      return store.replaceSecret(tx, endpointId, cipher.encrypt(secret), PREVIOUS_SECRET_HOURS);
    });
    return { status: 200, body: { ...viewOf(row), secret } };
  });
}

/** Host only: the path and the query of a URL may hold a key of the receiver. */
function stateOf({ url, state, statuses }: store.EndpointRow) {
  return { host: new URL(url).host, state, statuses: statuses.join(',') };
}

/** @throws AppError `webhook-address-refused`, also where the name leads to private addresses only */
async function refuseAddress(guard: AddressGuard, url: string): Promise<void> {
  const fault = urlFault(url, guard);
  const inside = fault === null && (await leadsInside(new URL(url), guard, RESOLVE_TIMEOUT_MS));
  if (fault === null && !inside) return;
  throw new AppError(
    contract.webhookProblems.addressRefused,
    `refused address: ${fault ?? 'the name leads to private addresses'}`,
    { violations: [{ pointer: '/url', rule: 'public-address' }] },
  );
}
