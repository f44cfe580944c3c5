import type { Profile } from '#contracts/profiles.ts';
import type { LetterItems } from '../letter/letter-items.ts';
import type { LetterDetails } from '../letter/letter-mail.ts';
import { TEMPLATE_WITH_DETAILS } from '../letter/template.ts';
import { isUnconfirmed } from './greeting.ts';

/**
 * What a letter shows of the customer beyond the greeting. A stranger must not read a text of the
 * customer's, so an unconfirmed address gets no items (decision 33).
 * @param findItems is not called where the letter shows none
 * @returns null for templates that show nothing of it
 */
export async function detailsOf(
  letter: { templateVersion: number; contact: Profile; confirmAddresses: boolean },
  findItems: () => Promise<LetterItems | undefined>,
): Promise<LetterDetails | null> {
  if (letter.templateVersion < TEMPLATE_WITH_DETAILS) return null;
  const { timeZone } = letter.contact;
  const hidden = isUnconfirmed(letter.contact, letter.confirmAddresses);
  const items = hidden ? undefined : await findItems();
  return { ...(timeZone !== undefined && { timeZone }), ...(items !== undefined && { items }) };
}
