import * as contract from '#contracts/gateway.ts';
import * as identity from '#contracts/identity.ts';
import type { HttpClient } from '#platform/http/client.ts';
import { clientAddressOf } from '#platform/http/client-address.ts';
import { anyone, type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf } from '../context/service-clients.ts';
import { accountOptions, NO_STORE } from './account-options.ts';

const { identityProblems } = identity;

/** Sign-in, renewal and sign-out, where identity keeps the accounts. */
export function serveSessions(app: HttpServer, gateway: Gateway, client: HttpClient): void {
  serve(app, contract.signIn, { identify: anyone }, async ({ body, request }) => {
    const answer = await client.call(
      identity.createSession,
      { body: { ...body, clientAddress: clientAddressOf(request) } },
      accountOptions(),
    );
    const tokens = bodyOf(answer, [identityProblems.signInFailed]);
    return { status: 200, body: tokens, headers: NO_STORE };
  });

  serve(app, contract.renewSession, { identify: anyone }, async ({ body }) => {
    const options = { deadline: gateway.readDeadline() };
    const answer = await client.call(identity.rotateRefreshToken, { body }, options);
    if (answer.problem && typeof answer.body.ended === 'string') {
      gateway.endedSessions.add([answer.body.ended]);
    }
    const tokens = bodyOf(answer, [identityProblems.sessionEnded]);
    return { status: 200, body: tokens, headers: NO_STORE };
  });

  serve(app, contract.signOut, { identify: gateway.identify }, async ({ caller }) => {
    const { customerId, sessionId } = caller;
    // A token of an earlier version has no session. It is valid until it expires.
    if (sessionId !== undefined) {
      const body = { customerId, sessionId };
      const options = { deadline: gateway.readDeadline() };
      bodyOf(await client.call(identity.endSession, { body }, options));
      gateway.endedSessions.add([sessionId]);
    }
    return { status: 204, body: null };
  });
}
