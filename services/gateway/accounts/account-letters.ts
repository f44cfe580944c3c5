import { randomUUIDv7 } from 'node:crypto';
import { type AccountLetter, sendAccountLetter } from '#contracts/account-letters.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf } from '../context/service-clients.ts';

/**
 * Sends a letter about an account. It is stored when this resolves, and goes out soon afterwards.
 * @throws AppError 429 while many such letters to the address wait, `unavailable` without an answer
 */
export async function sendLetter(
  gateway: Gateway,
  letter: Omit<AccountLetter, 'id'>,
): Promise<void> {
  const body = { id: randomUUIDv7(), ...letter };
  const options = { deadline: gateway.readDeadline() };
  bodyOf(await gateway.clients.notifications.call(sendAccountLetter, { body }, options));
}

/** A page of the console. The token is in the fragment, which no browser sends to a server. */
export function linkTo(
  gateway: Gateway,
  page: 'confirm' | 'reset-password',
  token: string,
): string {
  return `${gateway.publicUrl()}/${page}#${token}`;
}
