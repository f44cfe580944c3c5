import type { FastifyBaseLogger } from 'fastify';
import { retryCustomerLetters } from '#contracts/letter-operations.ts';
import { deadlineIn } from '#platform/async/deadline.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, PART_TIMEOUT_MS, partOr } from '../context/service-clients.ts';

/**
 * Tries the customer's failed letters again, since their address changed. Never throws: the address
 * is stored, and an operator can resend the letters.
 */
export async function retryLetters(
  { clients }: Gateway,
  customerId: string,
  log: FastifyBaseLogger,
): Promise<void> {
  await partOr(null, log, async () =>
    bodyOf(
      await clients.notifications.call(
        retryCustomerLetters,
        { params: { customerId } },
        { deadline: deadlineIn(PART_TIMEOUT_MS) },
      ),
    ),
  );
}
