import * as contract from '#contracts/notifications.ts';
import { AppError } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { recordAudit, recordAudits } from '#platform/postgres/audit-trail.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import { acknowledgeFailed } from '../repair/acknowledgement-store.ts';
import { listFailedOf, queueAgain, queueFailedAgain } from '../repair/resend-store.ts';
import { entriesOf, RESENT, retryLetters } from '../repair/retry-letters.ts';
import type { LetterSearch } from './letter-list-store.ts';
import { findLetters, firstOf, inBody, searchOf } from './letter-search.ts';
import { operatorLetterOf } from './letter-view.ts';
import { type AllLettersDeps, getLetter } from './operator-letter-routes.ts';

// One statement, well within the statement timeout.
const RESEND_MAX = 1_000;
// A customer who notices a wrong address later has other ways to learn about the order.
const RETRY_DAYS = 30;
const RETRY_MAX = 100;
// Where the caller names no operator.
const UNKNOWN_ACTOR = 'unknown';

/** What operators do about letters that failed: the resend of one or of many, or nothing. */
export function serveResends(api: InternalApi, deps: AllLettersDeps): void {
  const { database, sender } = deps;

  /**
   * An entry for all of them, with the filters that are no text, and one for each letter.
   * @returns how many became due
   */
  async function resend(ids: string[], search: LetterSearch, actor: string | null) {
    if (ids.length === 0) return 0;
    const { kind } = search;
    const failedSince = search.failedSince?.toISOString() ?? null;
    const failedUntil = search.failedUntil?.toISOString() ?? null;
    return database.transaction(async (tx) => {
      const changed = await queueFailedAgain(tx, ids);
      const letters = changed.length;
      if (letters === 0) return 0;
      await recordAudit(tx, {
        actor,
        action: 'resend-letters',
        subject: {},
        before: { state: 'failed', kind, failedSince, failedUntil },
        after: { state: 'queued', letters },
      });
      await recordAudits(tx, entriesOf(changed, { ...RESENT, actor, action: 'resend-letter' }));
      return letters;
    });
  }

  // Follows the rules of `resendLetter` for each letter. Repeating it resends none twice, since a
  // letter that became due is not failed any more. A letter that an operator acknowledged is resent
  // only where its id is given.
  api.serve(contract.resendLetters, async ({ body, request }) => {
    const acknowledged = body.letterIds === undefined ? false : null;
    const search: LetterSearch = { ...searchOf(body, inBody), state: 'failed', acknowledged };
    const found = await findLetters(database, search, body.failure);
    const limit = body.dryRun === true ? found.ids.length : (body.limit ?? RESEND_MAX);
    const { taken, nextCursor } = firstOf(found, limit);
    const queued = body.dryRun === true ? [] : taken;
    const resent = await resend(queued, search, actorOf(request));
    if (resent > 0) deps.onDue();
    return { status: 200, body: { matched: taken.length, resent, nextCursor } };
  });

  // A failed or waiting letter becomes due. A letter that is being sent is returned unchanged, so a
  // repeated request sends nothing twice.
  api.serve(contract.resendLetter, async ({ params, request }) => {
    const due = await database.transaction(async (tx) => {
      const before = await queueAgain(tx, params.letterId);
      if (before === null) return false;
      const { state } = before;
      const entry = { ...RESENT, before: { state }, actor: actorOf(request) };
      await recordAudits(tx, entriesOf([before], { ...entry, action: 'resend-letter' }));
      return true;
    });
    if (due) deps.onDue();
    const letter = await getLetter(database, params.letterId);
    // A worker may already have sent it because of this request, which is then a success.
    if (letter.state === 'sent' && !due) {
      throw new AppError(contract.notificationProblems.letterSent, `${params.letterId} was sent`);
    }
    return { status: 200, body: operatorLetterOf(letter, sender) };
  });

  serveFailedLetters(api, deps);
}

/** Failed letters about which nothing is to be done, and those that a new address makes due. */
function serveFailedLetters(
  api: InternalApi,
  { database, onDue }: Pick<AllLettersDeps, 'database' | 'onDue'>,
): void {
  api.serve(contract.acknowledgeFailedLetters, async ({ body, request }) => {
    const ids = [...new Set(body.letterIds.map((id) => id.toLowerCase()))];
    const actor = actorOf(request);
    const reason = maskAddresses(body.reason);
    const acknowledged = await database.transaction(async (tx) => {
      const by = { ids, actor: actor ?? UNKNOWN_ACTOR, reason };
      const letters = await acknowledgeFailed(tx, by);
      const entry = {
        actor,
        action: 'acknowledge-letters',
        reason,
        before: { acknowledged: false },
        after: { acknowledged: true },
      };
      await recordAudits(tx, entriesOf(letters, entry));
      return letters.length;
    });
    return { status: 200, body: { acknowledged, refused: ids.length - acknowledged } };
  });

  // Acknowledged letters too: what an operator could not repair, the customer has repaired.
  api.serve(contract.retryCustomerLetters, async ({ params: { customerId } }) => {
    const found = { customerId, days: RETRY_DAYS, limit: RETRY_MAX };
    const retried = await retryLetters(database, await listFailedOf(database, found));
    if (retried > 0) onDue();
    return { status: 200, body: { retried } };
  });
}
