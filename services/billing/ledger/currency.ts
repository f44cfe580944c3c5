import type { Money } from '#contracts/common.ts';
import { ConfigError } from '#platform/config/load-config.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import { isTransient } from '#platform/postgres/errors.ts';
import { startStep } from '#platform/service/start-step.ts';
import * as store from './currency-store.ts';

/**
 * Binds this database to one currency: amounts are whole minor units, which mean other money in
 * another currency. If replicas start together on an empty database, the first write decides.
 * @throws ConfigError where the setting differs; it says what the database holds
 */
export async function claimCurrency(database: Database, currency: string): Promise<void> {
  const found = await startStep(
    'the currency of its wallets',
    async () => {
      const kept = await store.claimCurrency(database, currency);
      return kept === currency ? null : { kept, ...(await store.countKept(database)) };
    },
    { say: (line) => database.log.warn(line), isTransient },
  );
  if (found === null) return;
  const { kept, wallets, payments } = found;
  const counts = `${countOf(wallets, 'wallet')}, ${countOf(payments, 'decided payment')}`;
  const problem =
    `CURRENCY is ${currency}, but this database's wallets are kept in ${kept} (${counts}). ` +
    `Set CURRENCY=${kept}, or use an empty database`;
  const error = new ConfigError('billing', [problem]);
  // The settings are valid by themselves, so one line replaces the list of problems.
  error.message = `billing cannot start: ${problem}`;
  throw error;
}

function countOf(rows: number, noun: string): string {
  if (rows > store.COUNTED_MAX) return `more than ${store.COUNTED_MAX} ${noun}s`;
  return `${rows} ${noun}${rows === 1 ? '' : 's'}`;
}

/** The refusal of a charge or top-up in another currency than the wallet's. */
export function foreignCurrency({ currency }: Pick<Money, 'currency'>, wallet: string): AppError {
  return new AppError(
    commonProblems.invalidRequest,
    `the amount is in ${currency}, the wallet in ${wallet}`,
    { violations: [{ pointer: '/amount/currency', rule: 'const', expected: wallet }] },
  );
}
