import { AMOUNT_MAX, type Money } from '#contracts/common.ts';

/** Why a text is no amount; the program says it in words. */
export type AmountFault = 'form' | 'decimals' | 'too-large';

/**
 * Reads an amount in major units, exactly: `1000`, `100.5`, `100,50`.
 * @returns minor units from 0 to 10^15, or what is wrong
 */
export function parseAmount(text: string, currency: string): number | AmountFault {
  const [, whole, fraction = ''] = /^(\d+)(?:[.,](\d+))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) return 'form';
  const digits = decimalsOf(currency);
  if (fraction.length > digits) return 'decimals';
  const minor = BigInt(whole + fraction.padEnd(digits, '0'));
  return minor > BigInt(AMOUNT_MAX) ? 'too-large' : Number(minor);
}

/** The amount in major units with a point, as `parseAmount` reads it. */
export function decimalOf({ amount, currency }: Money): string {
  const digits = decimalsOf(currency);
  const text = String(Math.abs(amount)).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  const sign = amount < 0 ? '-' : '';
  return digits === 0 ? sign + whole : `${sign}${whole}.${text.slice(-digits)}`;
}

/** The amount with its currency, as the reader's language writes it. */
export function formatMoney(money: Money, language: 'ru' | 'en'): string {
  const format = new Intl.NumberFormat(language, {
    style: 'currency',
    currency: money.currency,
    currencyDisplay: 'narrowSymbol',
  });
  // As text: a number of kopecks divided by 100 need not be exact.
  return format.format(decimalOf(money) as Intl.StringNumericLiteral);
}

/** How many digits the minor unit has: 2 for RUB, 0 for JPY. */
export function decimalsOf(currency: string): number {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}
