import type { FastifyBaseLogger } from 'fastify';
import * as profiles from '#contracts/profiles.ts';
import { describeError } from '#platform/errors.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf } from '../context/service-clients.ts';
import { linkTo, sendLetter } from './account-letters.ts';

/**
 * Sends the letter that asks the customer to confirm the address.
 * @param again false sends none while the link of an earlier one can be used
 * @returns the address
 * @throws AppError `confirmation-not-needed`, 429, `unavailable`
 */
export async function requestConfirmation(
  gateway: Gateway,
  customerId: string,
  again: boolean,
): Promise<string> {
  // One attempt: a second one would meet the token of the first, whose answer was lost.
  const answer = await gateway.clients.profiles.call(profiles.createConfirmation, {
    params: { customerId },
    body: { again },
  });
  const { token, email, locale } = bodyOf(answer, [profiles.profileProblems.confirmationNotNeeded]);
  if (token !== null) {
    const link = linkTo(gateway, 'confirm', token);
    await sendLetter(gateway, { kind: 'confirm-address', email, locale, link });
  }
  return email;
}

/**
 * The same after the address was stored, where it needs a confirmation. Never throws: the profile is
 * stored, and the customer can request the letter.
 */
export async function confirmStored(
  gateway: Gateway,
  { customerId, emailConfirmed }: profiles.Profile,
  log: Pick<FastifyBaseLogger, 'warn'>,
): Promise<void> {
  if (!gateway.config.CONFIRM_ADDRESSES || emailConfirmed !== false) return;
  try {
    await requestConfirmation(gateway, customerId, false);
  } catch (error) {
    log.warn({ customerId }, `no confirmation letter was sent: ${describeError(error)}`);
  }
}

/** The profile as customers see it: where no address needs a confirmation, it says nothing of one. */
export function shownProfile(gateway: Gateway, profile: profiles.Profile): profiles.Profile {
  if (gateway.config.CONFIRM_ADDRESSES) return profile;
  const { emailConfirmed: _, ...shown } = profile;
  return shown;
}
