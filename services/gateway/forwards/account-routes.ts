import * as erasure from '#contracts/erasure.ts';
import * as contract from '#contracts/gateway.ts';
import * as profiles from '#contracts/profiles.ts';
import { type HttpServer, serve } from '#platform/http/server.ts';
import { confirmStored, shownProfile } from '../accounts/confirm-address.ts';
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
    await refuseNewViolations(body, async () => {
      const stored = { params: { customerId: caller.customerId }, query: {} };
      const deadline = gateway.readDeadline();
      return foundIn(await clients.profiles.call(profiles.getProfile, stored, { deadline }));
    });
    const condition = headers['if-match'];
    const answer = await clients.profiles.call(
      profiles.putProfile,
      { params: { customerId: caller.customerId }, headers: {}, body },
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
    return { status: 200, body: shownProfile(gateway, answer.body), headers: etagOf(answer) };
  });
}

function etagOf({ headers }: { headers?: Record<string, string> }): Record<string, string> {
  const etag = headers?.etag;
  return etag === undefined ? {} : { etag };
}
