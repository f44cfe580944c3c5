import * as erasure from '#contracts/erasure.ts';
import * as contract from '#contracts/gateway.ts';
import * as profiles from '#contracts/profiles.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import { confirmStored, shownProfile } from '../accounts/confirm-address.ts';
import { retryLetters } from '../accounts/retry-letters.ts';
import type { Gateway } from '../context/context.ts';
import { foundIn, problemOf } from '../context/service-clients.ts';
import { refuseNewViolations } from './validate-contact.ts';

/** Contact data. */
export function serveProfiles(app: HttpServer, gateway: Gateway): void {
  const { clients, identify } = gateway;

  serve(app, contract.readProfile, { identify }, async ({ caller }) => {
    const options = { deadline: gateway.readDeadline() };
    const request = { params: { customerId: caller.customerId }, query: {} };
    let answer = await clients.profiles.call(profiles.getProfile, request, options);
    if (answer.problem && answer.status === 404) {
      // With an external issuer no customer registers here, so the token's claims may become the
      // profile.
      await gateway.provisionProfile(caller);
      answer = await clients.profiles.call(profiles.getProfile, request, options);
    }
    if (answer.problem) throw problemOf(answer);
    return { status: 200, body: shownProfile(gateway, answer.body), headers: etagOf(answer) };
  });

  // As former versions took it: what the profile has already may be repeated.
  const replaceProfile = { ...contract.replaceProfile, body: profiles.ProfileData };
  serve(app, replaceProfile, { identify }, async ({ caller, headers, body, request }) => {
    const { customerId } = caller;
    const stored = await findStored(customerId);
    refuseNewViolations(body, stored);
    const condition = headers['if-match'];
    const answer = await clients.profiles.call(
      profiles.putProfile,
      { params: { customerId }, headers: {}, body },
      {
        // With a condition only one attempt: if its answer is lost, a second attempt would meet the
        // new version that the first one wrote, and be refused.
        ...(condition === undefined
          ? { deadline: gateway.readDeadline() }
          : { headers: { 'if-match': condition } }),
      },
    );
    if (answer.problem) {
      const { stale } = profiles.profileProblems;
      throw problemOf(answer, [stale, erasure.erasureProblems.customerErased]);
    }
    await confirmStored(gateway, answer.body, request.log);
    if (stored?.email !== body.email) await retryLetters(gateway, customerId, request.log);
    return { status: 200, body: shownProfile(gateway, answer.body), headers: etagOf(answer) };
  });

  async function findStored(customerId: string): Promise<profiles.Profile | null> {
    const request = { params: { customerId }, query: {} };
    const deadline = gateway.readDeadline();
    return foundIn(await clients.profiles.call(profiles.getProfile, request, { deadline }));
  }
}

function etagOf({ headers }: { headers?: Record<string, string> }): Record<string, string> {
  const etag = headers?.etag;
  return etag === undefined ? {} : { etag };
}
