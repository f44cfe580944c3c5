import type { Money } from '#contracts/common.ts';
import { decimalOf, minorUnitDigits, moneyFormat } from '#contracts/currency.ts';

/** The amount in major units with a decimal point, as the arguments take it. */
export function argumentOf({ amount, currency }: Money): string {
  return decimalOf(amount, minorUnitDigits(currency) ?? 0);
}

/** The amount with its currency, in the reader's language. */
export function formatMoney({ amount, currency }: Money, language: 'ru' | 'en'): string {
  return moneyFormat(language, currency, { currencyDisplay: 'narrowSymbol' })(amount);
}
