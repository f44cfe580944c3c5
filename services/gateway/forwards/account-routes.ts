import * as erasure from '#contracts/erasure.ts';
import * as contract from '#contracts/gateway.ts';
import * as identity from '#contracts/identity.ts';
import * as profiles from '#contracts/profiles.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import type { HttpClient } from '#platform/http/client.ts';
import { anyone, type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { problemOf } from '../context/service-clients.ts';

// Identity hashes only a few passwords at a time. The long timeout lets a burst of sign-ins wait
// instead of fail.
const ACCOUNT_TIMEOUT_MS = 10_000;

/** Registration, sign-in and contact data. */
export function serveAccounts(app: HttpServer, gateway: Gateway): void {
  // With an external issuer its own pages register and sign in; these routes do not exist.
  if (gateway.clients.identity !== null) serveSignIn(app, gateway, gateway.clients.identity);
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
    return { status: 200, body: answer.body, headers: etagOf(answer) };
  });

  serve(app, contract.replaceProfile, { identify }, async ({ caller, headers, body }) => {
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
    if (answer.problem)
      throw problemOf(answer, [
        profiles.profileProblems.stale,
        erasure.erasureProblems.customerErased,
      ]);
    return { status: 200, body: answer.body, headers: etagOf(answer) };
  });
}

function serveSignIn(app: HttpServer, gateway: Gateway, identityClient: HttpClient): void {
  const { clients } = gateway;

  serve(app, contract.register, { identify: anyone }, async ({ body, request }) => {
    const { email, password, name, locale = 'ru' } = body;
    const options = accountOptions();
    const account = await identityClient.call(
      identity.createAccount,
      { body: { email, password, clientAddress: request.ip } },
      options,
    );
    if (account.problem) throw problemOf(account, [identity.identityProblems.emailTaken]);
    // Creates the profile only where none exists: a repetition completes a registration that broke
    // off here.
    const profile = await clients.profiles.call(
      profiles.createProfile,
      { body: { customerId: account.body.customerId, email, name, locale } },
      options,
    );
    if (profile.problem) throw problemOf(profile);
    return { status: 201, body: profile.body };
  });

  serve(app, contract.signIn, { identify: anyone }, async ({ body, request }) => {
    const answer = await identityClient.call(
      identity.createSession,
      { body: { ...body, clientAddress: request.ip } },
      accountOptions(),
    );
    if (answer.problem) throw problemOf(answer, [identity.identityProblems.signInFailed]);
    return { status: 200, body: answer.body };
  });
}

function accountOptions() {
  return {
    deadline: deadlineIn(ACCOUNT_TIMEOUT_MS),
    attemptTimeoutMs: ACCOUNT_TIMEOUT_MS,
  };
}

function etagOf({ headers }: { headers?: Record<string, string> }): Record<string, string> {
  const etag = headers?.etag;
  return etag === undefined ? {} : { etag };
}
