import * as contract from '#contracts/gateway.ts';
import * as identity from '#contracts/identity.ts';
import * as profiles from '#contracts/profiles.ts';
import type { HttpClient } from '#platform/http/client.ts';
import { clientAddressOf } from '#platform/http/client-address.ts';
import { languageOf } from '#platform/http/language.ts';
import { anyone, type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, foundIn } from '../context/service-clients.ts';
import { linkTo, sendLetter } from './account-letters.ts';
import { accountOptions } from './account-options.ts';
import { createBackground } from './background.ts';

const { identityProblems } = identity;

/** Change of the password, and its reset by a letter, where identity keeps the accounts. */
export function servePasswords(app: HttpServer, gateway: Gateway, client: HttpClient): void {
  const inBackground = createBackground();

  /** Sends the letter to the address of the sign-in: a thief may have changed the other one. */
  async function announceChange(customerId: string, email: string): Promise<void> {
    const request = { params: { customerId }, query: {} };
    const options = { deadline: gateway.readDeadline() };
    const found = await gateway.clients.profiles.call(profiles.getProfile, request, options);
    const locale = foundIn(found)?.locale ?? 'ru';
    await sendLetter(gateway, { kind: 'password-changed', email, locale });
  }

  serve(app, contract.changePassword, { identify: gateway.identify }, async (call) => {
    const { caller, body, request } = call;
    const { customerId, sessionId } = caller;
    const answer = await client.call(
      identity.replacePassword,
      {
        params: { customerId },
        body: {
          ...body,
          clientAddress: clientAddressOf(request),
          ...(sessionId !== undefined && { sessionId }),
        },
      },
      // Once: repeated after a lost answer it would meet the new password.
      { attemptTimeoutMs: accountOptions().attemptTimeoutMs },
    );
    const { wrongPassword, passwordInSettings } = identityProblems;
    const { email, ended } = bodyOf(answer, [wrongPassword, passwordInSettings]);
    gateway.endedSessions.add(ended);
    const announce = () => announceChange(customerId, email);
    void inBackground(request, 'the letter about a new password', announce);
    return { status: 204, body: null };
  });

  serve(app, contract.requestPasswordReset, { identify: anyone }, async ({ body, request }) => {
    const { email } = body;
    const answer = await client.call(
      identity.createPasswordReset,
      { body: { email, clientAddress: clientAddressOf(request) } },
      { deadline: gateway.readDeadline() },
    );
    const { token } = bodyOf(answer);
    if (token !== null) {
      const locale = languageOf(request.headers['accept-language']);
      const link = linkTo(gateway, 'reset-password', token);
      void inBackground(request, 'the letter that resets a password', () =>
        sendLetter(gateway, { kind: 'reset-password', email, locale, link }),
      );
    }
    return { status: 202, body: {} };
  });

  serve(app, contract.redeemPasswordReset, { identify: anyone }, async ({ body, request }) => {
    const answer = await client.call(
      identity.redeemResetToken,
      { body: { ...body, clientAddress: clientAddressOf(request) } },
      { attemptTimeoutMs: accountOptions().attemptTimeoutMs },
    );
    const { resetLinkInvalid, passwordInSettings } = identityProblems;
    const changed = bodyOf(answer, [resetLinkInvalid, passwordInSettings]);
    gateway.endedSessions.add(changed.ended);
    const announce = () => announceChange(changed.customerId, changed.email);
    void inBackground(request, 'the letter about a new password', announce);
    return { status: 204, body: null };
  });
}
