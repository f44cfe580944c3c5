import * as contract from '#contracts/profiles.ts';
import type { Database } from '#platform/database.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { InternalApi } from '#platform/service.ts';
import * as store from './store.ts';

/** The internal API of profiles (`contracts/profiles.ts`). */
export function serveProfiles(api: InternalApi, database: Database): void {
  api.serve(contract.createProfile, async ({ body }) => {
    const created = await store.insertProfile(database, body);
    if (created !== null) return answer(201, created);
    return answer(200, await getProfile(body.customerId));
  });

  api.serve(contract.getProfile, async ({ params }) => {
    return answer(200, await getProfile(params.customerId));
  });

  api.serve(contract.putProfile, async ({ params, headers, body }) => {
    const { customerId } = params;
    const condition = headers['if-match'];
    const version = condition === undefined || condition === '*' ? null : versionOf(condition);
    const updated = await store.updateProfile(database, customerId, body, version);
    if (updated !== null) return answer(200, updated);
    // Nothing was updated: no profile at all, or not the version that the caller had read.
    if (condition === undefined) {
      const created = await store.insertProfile(database, { customerId, ...body });
      return answer(200, created ?? (await getProfile(customerId)));
    }
    throw new AppError(contract.profileProblems.stale, `If-Match ${condition} does not hold`);
  });

  api.serve(contract.lookUpContacts, async ({ body }) => {
    return { status: 200, body: { data: await store.findProfiles(database, body.customerIds) } };
  });

  async function getProfile(customerId: string): Promise<store.StoredProfile> {
    const found = await store.findProfile(database, customerId);
    if (found === null) throw new AppError(commonProblems.notFound, 'no such profile');
    return found;
  }
}

function answer<S extends 200 | 201>(status: S, { profile, version }: store.StoredProfile) {
  return { status, body: profile, headers: { etag: `"${version}"` } };
}

/** The version that an entity tag names; one of a foreign form matches no version. */
function versionOf(tag: string): number {
  const match = /^"(\d{1,9})"$/.exec(tag);
  return match === null ? -1 : Number(match[1]);
}
