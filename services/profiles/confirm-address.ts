import { createHash, randomBytes } from 'node:crypto';
import { type Profile, profileProblems } from '#contracts/profiles.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import * as store from './confirmation-store.ts';
import type { StoredProfile } from './store.ts';

// A person may lose a letter twice. More letters within an hour are a way to annoy the address.
const TOKENS_PER_ADDRESS_AND_HOUR = 3;
// Of one customer over all addresses: each change of the address may send a letter to a stranger.
const TOKENS_PER_CUSTOMER_AND_HOUR = 10;
const LIFETIME_S = 24 * 3600;

/**
 * Makes a token that confirms the profile's present address.
 * @param again false makes none while an earlier one of this address can be used
 * @returns null where none was made
 * @throws AppError `confirmation-not-needed`, 429 after too many within an hour
 */
export async function createConfirmation(
  database: Database,
  { customerId, email, emailConfirmed }: Profile,
  again: boolean,
): Promise<string | null> {
  if (emailConfirmed === true) {
    throw new AppError(profileProblems.confirmationNotNeeded, 'the address is confirmed');
  }
  const token = randomBytes(32).toString('base64url');
  return await database.transaction(async (tx) => {
    // Counting and inserting must not interleave with another request of the customer.
    await store.lockCustomer(tx, customerId);
    const counts = await store.countTokens(tx, customerId, email);
    if (!again && counts.usable) return null;
    if (counts.ofAddress >= TOKENS_PER_ADDRESS_AND_HOUR) throw tooMany(counts.addressWaitS);
    if (counts.ofCustomer >= TOKENS_PER_CUSTOMER_AND_HOUR) throw tooMany(counts.customerWaitS);
    const row = { hash: hashOf(token), customerId, email, lifetimeS: LIFETIME_S };
    await store.insertToken(tx, row);
    return token;
  });
}

/**
 * Confirms the address of a token, once. A repetition answers the same while the address is still
 * the confirmed one, as the first answer may have been lost.
 * @throws AppError `confirmation-link-invalid`
 */
export async function confirmAddress(database: Database, token: string): Promise<StoredProfile> {
  const hash = hashOf(token);
  const confirmed = await database.transaction(async (tx) => {
    const found = await store.useToken(tx, hash);
    if (found === null) return null;
    return found.first ? await store.confirmEmail(tx, found) : await store.findConfirmed(tx, found);
  });
  if (confirmed !== null) return confirmed;
  throw new AppError(profileProblems.linkInvalid, 'the token confirms no address');
}

function tooMany(waitS: number): AppError {
  return new AppError(commonProblems.tooMany, 'too many confirmation letters within an hour', {
    headers: { 'retry-after': String(waitS) },
  });
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
