import { PAGE_SIZE_DEFAULT } from '#contracts/common.ts';
import { erasureProblems } from '#contracts/erasure.ts';
import * as contract from '#contracts/profiles.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { decodeCursor, encodeCursor, pageOf } from '#platform/http/page.ts';
import { refuseUnknownTimeZone } from '#platform/http/time-zone.ts';
import { recordRead } from '#platform/postgres/audit-trail.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { confirmAddress, createConfirmation } from './confirm-address.ts';
import { confirmEmail, findConfirmedAddresses } from './confirmation-store.ts';
import { findErasure } from './erasure-store.ts';
import * as store from './store.ts';

// A customer id: visible ASCII.
const LIST_CURSOR = /^profiles:([\x21-\x7e]{1,255})$/;

/** The internal API of profiles (`contracts/profiles.ts`). */
export function serveProfiles(api: InternalApi, database: Database): void {
  api.serve(contract.createProfile, async ({ body }) => {
    refuseUnknownTimeZone(body.timeZone, { pointer: '/timeZone' });
    const created = await store.insertProfile(database, body);
    if (created !== null) return answer(201, created);
    await refuseErased(body.customerId);
    // The issuer has verified the address since the profile was stored.
    if (body.emailConfirmed === true) await confirmEmail(database, body);
    return answer(200, await getProfile(body.customerId));
  });

  api.serve(contract.getProfile, async ({ params, request }) => {
    const found = await getProfile(params.customerId);
    await recordCustomersRead(actorOf(request), [found.profile]);
    return answer(200, found);
  });

  api.serve(contract.findProfilesByEmail, async ({ query, request }) => {
    const data = await store.findProfilesByEmail(database, query.email);
    await recordCustomersRead(actorOf(request), data);
    return { status: 200, body: { data } };
  });

  api.serve(contract.listProfiles, async ({ query, request }) => {
    const { limit = PAGE_SIZE_DEFAULT, locale = null, confirmed = null } = query;
    const after = decodeCursor(query.cursor, LIST_CURSOR);
    const search = { locale, confirmed, after };
    const { profiles, last } = await store.searchProfiles(database, search, limit);
    const read = { actor: actorOf(request), action: 'list-customers', subject: {} };
    if (profiles.length > 0) await recordRead(database, read);
    const page = pageOf(profiles, limit, ({ customerId }) => `profiles:${customerId}`);
    const nextCursor = page.nextCursor ?? (last && encodeCursor(`profiles:${last}`));
    return { status: 200, body: { data: page.data, nextCursor } };
  });

  api.serve(contract.putProfile, async ({ params, headers, body }) => {
    refuseUnknownTimeZone(body.timeZone, { pointer: '/timeZone' });
    const profile = { customerId: params.customerId, ...body };
    const condition = headers['if-match'];
    const updated = await (condition === undefined
      ? store.replaceProfile(database, profile)
      : store.updateProfile(database, profile, versionsOf(condition)));
    if (updated !== null) return answer(200, updated);
    await refuseErased(params.customerId);
    // Nothing was updated: there is no profile, or its version is not one that the caller has read.
    throw new AppError(contract.profileProblems.stale, `If-Match ${condition} does not hold`);
  });

  api.serve(contract.lookUpContacts, async ({ body }) => {
    return { status: 200, body: { data: await store.findProfiles(database, body.customerIds) } };
  });

  api.serve(contract.createConfirmation, async ({ params, body }) => {
    const { profile } = await getProfile(params.customerId);
    const token = await createConfirmation(database, profile, body.again);
    return { status: 200, body: { token, email: profile.email, locale: profile.locale } };
  });

  api.serve(contract.confirmAddress, async ({ body }) => {
    return answer(200, await confirmAddress(database, body.token));
  });

  api.serve(contract.findConfirmedAddresses, async ({ body }) => {
    return { status: 200, body: { data: await findConfirmedAddresses(database, body.emails) } };
  });
  /** An operator sees their names. The address that was searched for is not recorded. */
  async function recordCustomersRead(actor: string | null, found: contract.Profile[]) {
    for (const { customerId } of found) {
      await recordRead(database, { actor, action: 'find-customer', subject: { customerId } });
    }
  }

  /** A profile that was not written: an erased customer gets none (migration 0004). */
  async function refuseErased(customerId: string): Promise<void> {
    if ((await findErasure(database, customerId)) === null) return;
    throw new AppError(erasureProblems.customerErased, `customer ${customerId} is erased`);
  }

  async function getProfile(customerId: string): Promise<store.StoredProfile> {
    const found = await store.findProfile(database, customerId);
    if (found === null) throw new AppError(commonProblems.notFound, 'no such profile');
    return found;
  }
}

function answer<S extends 200 | 201>(status: S, { profile, version }: store.StoredProfile) {
  return { status, body: profile, headers: { etag: `"${version}"` } };
}

/**
 * The versions in an If-Match, null for any (`*`). RFC 9110 section 13.1.1: a list of tags, compared
 * strongly, so that a weak tag or a foreign one matches no version.
 */
function versionsOf(condition: string): number[] | null {
  if (condition.trim() === '*') return null;
  return [...condition.matchAll(ENTITY_TAG)]
    .filter(([, weak, tag]) => weak === undefined && VERSION.test(tag as string))
    .map(([, , tag]) => Number(tag));
}

// The tag may hold commas, so the list cannot be split at them.
const ENTITY_TAG = /(W\/)?"([^"]*)"/g;
const VERSION = /^[1-9]\d{0,8}$/;
