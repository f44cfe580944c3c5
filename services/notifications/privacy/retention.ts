import type { Logger } from 'pino';
import { type Static, type TObject, Type } from 'typebox';
import type { SettingsRule } from '#platform/config/load-config.ts';
import { deleteOldDeadLetters } from '#platform/messaging/consumer/dead-letter-store.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import type { Database } from '#platform/postgres/database.ts';
import { startRetention } from '#platform/postgres/retention.ts';
import * as erasure from './erasure-store.ts';
import * as store from './retention-store.ts';

const DAYS_MAX = 36_500;

function days(byDefault: number, minimum: number, description: string) {
  return Type.Integer({ default: byDefault, minimum, maximum: DAYS_MAX, description });
}

/** How long notifications keeps personal data (docs/privacy.md). */
export const retentionSettings = {
  LETTER_RETENTION_DAYS: days(
    365,
    1,
    'Days that a letter keeps address, name and text after it ended; its row stays.',
  ),
  ATTEMPT_RETENTION_DAYS: days(90, 1, 'Days that the attempts at a letter are kept.'),
  // For an operator's questions. Longer would keep addresses for nothing.
  ACCOUNT_LETTER_RETENTION_DAYS: days(7, 1, 'Days that a letter about an account is kept.'),
  INBOX_RETENTION_DAYS: Type.Optional(
    Type.Integer({
      // A message is delivered again as long as the topic or the outbox has it, 7 days by default.
      minimum: 30,
      maximum: DAYS_MAX,
      description:
        'Days after which the row of a letter is deleted; without it rows stay as long as orders.',
    }),
  ),
  // A message is delivered again as long as the topic or the outbox has it.
  DEAD_LETTER_RETENTION_DAYS: days(
    90,
    8,
    'Days that a dead letter is kept; longer than the topic keeps its message.',
  ),
};

type RetentionConfig = Static<TObject<typeof retentionSettings>>;

/** An attempt repeats the address of its letter, so it goes first; the row of a letter goes last. */
export const retentionRule: SettingsRule<RetentionConfig> = (config) => {
  const { ATTEMPT_RETENTION_DAYS: attempts = 0, LETTER_RETENTION_DAYS: letters = 0 } = config;
  const { INBOX_RETENTION_DAYS: rows = letters } = config;
  return [
    ...(attempts > letters
      ? [`ATTEMPT_RETENTION_DAYS is ${attempts}: at most LETTER_RETENTION_DAYS, ${letters}, fits`]
      : []),
    ...(rows < letters
      ? [`INBOX_RETENTION_DAYS is ${rows}: at least LETTER_RETENTION_DAYS, ${letters}, fits`]
      : []),
  ];
};

// An older version records an attempt within minutes.
const SWEEP_EVERY_S = 60;

/** Deletes what is past its time, and erases what a late attempt wrote about erased customers. */
export function startLetterRetention(
  config: RetentionConfig,
  { database, log, metrics }: { database: Database; log: Logger; metrics: Metrics },
) {
  const { BATCH: batch } = store;
  const { INBOX_RETENTION_DAYS: rowDays } = config;
  return startRetention({
    log,
    metrics,
    tasks: [
      {
        name: 'letters',
        batch,
        run: () => store.eraseOldLetters(database, config.LETTER_RETENTION_DAYS),
      },
      {
        name: 'attempts',
        batch,
        run: () => store.deleteOldAttempts(database, config.ATTEMPT_RETENTION_DAYS),
      },
      {
        name: 'account-letters',
        batch,
        run: () => store.deleteOldAccountLetters(database, config.ACCOUNT_LETTER_RETENTION_DAYS),
      },
      ...(rowDays === undefined
        ? []
        : [{ name: 'inbox', batch, run: () => store.deleteOldRows(database, rowDays) }]),
      {
        name: 'dead-letters',
        batch,
        run: () => deleteOldDeadLetters(database, config.DEAD_LETTER_RETENTION_DAYS, batch),
      },
      { name: 'erased-customers', batch: 1, run: () => sweepOne(database) },
    ],
  });
}

/** Erases again the letters of one customer. @returns how many customers it looked at */
async function sweepOne(database: Database): Promise<number> {
  const customerId = await erasure.findToSweep(database, SWEEP_EVERY_S);
  if (customerId === null) return 0;
  const eraseAfter = (after: string | null) =>
    database.transaction((tx) => erasure.eraseLetters(tx, customerId, after));
  for (let page = await eraseAfter(null); page.last !== null; ) page = await eraseAfter(page.last);
  await erasure.markSwept(database, customerId);
  return 1;
}
