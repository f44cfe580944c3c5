import { type Deadline, deadlineIn } from '#platform/async/deadline.ts';

// Identity hashes only a few passwords at a time, and slows attempts at an account under attack
// down. The long timeout lets a burst of sign-ins wait instead of fail.
const ACCOUNT_TIMEOUT_MS = 10_000;

export const NO_STORE = { 'cache-control': 'no-store' };

/** Options of calls in which identity hashes a password. */
export function accountOptions(): { deadline: Deadline; attemptTimeoutMs: number } {
  return { deadline: deadlineIn(ACCOUNT_TIMEOUT_MS), attemptTimeoutMs: ACCOUNT_TIMEOUT_MS };
}
