import { AMOUNT_MAX, minorUnitDigits, moneyFormat } from './currency.ts';

// Amounts and quantities as people type them, for the console and the command line.

export const QUANTITY_MAX = 10_000;
export const ITEMS_MAX = 100;
/** The longest name of an item, in characters. */
export const ITEM_NAME_MAX = 200;

/** Why a text is no amount. */
export type AmountViolation =
  | 'form' // no number, or groups of thousands that are not well formed
  | 'decimals' // more digits after the point than the currency has
  | 'ambiguous' // a comma that may part thousands or decimals
  | 'too-large'
  | 'zero'
  | 'currency'; // the code is not in ISO 4217

// Longer texts are not read: the largest amount with all its separators has 25 characters.
const TEXT_MAX = 40;
// The spaces that people and `Intl` put between groups: plain, no-break, narrow no-break, thin.
const SPACES = ' \\u00a0\\u202f\\u2009';
const EDGES = new RegExp(`^[${SPACES}\\t]+|[${SPACES}\\t]+$`, 'g');
// ASCII digits only: digits of other scripts are refused, not converted.
const PLAIN = /^(\d+)(?:[.,](\d+))?$/;
// Groups of three, separated alike by spaces, apostrophes or commas.
const GROUPED = new RegExp(
  `^([1-9]\\d{0,2}([${SPACES}'’,])\\d{3}(?:\\2\\d{3})*)(?:([.,])(\\d+))?$`,
);
const COMMA_AND_THREE = /^(\d+),(\d{3})$/;

/** A number as typed: its digits before and after the decimal separator. */
type SplitNumber = { whole: string; fraction: string } | 'form' | 'ambiguous';

/**
 * Splits a number. The point is always decimal. The comma is decimal too, except in well-formed
 * groups of three digits, where it separates thousands.
 * @param digits how many decimals there may be. From three on, `1,000` has two readings.
 */
function splitNumber(text: string, digits: number): SplitNumber {
  if (text.length > TEXT_MAX) return 'form';
  const typed = text.replace(EDGES, '');
  if (digits >= 3 && COMMA_AND_THREE.test(typed)) return 'ambiguous';
  const grouped = GROUPED.exec(typed);
  if (grouped !== null) {
    const [, groups = '', separator, decimal, fraction = ''] = grouped;
    if (separator === ',' && decimal === ',') return 'form';
    return { whole: groups.replace(/\D/g, ''), fraction };
  }
  const [, whole, fraction = ''] = PLAIN.exec(typed) ?? [];
  return whole === undefined ? 'form' : { whole, fraction };
}

/**
 * Reads an amount in major units exactly, without guessing: `1000`, `1 000,50`, `1,000.50`.
 * @param minimum the least that is taken, in minor units: a price may be 0, a top-up may not
 * @returns minor units up to 10^15, or what is wrong
 */
export function parseAmount(
  text: string,
  currency: string,
  minimum: 0 | 1 = 0,
): number | AmountViolation {
  const digits = minorUnitDigits(currency);
  if (digits === undefined) return 'currency';
  const parsed = splitNumber(text, digits);
  if (typeof parsed === 'string') return parsed;
  const { whole, fraction } = parsed;
  if (fraction.length > digits) return 'decimals';
  const minor = BigInt(whole + fraction.padEnd(digits, '0'));
  if (minor > BigInt(AMOUNT_MAX)) return 'too-large';
  return minor < BigInt(minimum) ? 'zero' : Number(minor);
}

/** Reads a quantity from 1 to 10,000, with groups of three as in amounts; null for anything else. */
export function parseQuantity(text: string): number | null {
  const parsed = splitNumber(text, 0);
  if (typeof parsed === 'string' || parsed.fraction !== '') return null;
  const quantity = Number(parsed.whole);
  return quantity >= 1 && quantity <= QUANTITY_MAX ? quantity : null;
}

/** Amounts that `parseAmount` takes, to be shown as examples. */
export function amountExamples(currency: string, language: 'ru' | 'en'): string[] {
  const digits = minorUnitDigits(currency) ?? 0;
  if (digits === 0) return ['1000'];
  // A comma before three digits is refused, so these decimals have a point in Russian too.
  const point = language === 'ru' && digits < 3 ? ',' : '.';
  return ['1000', `99${point}${'50'.padEnd(digits, '0')}`];
}

/**
 * Says what is wrong with a typed amount and what to type instead.
 * @param text as it was typed
 */
export function amountAdvice(
  violation: AmountViolation,
  { text, currency, language }: { text: string; currency: string; language: 'ru' | 'en' },
): string {
  const digits = minorUnitDigits(currency) ?? 0;
  const examples = amountExamples(currency, language);
  const most = moneyFormat(language, currency, { trailingZeroDisplay: 'stripIfInteger' })(
    AMOUNT_MAX,
  );
  const readings = readingsOf(text.replace(EDGES, ''));
  const russian: Record<AmountViolation, string> = {
    form: `Введите сумму цифрами, например ${examples.join(' или ')}.`,
    decimals:
      digits === 0
        ? `В валюте ${currency} нет дробной части: введите целое число, например ${examples[0]}.`
        : `Слишком много знаков после запятой: в валюте ${currency} их не больше ${digits}, ` +
          `например ${examples[1]}.`,
    ambiguous:
      `В валюте ${currency} запятая перед тремя цифрами неоднозначна: ` +
      `введите ${readings.join(' или ')}.`,
    'too-large': `Слишком большая сумма: можно не больше ${most}.`,
    zero: `Сумма должна быть больше нуля, например ${examples.join(' или ')}.`,
    currency: `Валюты ${currency} нет в ISO 4217.`,
  };
  const english: Record<AmountViolation, string> = {
    form: `Enter an amount in digits, such as ${examples.join(' or ')}.`,
    decimals:
      digits === 0
        ? `${currency} has no decimals. Enter a whole number, such as ${examples[0]}.`
        : `Too many decimals: ${currency} has ${digits}, as in ${examples[1]}.`,
    ambiguous:
      `In ${currency} a comma before three digits is ambiguous. ` +
      `Enter ${readings.join(' or ')}.`,
    'too-large': `The amount is too large. The most is ${most}.`,
    zero: `The amount must be more than zero, such as ${examples.join(' or ')}.`,
    currency: `ISO 4217 has no currency ${currency}.`,
  };
  return (language === 'ru' ? russian : english)[violation];
}

/** The unambiguous spellings of `1,000`: as thousands, where that is possible, and as decimals. */
function readingsOf(text: string): string[] {
  const [, whole = '', three = ''] = COMMA_AND_THREE.exec(text) ?? [];
  const asThousands = /^[1-9]\d{0,2}$/.test(whole) ? [whole + three] : [];
  return [...asThousands, `${whole}.${three}`];
}
