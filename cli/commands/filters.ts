import type { Option } from 'commander';
import { amountAdvice, parseAmount } from '#contracts/amounts.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import type { CommandContext } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { orderIdOf } from '../terminal/order-argument.ts';
import { findOne } from './find-customer.ts';

// Filters that several lists of the operator have.

export interface Filters {
  customer?: string;
  order?: string;
  min?: string;
  max?: string;
}

/** `--from` and `--until`, `--min` and `--max`. */
export function rangeOptions({ moment, option }: CommandRegistrar): Option[] {
  return [
    moment('--from <time>', 'optionFrom'),
    moment('--until <time>', 'optionMadeUntil'),
    option('--min <amount>', 'optionMin'),
    option('--max <amount>', 'optionMax'),
  ];
}

/** The options as the API has them: ids for e-mails and numbers, minor units for amounts. */
export async function queryOf(
  context: CommandContext,
  { customer, max, min, order, ...rest }: Filters,
): Promise<Record<string, unknown>> {
  const minAmount = amountOf(context, min);
  const maxAmount = amountOf(context, max);
  // The API would name its own parameters, and amounts in minor units.
  if (minAmount !== undefined && maxAmount !== undefined && minAmount > maxAmount) {
    throw new CliError(EXIT.usage, context.say('minAboveMax', min ?? '', max ?? ''));
  }
  return {
    ...rest,
    customerId: customer && (await customerIdOf(context, customer)),
    orderId: order && (await orderIdOf(context, order)),
    minAmount,
    maxAmount,
  };
}

/** An id is taken as it is: its customer may have no profile any more. */
async function customerIdOf(context: CommandContext, text: string): Promise<string> {
  return text.includes('@') ? (await findOne(context, text)).customerId : text;
}

function amountOf({ currency, language, say }: CommandContext, text: string | undefined) {
  if (text === undefined) return undefined;
  const amount = parseAmount(text, currency, 0);
  if (typeof amount === 'number') return amount;
  throw new CliError(
    EXIT.usage,
    say('badAmount', text, amountAdvice(amount, { text, currency, language })),
  );
}
