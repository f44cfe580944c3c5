import * as contract from '#contracts/gateway.ts';
import { releaseLetters } from '#contracts/notifications.ts';
import * as profiles from '#contracts/profiles.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import { AppError } from '#platform/errors.ts';
import { anyone, type HttpServer, serve } from '#platform/http/server.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, PART_TIMEOUT_MS, partOr } from '../context/service-clients.ts';
import { requestConfirmation } from './confirm-address.ts';
import { retryLetters } from './retry-letters.ts';

const { confirmationNotNeeded, linkInvalid } = profiles.profileProblems;

/** Confirmation of the address that letters go to. */
export function serveConfirmations(app: HttpServer, gateway: Gateway): void {
  const { clients, config, identify } = gateway;

  serve(app, contract.requestConfirmation, { identify }, async ({ caller }) => {
    if (!config.CONFIRM_ADDRESSES) {
      throw new AppError(confirmationNotNeeded, 'CONFIRM_ADDRESSES is false');
    }
    const email = await requestConfirmation(gateway, caller.customerId, true);
    return { status: 202, body: { email } };
  });

  serve(app, contract.confirmByLink, { identify: anyone }, async ({ body, request }) => {
    const answer = await clients.profiles.call(
      profiles.confirmAddress,
      { body },
      { deadline: gateway.readDeadline() },
    );
    const { customerId, email } = bodyOf(answer, [linkInvalid]);
    // Only sooner: notifications looks for confirmed addresses itself.
    await partOr(null, request.log, async () =>
      bodyOf(
        await clients.notifications.call(
          releaseLetters,
          { params: { customerId } },
          { deadline: deadlineIn(PART_TIMEOUT_MS) },
        ),
      ),
    );
    await retryLetters(gateway, customerId, request.log);
    return { status: 200, body: { email, emailConfirmed: true } };
  });
}
