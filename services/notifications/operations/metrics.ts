import type { Metric, Metrics } from '#platform/metrics/metrics.ts';
import type { Database } from '#platform/postgres/database.ts';
import { countAccountLetters } from '../account/account-letter-store.ts';
import type { RefusalAlarm } from '../delivery/refusal-alarm.ts';
import type { SendLetterDeps } from '../delivery/send-letter.ts';
import type { ProviderStatus } from '../smtp/mailer.ts';
import { breakerReadings } from './mail-providers.ts';
import * as store from './overview-store.ts';

// A scrape must not cost more the more letters wait.
const COUNTED_MAX = 100_000;

/** Counts the attempts of this process at letters. */
export function countAttempts(metrics: Metrics): NonNullable<SendLetterDeps['onRecorded']> {
  const count = metrics.counter({
    name: 'orderbell_letter_attempts_total',
    help: 'Attempts at letters by this process, by kind of letter and outcome.',
    labels: { kind: ['happiness', 'grief'], outcome: ['sent', 'retried', 'failed'] },
  });
  return (kind, outcome) => count({ kind, outcome });
}

/** Metrics of letters for operators: letters that wait, failed or were refused. */
export function letterMetrics(
  database: Database,
  alarm: RefusalAlarm,
  providers: () => ProviderStatus[],
): Metric[] {
  return [
    {
      name: 'orderbell_letters_waiting',
      help: 'Letters that are neither sent nor failed, by state.',
      labels: ['state'],
      read: () => store.readWaiting(database),
    },
    {
      name: 'orderbell_letters_waiting_oldest_seconds',
      help: 'Age of the oldest letter that is neither sent nor failed; 0 without one.',
      read: async () => [{ value: await store.readOldest(database) }],
    },
    {
      name: 'orderbell_letters_failed',
      help: 'Letters that failed and wait for the operator.',
      read: async () => [{ value: await store.readFailed(database) }],
    },
    {
      name: 'orderbell_letters_waiting_for_confirmation',
      help: 'Queued letters that wait until the customer confirms the address.',
      read: async () => [{ value: await store.countWaitingForConfirmation(database, COUNTED_MAX) }],
    },
    {
      name: 'orderbell_account_letters',
      help: 'Letters about accounts that wait, and those that failed within a day.',
      labels: ['state'],
      read: async () =>
        Object.entries(await countAccountLetters(database, COUNTED_MAX)).map(([state, value]) => ({
          value,
          labels: { state },
        })),
    },
    {
      name: 'orderbell_mail_refusals_total',
      help: 'Attempts that a mail server refused or did not take, by this process, by fault.',
      labels: ['fault'],
      read: async () => [...alarm.counts()].map(([fault, value]) => ({ value, labels: { fault } })),
    },
    {
      name: 'orderbell_mail_breaker_open',
      help: 'Whether this process has paused a mail server (1) or uses it (0).',
      labels: ['provider'],
      read: async () => breakerReadings(providers()),
    },
  ];
}
